"""The control API's handlers for worlds: sessions, seeds and snapshots.

Each takes a `ControlRequest` and returns a status and a value for JSON (None for no body). Its name
is the operationId in control.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice
from typing import Any

from ...errors import NotFound, UsageError, to_single_line
from ...operations import flow_run_reply as flow_run_reply
from ...prefect import FlowRun, find_dialect
from ...seeds import Seeds
from ...store import Base, Store
from ...worlds import World, check_parents, iterate_dump, session_settings, settle_with
from ..exchange import SESSION_PREFIX, JsonDocument, JsonList, in_thread, when_prepared
from .control_request import ControlRequest, optional_text, require_text
from .slices import adding, in_slices, leaving

# Chosen, not measured: one request must not fill the memory.
MAX_RECORDS = 100_000
"""How many records one request may add."""
MAX_MADE_BYTES = 256 << 20
"""Bytes of the body times the number of flow runs to make of it: what listing them takes."""
_RELATED = ("flows", "deployments", "work_pools", "work_queues")
_MAX_LISTED_AT_ONCE = 100  # flow runs that are made; more are listed while they are sent


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


async def open_session(request: ControlRequest) -> tuple[int, Any]:
    """Open a session: a fork of the server's own world, or an empty world.

    The reply has a note if the dialect's release was not measured. Raises UsageError, SeedError,
    and Conflict for a name that is taken.
    """
    fields = request.body_fields("name", "dialect", "now", "empty", "seeds", "id_seed")
    origin = request.sessions.default_world
    id_seed = optional_text("id_seed", fields.get("id_seed"))
    settings = session_settings(origin.settings, id_seed)
    notes: list[str] = []
    if fields.get("dialect") is not None:
        dialect = find_dialect(require_text("dialect", fields["dialect"]), notes.append)
        settings = replace(settings, dialect=dialect)
    if fields.get("empty"):
        world = World(Store(Base(())), settings, origin.clock.copy())
    else:
        world = await when_prepared(lambda: origin.fork(settings))
    if fields.get("now") is not None:
        world.clock.stop(require_text("now", fields["now"]))
    if fields.get("seeds") is not None:
        await _load(fields["seeds"], world)
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


def _count_records(value: Any) -> int:
    """Return how many records a seed has. Raises UsageError for too many."""
    lists = value.values() if isinstance(value, dict) else (value,)
    number = sum(len(records) for records in lists if isinstance(records, list))
    if number > MAX_RECORDS:
        raise UsageError(f"the seed has {number:,} records; expected up to {MAX_RECORDS:,} at once")
    return number


async def _load(value: Any, world: World) -> Seeds:
    """Add the records of a seed to a world and return them. Raises UsageError, SeedError."""
    with adding(_count_records(value)):
        seeds = await in_slices(world.factory.read_document(value))
        await _add(seeds, world)
    return seeds


async def _add(seeds: Seeds, world: World) -> None:
    """Add all records of seeds to a world, or none. Raises SeedError."""
    # What takes long comes first. Then all is added at one go.
    if seeds.named:
        seeds = await in_thread(settle_with, seeds, await when_prepared(world.store.fork))
    base = await in_thread(_make_base, seeds)
    await when_prepared(lambda: world.store.existing_ids(seeds.flow_runs))
    world.load(seeds, base)


def _make_base(seeds: Seeds) -> Base:
    """The base of seeds, with what is otherwise made when it is first asked for."""
    base = seeds.base()
    for name in (*_RELATED, "ordinal_by_id"):
        getattr(base, name)
    return base


async def dump(request: ControlRequest) -> tuple[int, Any]:
    """Return what the world holds, as a seed. Changes while it is sent do not show in it."""
    store = await when_prepared(request.world.store.fork)
    return 200, JsonDocument(await in_thread(_begin, store))


def _begin(store: Store) -> Iterator[tuple[str, Any]]:
    """The records of a store, with all there that takes long to make: parts of large columns."""
    prepare_replies(store)
    records = iterate_dump(store)
    return chain(tuple(islice(records, 1)), records)


async def load(request: ControlRequest) -> tuple[int, Any]:
    """Add a seed to what the world holds. Raises UsageError, SeedError."""
    seeds = await _load(request.body, request.world)
    return 200, {"flow_runs": len(request.world.store), "added": len(seeds.flow_runs)}


async def replace_seeds(request: ControlRequest) -> tuple[int, Any]:
    """Replace what the world holds by a seed, which `reset` restores. Raises as `load` does."""
    # Read first: seeds with a problem leave the world as it was.
    world = request.world
    with adding(_count_records(request.body)):
        seeds = await in_slices(world.factory.read_document(request.body))
        base = await in_thread(_make_base, seeds)
        async with leaving(world.store):
            world.store = Store(base)
            world.begin_here()
    return 200, {"flow_runs": len(base.runs), "added": len(base.runs)}


async def make(request: ControlRequest) -> tuple[int, Any]:
    """Add flow runs from a few fields each; return them as a real server would.

    Raises UsageError, SeedError.
    """
    number = request.query_integer("number", 1, MAX_RECORDS)
    body = {} if request.body is None else request.body
    given = body if isinstance(body, list) else [body]
    if not all(isinstance(fields, dict) for fields in given):
        raise UsageError(
            "expected the fields of a flow run as an object, or a list of such objects"
        )
    # Refused before any is made.
    if len(given) * number > MAX_RECORDS:
        came = f"{len(given) * number:,} flow runs"
        raise UsageError(f"{came}; expected up to {MAX_RECORDS:,} at once")
    if request.body_size * number > MAX_MADE_BYTES:
        came = f"{number:,} times a body of {request.body_size:,} bytes"
        raise UsageError(f"{came}; expected up to {MAX_MADE_BYTES:,} bytes in all")
    world = request.world
    with adding(len(given) * number):
        seeds = await in_slices(world.factory.make_copies(given, number))
        await when_prepared(lambda: check_parents(seeds, world.store))
        await _add(seeds, world)
    # A fork: what others delete while the reply is sent was made all the same.
    store = await when_prepared(world.store.fork)
    await when_prepared(prepare_replies, store)
    made = _render_all(seeds.flow_runs, store, world.now())
    few = len(seeds.flow_runs) <= _MAX_LISTED_AT_ONCE
    return 201, list(made) if few else JsonList(made)


def prepare_replies(store: Store) -> None:
    """Look at all that a reply with a flow run may need, before flow runs are rendered one by one.

    Of a million runs, the work queues that they name take 0.6 s to find.
    """
    for name in _RELATED:
        getattr(store, name)
    store.get("")  # looks everywhere


def _render_all(flow_run_ids: Iterable[str], store: Store, now: datetime) -> Iterator[Any]:
    runs = map(store.get, flow_run_ids)
    return (flow_run_reply(run, store, now) for run in runs if run is not None)


def render_flow_run(run: FlowRun, world: World) -> Any:
    """Return a flow run as a real server would return it."""
    return flow_run_reply(run, world.store, world.now())


async def reset(request: ControlRequest) -> tuple[int, Any]:
    """Restore the state that the world started with."""
    async with leaving(request.world.store):
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
