"""Explaining a filter on flows or deployments on a server: with read-only requests.

Of a server with few records all are read, and the explanation is as complete as that of a copy. Of
a larger one only what the filter selects is read, and what goes with it; what is left out is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..errors import UsageError
from ..insight.related_explanation import RelatedExplanation, explain_related, read_related
from ..operations.related_deletes import runs_going
from ..prefect import Dialect
from .client import ReadClient
from .explaining import MAX_RUNS, first_records, named_records, store_of, without_totals
from .kinds import DEPLOYMENTS, FLOW_RUNS, FLOWS, KINDS, PAGE, TASK_RUNS, Kind, Record


@dataclass(frozen=True, slots=True)
class RelatedServerExplanation:
    """An explanation of a filter on a server. `notes` say what is left out, and what changed.

    `run_count` is how many flow runs the server has.
    """

    explanation: RelatedExplanation
    run_count: int
    notes: tuple[str, ...]


async def explain_related_server(
    client: ReadClient,
    request: str | bytes | Mapping[str, Any],
    kind: str,
    dialect: Dialect,
    now: datetime,
    *,
    protect: Sequence[str | bytes | Mapping[str, Any]] = (),
    most: int = MAX_RUNS,
) -> RelatedServerExplanation:
    """What a bulk delete of `flows` or `deployments` would delete on a server.

    At most `most` records of each kind are read. Raises UsageError as `explain_related` does, and
    if protected records would have to be looked for among more than `most`; RemoteError if the
    server does not answer.
    """

    asked = read_related(request, kind, dialect, now, "the filter")  # first, as it may be refused
    given = json.loads(asked.body).get(kind) or {}
    body = {kind: given} if given else {}
    counts = {one: await client.count(one.collection, {}) for one in _COUNTED}
    is_whole = max(counts.values()) <= most
    if protect and not is_whole:
        raise UsageError(
            f"protected records would be looked for among more than the {most:,} that are read; "
            "give a larger --most, or copy the server with 'mockserver dump'"
        )
    total, selected = counts[KINDS[kind]], await client.count(kind, body)
    records = await _read(client, kind, None if is_whole else body, most)
    store = store_of(records, client.url, now)
    found = explain_related(store, request, kind, dialect, now, protect=protect)
    going = runs_going(kind, [one.id for one in asked.plan.matching(store)])
    task_runs = await _count_task_runs(client, list(store.select_ids(going)))
    found = replace(found, cascade=replace(found.cascade, task_runs=task_runs))
    if is_whole:
        notes = tuple(_changes(found, total, selected))
        return RelatedServerExplanation(found, counts[FLOW_RUNS], notes)
    notes = tuple(_left_out(found, selected, len(store), most))
    # Of deployments, only runs that wait go, which no filter tells from those that have run before.
    runs = await client.count(FLOW_RUNS.collection, body) if kind == "flows" else found.flow_runs
    found = replace(
        found,
        total=total,
        matching=selected,
        flow_runs=runs,
        tables=tuple(map(without_totals, found.tables)),
        run_tables=tuple(map(without_totals, found.run_tables)),
        criteria=(),
    )
    return RelatedServerExplanation(found, counts[FLOW_RUNS], notes)


_COUNTED = (FLOW_RUNS, FLOWS, DEPLOYMENTS)


async def _read(
    client: ReadClient, kind: str, body: Mapping[str, Any] | None, most: int
) -> Mapping[Kind, Iterable[Record]]:
    """The flows, deployments and flow runs of a server, and the task runs that subflows name.

    With a `body`: those that it selects, their flow runs, and the other records that these name.
    """
    # As a filter beside others, an empty one leaves out what belongs to no such record.
    related = {} if body is None else body or {kind: {}}
    records = {one: await first_records(client, one, related, most) for one in _COUNTED}
    runs = records[FLOW_RUNS]
    records[TASK_RUNS] = await named_records(client, TASK_RUNS, runs, "parent_task_run_id")
    return records


async def _count_task_runs(client: ReadClient, run_ids: Sequence[str]) -> int:
    """How many task runs belong to flow runs."""
    counted = 0
    for start in range(0, len(run_ids), PAGE):
        ids = run_ids[start : start + PAGE]
        body = {"flow_runs": {"id": {"any_": ids}}}
        counted += await client.count(TASK_RUNS.collection, body)
    return counted


def _changes(found: RelatedExplanation, total: int, selected: int) -> Iterator[str]:
    if (found.total, found.matching) != (total, selected):
        yield (
            f"the server lives, or reads the filter otherwise: it counted {selected:,} of "
            f"{total:,} {found.kind}, and {found.matching:,} of {found.total:,} were read"
        )


def _left_out(found: RelatedExplanation, selected: int, run_count: int, most: int) -> Iterator[str]:
    yield (
        f"the server has more records than the {most:,} of a kind that are read (--most): what the "
        "criteria keep out, subflows that stay and limits that others share are left out; "
        "'mockserver dump' copies it, and --runs takes the copy"
    )
    if selected > most or run_count >= most:
        yield f"what goes with the selected {found.kind} is told of the first {most:,} of a kind"
