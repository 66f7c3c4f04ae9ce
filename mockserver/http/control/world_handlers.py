"""The control API's handlers for worlds: sessions, seeds and snapshots.

Each takes a `ControlRequest` and returns a status and a value for JSON (None for no body). Its name
is the operationId in control.yaml.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import NotFound, UsageError, to_single_line
from ...operations import flow_run_reply as flow_run_reply
from ...prefect import FlowRun, find_dialect
from ...seeds import Seeds
from ...store import Base, Store
from ...worlds import World, check_parents, dump_store, fields_of_nth, session_settings
from ..exchange import SESSION_PREFIX
from .control_request import ControlRequest, require_text

# Chosen, not measured: one request must not fill the memory.
MAX_MADE = 100_000
"""How many flow runs one request may make."""


def list_sessions(request: ControlRequest) -> tuple[int, Any]:
    """Return all sessions, the last used one last."""
    return 200, [_session_reply(request, name, world) for name, world in request.sessions]


def _session_reply(request: ControlRequest, name: str, world: World) -> dict[str, Any]:
    # The address by which the client reached the server: that of the Host header.
    root = f"{request.http_request.scheme}://{request.http_request.host}{SESSION_PREFIX}{name}"
    journal = world.journal
    return {
        "name": name,
        "url": f"{root}/api",
        "control_url": f"{root}/_mock",
        "dialect": world.settings.dialect.name,
        "flow_runs": len(world.store),
        "requests": 0 if journal is None else len(journal) + journal.dropped,
    }


def open_session(request: ControlRequest) -> tuple[int, Any]:
    """Open a session: a fork of the server's own world, or an empty world.

    The reply has a note if the dialect's release was not measured. Raises UsageError, SeedError,
    and Conflict for a name that is taken.
    """
    fields = request.body_fields("name", "dialect", "now", "empty", "seeds")
    origin = request.sessions.default_world
    settings = session_settings(origin.settings)
    notes: list[str] = []
    if fields.get("dialect") is not None:
        dialect = find_dialect(require_text("dialect", fields["dialect"]), notes.append)
        settings = replace(settings, dialect=dialect)
    if fields.get("empty"):
        world = World(Store(Base(())), settings, origin.clock.copy())
    else:
        world = origin.fork(settings)
    if fields.get("now") is not None:
        world.clock.stop(require_text("now", fields["now"]))
    if fields.get("seeds") is not None:
        world.load(_seeds(fields["seeds"], world))
    world.begin_here()
    # Opened last: a field that is wrong leaves no session behind.
    name = fields.get("name")
    opened = request.sessions.open(world, None if name is None else require_text("name", name))
    told = {"note": notes[0]} if notes else {}
    return 201, {**_session_reply(request, opened, world), **told}


def read_session(request: ControlRequest) -> tuple[int, Any]:
    """Return one session; this counts as a use of it. Raises NotFound."""
    name = request.path_parameters["name"]
    world = request.sessions.get(name)
    if world is None:
        raise _no_session(name)
    return 200, _session_reply(request, name, world)


def drop_session(request: ControlRequest) -> tuple[int, Any]:
    """Drop a session. Raises NotFound."""
    if not request.sessions.drop(request.path_parameters["name"]):
        raise _no_session(request.path_parameters["name"])
    return 204, None


def _no_session(name: str) -> NotFound:
    return NotFound(f"no session {to_single_line(name)!r}")


def _seeds(value: Any, world: World) -> Seeds:
    return world.factory.seeds_from_document(value)


def dump(request: ControlRequest) -> tuple[int, Any]:
    """Return what the world holds, as a seed."""
    return 200, dump_store(request.world.store)


def load(request: ControlRequest) -> tuple[int, Any]:
    """Add a seed to what the world holds. Raises SeedError."""
    before = len(request.world.store)
    request.world.load(_seeds(request.body, request.world))
    return 200, {"flow_runs": len(request.world.store), "added": len(request.world.store) - before}


def replace_seeds(request: ControlRequest) -> tuple[int, Any]:
    """Replace what the world holds by a seed, which `reset` restores. Raises SeedError."""
    # Read first: seeds with a problem leave the world as it was.
    base = _seeds(request.body, request.world).base()
    request.world.store = Store(base)
    request.world.begin_here()
    return 200, {"flow_runs": len(base.runs), "added": len(base.runs)}


def make(request: ControlRequest) -> tuple[int, Any]:
    """Add flow runs from a few fields each; return them as a real server would.

    Raises UsageError, SeedError.
    """
    number = request.query_integer("number", 1, MAX_MADE)
    body = {} if request.body is None else request.body
    given = body if isinstance(body, list) else [body]
    if not all(isinstance(fields, dict) for fields in given):
        raise UsageError(
            "expected the fields of a flow run as an object, or a list of such objects"
        )
    # Refused before `fields_of_nth` makes them all.
    if len(given) * number > MAX_MADE:
        raise UsageError(f"{len(given) * number:,} flow runs; expected up to {MAX_MADE:,} at once")
    world = request.world
    run_fields = [fields_of_nth(fields, n) for fields in given for n in range(number)]
    seeds = world.factory.seeds_from(run_fields)
    check_parents(seeds, world.store)
    world.load(seeds)
    made = (world.store.get(flow_run_id) for flow_run_id in seeds.flow_runs)
    return 201, [render_flow_run(run, world) for run in made if run is not None]


def render_flow_run(run: FlowRun, world: World) -> Any:
    """Return a flow run as a real server would return it."""
    return flow_run_reply(run, world.store, world.now())


def reset(request: ControlRequest) -> tuple[int, Any]:
    """Restore the state that the world started with."""
    request.world.reset()
    return 200, {"flow_runs": len(request.world.store)}


def list_snapshots(request: ControlRequest) -> tuple[int, Any]:
    """Return the names of the snapshots, with the number of flow runs in each."""
    snapshots = request.world.snapshots
    return 200, [{"name": name, "flow_runs": len(store)} for name, store in snapshots.items()]


def snapshot(request: ControlRequest) -> tuple[int, Any]:
    """Save what the world holds under a name. Raises UsageError."""
    request.world.snapshot(request.path_parameters["name"])
    return 200, {"name": request.path_parameters["name"], "flow_runs": len(request.world.store)}


def restore(request: ControlRequest) -> tuple[int, Any]:
    """Restore what a snapshot holds. Raises NotFound."""
    request.world.restore(request.path_parameters["name"])
    return 200, {"flow_runs": len(request.world.store)}


def drop_snapshot(request: ControlRequest) -> tuple[int, Any]:
    """Remove a snapshot. Raises NotFound."""
    request.world.drop_snapshot(request.path_parameters["name"])
    return 204, None
