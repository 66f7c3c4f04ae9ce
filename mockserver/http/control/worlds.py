"""The control API's verbs about worlds: sessions, seeds, snapshots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import NotFound, UsageError, to_single_line
from ...operations import flow_run_reply as flow_run_reply
from ...prefect import DIALECTS, FlowRun
from ...seeds import Seeds
from ...store import Base, Store
from ...worlds import World, check_parents, dump_store, fields_of_nth, session_settings
from ..exchange import SESSION_PREFIX
from .requests import ControlRequest, require_text

MAX_MADE = 100_000


def list_sessions(order: ControlRequest) -> tuple[int, Any]:
    """The sessions, the one that was used last at the end."""
    return 200, [_session_reply(order, name, world) for name, world in order.sessions]


def _session_reply(order: ControlRequest, name: str, world: World) -> dict[str, Any]:
    root = f"{order.request.scheme}://{order.request.host}{SESSION_PREFIX}{name}"
    journal = world.journal
    return {
        "name": name,
        "url": f"{root}/api",
        "control_url": f"{root}/_mock",
        "dialect": world.settings.dialect.name,
        "flow_runs": len(world.store),
        "requests": 0 if journal is None else len(journal) + journal.dropped,
    }


def open_session(order: ControlRequest) -> tuple[int, Any]:
    """Give out a world. Raises UsageError, SeedError, Conflict."""
    fields = order.fields("name", "dialect", "now", "empty", "seeds")
    origin = order.sessions.origin
    settings = session_settings(origin.settings)
    dialect = fields.get("dialect")
    if dialect is not None:
        if require_text("dialect", dialect) not in DIALECTS:
            named = ", ".join(DIALECTS)
            raise UsageError(f"no dialect {dialect!r}; expected one of {named}")
        settings = replace(settings, dialect=DIALECTS[dialect])
    if fields.get("empty"):
        world = World(Store(Base(())), settings, origin.clock.copy())
    else:
        world = origin.fork(settings)
    if fields.get("now") is not None:
        world.clock.stop(require_text("now", fields["now"]))
    if fields.get("seeds") is not None:
        world.load(_seeds(fields["seeds"], world))
    world.begin_here()
    name = fields.get("name")
    opened = order.sessions.open(world, None if name is None else require_text("name", name))
    return 201, _session_reply(order, opened, world)


def read_session(order: ControlRequest) -> tuple[int, Any]:
    """One session, which is used by that. Raises NotThere."""
    name = order.names["name"]
    world = order.sessions.get(name)
    if world is None:
        raise _no_session(name)
    return 200, _session_reply(order, name, world)


def drop_session(order: ControlRequest) -> tuple[int, Any]:
    """End a session. Raises NotThere."""
    if not order.sessions.drop(order.names["name"]):
        raise _no_session(order.names["name"])
    return 204, None


def _no_session(name: str) -> NotFound:
    return NotFound(f"no session {to_single_line(name)!r}")


def _seeds(value: Any, world: World) -> Seeds:
    return world.factory.document(value)


def dump(order: ControlRequest) -> tuple[int, Any]:
    """What the world holds, as a seed."""
    return 200, dump_store(order.world.store)


def load(order: ControlRequest) -> tuple[int, Any]:
    """Add a seed to what it holds. Raises SeedError."""
    before = len(order.world.store)
    order.world.load(_seeds(order.body, order.world))
    return 200, {"flow_runs": len(order.world.store), "added": len(order.world.store) - before}


def replace_seeds(order: ControlRequest) -> tuple[int, Any]:
    """Hold a seed and nothing else; `reset` goes back to it. Raises SeedError."""
    base = _seeds(order.body, order.world).base()
    order.world.store = Store(base)
    order.world.begin_here()
    return 200, {"flow_runs": len(base.runs), "added": len(base.runs)}


def make(order: ControlRequest) -> tuple[int, Any]:
    """Add flow runs from a few words. Raises UsageError, SeedError."""
    number = order.number("number", 1, MAX_MADE)
    given = (
        order.body if isinstance(order.body, list) else [{} if order.body is None else order.body]
    )
    if not all(isinstance(fields, dict) for fields in given):
        raise UsageError("expected the fields of a flow run as an object, or a list of such")
    if len(given) * number > MAX_MADE:
        raise UsageError(f"{len(given) * number:,} flow runs; expected up to {MAX_MADE:,} at once")
    world = order.world
    wanted = [fields_of_nth(fields, n) for fields in given for n in range(number)]
    seeds = world.factory.seeds(wanted)
    check_parents(seeds, world.store)
    world.load(seeds)
    made = (world.store.get(flow_run_id) for flow_run_id in seeds.flow_runs)
    return 201, [render_flow_run(run, world) for run in made if run is not None]


def render_flow_run(run: FlowRun, world: World) -> Any:
    """A flow run as a real server tells it."""
    return flow_run_reply(run, world.store, world.now())


def reset(order: ControlRequest) -> tuple[int, Any]:
    """Back to how the world began."""
    order.world.reset()
    return 200, {"flow_runs": len(order.world.store)}


def list_snapshots(order: ControlRequest) -> tuple[int, Any]:
    """The snapshots, with how many flow runs each holds."""
    snapshots = order.world.snapshots
    return 200, [{"name": name, "flow_runs": len(store)} for name, store in snapshots.items()]


def snapshot(order: ControlRequest) -> tuple[int, Any]:
    """Keep what the world holds. Raises UsageError."""
    order.world.snapshot(order.names["name"])
    return 200, {"name": order.names["name"], "flow_runs": len(order.world.store)}


def restore(order: ControlRequest) -> tuple[int, Any]:
    """Hold again what a snapshot holds. Raises NotThere."""
    order.world.restore(order.names["name"])
    return 200, {"flow_runs": len(order.world.store)}


def drop_snapshot(order: ControlRequest) -> tuple[int, Any]:
    """Forget a snapshot. Raises NotThere."""
    order.world.drop_snapshot(order.names["name"])
    return 204, None
