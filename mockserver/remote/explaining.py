"""Explaining a filter on a server: with read-only requests, and few of them.

Of a server with few flow runs all are read, and the explanation is as complete as that of a copy.
Of a larger one only those that the filter selects are read, up to a bound; the server counts what
needs the others, and what is left out is said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..errors import UsageError, to_single_line
from ..filters import without_value
from ..insight.explanation import Condition, Effect, Explanation, FilterArgument, Table, explain
from ..prefect import POSTGRESQL, SPEC, SQLITE, Dialect, dialect_for
from ..requests import BulkDeleteRequest
from ..seeds import read_seeds
from ..store import Base, Store
from .client import ReadClient, RefusedError, RemoteError
from .kinds import DEPLOYMENTS, FLOW_RUNS, FLOWS, PAGE, TASK_RUNS, Kind, Record, kept_fields

MAX_RUNS = 10_000
"""How many flow runs are read, unless it is said otherwise: 50 pages."""
_PROBES = 3
# PostgreSQL cannot store NUL and answers 503 (deviation `nul-in-text`); SQLite finds nothing.
_NUL_NAME = {"flow_runs": {"name": {"any_": ["\0"]}}}


@dataclass(frozen=True, slots=True)
class ServerExplanation:
    """An explanation of a filter on a server. `notes` say what is left out, and what changed."""

    explanation: Explanation
    notes: tuple[str, ...]


async def find_server_dialect(client: ReadClient, impatient: ReadClient) -> Dialect:
    """The dialect of a server's release and database.

    `impatient` is a client of the same server that sends no request again. Raises UsageError if the
    server does not tell its release, or has no bulk_delete; RemoteError if it does not answer.
    """
    release = await client.version()
    if release is None:
        raise UsageError(
            f"{client.url} does not tell its release; name it by --dialect, such as prefect-sqlite"
        )
    try:
        # Real servers read "1" as 1 (deviation `lax-coercion`); the document allows no text there.
        await client.page(FLOW_RUNS.path, {"limit": "1"})
    except RefusedError as refusal:
        if refusal.status == 422:
            return SPEC
        raise
    return dialect_for(await _database(impatient), release)


async def _database(impatient: ReadClient) -> str:
    # SQLite answers 503, too, now and then: when it is locked.
    for _ in range(_PROBES):
        try:
            await impatient.count(FLOW_RUNS.collection, _NUL_NAME)
        except RemoteError:
            continue
        return SQLITE
    return POSTGRESQL


async def explain_server(
    client: ReadClient,
    argument: FilterArgument,
    dialect: Dialect,
    now: datetime,
    *,
    protect: Sequence[FilterArgument] = (),
    runs: Sequence[str] = (),
    most: int = MAX_RUNS,
) -> ServerExplanation:
    """What a bulk_delete would delete on a server. At most `most` flow runs are read.

    Raises UsageError as `explain` does, and if protected runs would have to be looked for among
    more than `most`; RemoteError if the server does not answer.
    """
    # A filter that is refused is told before the server is asked for anything.
    request = explain(Store(Base(())), argument, dialect, now, protect=protect).request
    given = _filter_of(request)
    body = {"flow_runs": given} if given else {}
    total = await client.count(FLOW_RUNS.collection, {})
    selected = await client.count(FLOW_RUNS.collection, body)
    is_whole = total <= most
    if protect and not is_whole and selected > most:
        raise UsageError(
            f"{selected:,} flow runs match, and protected ones would be looked for among "
            f"{most:,} alone; give a larger --most, or copy the server with 'mockserver dump'"
        )
    store = await _read_store(client, {} if is_whole else body, runs, most, now)
    found = explain(store, argument, dialect, now, protect=protect, runs=runs)
    task_runs = await client.count(TASK_RUNS.collection, body)
    found = replace(found, cascade=replace(found.cascade, task_runs=task_runs))
    if is_whole:
        return ServerExplanation(found, tuple(_changes(found, total, selected)))
    conditions = [one async for one in _count_conditions(client, given, selected)]
    found = replace(
        found,
        total=total,
        matching=selected,
        drain=None,
        tables=tuple(map(without_totals, found.tables)),
        conditions=tuple(conditions),
        near_misses=(),
        other_servers=None,
    )
    return ServerExplanation(found, tuple(_left_out(found, most)))


def _filter_of(request: BulkDeleteRequest) -> dict[str, Any]:
    """The filter of a request, without nulls; empty if it has none."""
    if request.flow_runs is None:
        return {}
    return request.flow_runs.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _changes(found: Explanation, total: int, selected: int) -> Iterator[str]:
    if (found.total, found.matching) != (total, selected):
        yield (
            f"the server lives, or reads the filter otherwise: it counted {selected:,} of "
            f"{total:,} flow runs, and {found.matching:,} of {found.total:,} were read"
        )


def _left_out(found: Explanation, most: int) -> Iterator[str]:
    yield (
        f"the server has {found.total:,} flow runs, more than the {most:,} that are read (--most): "
        "near misses, other servers and subflows that stay are left out; 'mockserver dump' copies "
        "it, and --runs takes the copy"
    )
    if found.matching > most:
        yield f"the tables are about the first {most:,} that match"


def without_totals(table: Table) -> Table:
    return replace(table, rows=tuple(replace(row, total=None) for row in table.rows))


# --- reading ------------------------------------------------------------------------------------


async def _read_store(
    client: ReadClient, body: Mapping[str, Any], wanted: Sequence[str], most: int, now: datetime
) -> Store:
    """A store with the first runs of a server that a body selects, and what they name."""
    runs = {run["id"]: run for run in await first_records(client, FLOW_RUNS, body, most)}
    for key in ("id", "name"):
        texts = [text for text in wanted if (key == "name") or _looks_like_id(text)]
        if texts:
            given = {"flow_runs": {key: {"any_": texts}}, "limit": PAGE}
            runs.update((run["id"], run) for run in await client.page(FLOW_RUNS.path, given))
    records = {
        FLOW_RUNS: runs.values(),
        TASK_RUNS: await named_records(client, TASK_RUNS, runs.values(), "parent_task_run_id"),
        FLOWS: await named_records(client, FLOWS, runs.values(), "flow_id"),
        DEPLOYMENTS: await named_records(client, DEPLOYMENTS, runs.values(), "deployment_id"),
    }
    return store_of(records, client.url, now)


def store_of(records: Mapping[Kind, Iterable[Record]], name: str, now: datetime) -> Store:
    """A store with records as the server of this name lists them."""
    document = {
        kind.collection: [kept_fields(kind.collection, record) for record in listed]
        for kind, listed in records.items()
    }
    return Store(read_seeds(document, now, name=name, references=False).base())


def _looks_like_id(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


async def first_records(
    client: ReadClient, kind: Kind, body: Mapping[str, Any], most: int
) -> list[Record]:
    """The first records of a kind that a body selects, page by page: runs with the highest ids."""
    found: list[Record] = []
    while len(found) < most:
        limit = min(PAGE, most - len(found))
        page = {**body, "sort": kind.sort, "limit": limit, "offset": len(found)}
        records = await client.page(kind.path, page)
        found += records
        if len(records) < limit:
            break
    return found


async def named_records(
    client: ReadClient, kind: Kind, runs: Iterable[Record], key: str
) -> list[Record]:
    """The records of a kind that others, such as runs, name by a key."""
    ids = sorted({run[key] for run in runs if run.get(key)})
    found: list[Record] = []
    for start in range(0, len(ids), PAGE):
        given = {kind.filter_key: {"id": {"any_": ids[start : start + PAGE]}}, "limit": PAGE}
        found += await client.page(kind.path, given)
    return found


# --- conditions ---------------------------------------------------------------------------------


async def _count_conditions(
    client: ReadClient, given: Mapping[str, Any], selected: int
) -> AsyncIterator[Condition]:
    """What each key of a filter decides: the server counts the runs that match without it."""
    for path in _keys(given):
        rest = without_value(given, path)
        count = await client.count(FLOW_RUNS.collection, {"flow_runs": rest} if rest else {})
        value = to_single_line(str(_value_at(given, path)), 60)
        key = ".".join(path)
        effect = Effect.KEEPS_OUT if count >= selected else Effect.LETS_IN
        yield Condition(key, f"{key} is {value}", effect, abs(count - selected))


def _keys(given: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each key that holds a value and no object, without the operators."""
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from _keys(value, (*path, key))
        elif key != "operator":
            yield (*path, key)


def _value_at(given: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = given
    for key in path:
        value = value[key]
    return value
