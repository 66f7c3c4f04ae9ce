"""The numbers of an explanation. Invariant: each is what a slow count over all runs gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockserver.filters import AT_OR_AFTER, AT_OR_BEFORE, Comparison, Predicate
from mockserver.insight.explanation import Explanation, explain
from mockserver.insight.explanation.conditions import Effect
from mockserver.insight.explanation.tables import Table
from mockserver.operations import bulk_delete
from mockserver.prefect import DIALECTS, RELEASES, SPEC, Dialect, FlowRun, dialect_for
from mockserver.prefect.records import Deployment, Flow
from mockserver.requests import BulkDeleteRequest
from mockserver.store import Base, Store
from tests.support.strategies import IDS, START, bases, filters

DIALECT = dialect_for("sqlite", "3.8.8")
NAMED = Base(
    (),
    flows=[Flow(IDS[0], "etl"), Flow(IDS[1], "load")],
    deployments=[Deployment(IDS[2], "prod", IDS[0])],
)


def runs_of(store: Store) -> list[FlowRun]:
    return list(store)


def explained(base: Base, filter_: Any, dialect: Dialect = DIALECT, **more: Any) -> Explanation:
    return explain(Store(base), {"flow_runs": filter_, "limit": 3}, dialect, START, **more)


def compiled(filter_: Any, dialect: Dialect = DIALECT) -> Predicate:
    from mockserver.operations import plan_bulk_delete

    request = BulkDeleteRequest.model_validate_json(json.dumps({"flow_runs": filter_}))
    return plan_bulk_delete(request, dialect).predicate


# What each table is about, said once more and slowly.
def state_of(run: FlowRun) -> Iterator[str]:
    if run.state is None:
        yield "no state"
    elif run.state.name.upper() == run.state.type.value:
        yield run.state.name
    else:
        yield f"{run.state.name} ({run.state.type.value})"


def creator_of(run: FlowRun) -> Iterator[str]:
    one = run.created_by
    words = [word for word in (one.type, one.display_value or one.id) if word] if one else []
    yield " ".join(words) or ("nobody" if one is None else "somebody")


def age_of(run: FlowRun) -> Iterator[str]:
    moment = run.end_time or run.start_time or run.expected_start_time
    days = None if moment is None else (START - moment) / timedelta(days=1)
    if days is None:
        yield "no time"
    elif days <= 0:
        yield "in the future"
    else:
        yield "under 1 day"


SLOWLY: dict[str, Callable[[FlowRun], Iterator[str]]] = {
    "state": state_of,
    "flow": lambda run: iter([run.flow_id]),
    "deployment": lambda run: iter([run.deployment_id or "no deployment"]),
    "work queue": lambda run: iter(
        ["no work queue" if run.work_queue_name is None else run.work_queue_name]
    ),
    "tag": lambda run: iter(set(run.tags) or {"no tags"}),
    "creator": creator_of,
    "age": age_of,
}


def counted(runs: list[FlowRun], values_of: Callable[[FlowRun], Iterator[str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for run in runs:
        for value in values_of(run):
            counts[value] = counts.get(value, 0) + 1
    return counts


def shown(table: Table, title: str) -> dict[str, tuple[int, int]]:
    """The rows of a table by what a slow count names them."""
    by_id = title in ("flow", "deployment")
    found: dict[str, tuple[int, int]] = {}
    for row in table.rows:
        name = row.value if by_id and row.value else row.name
        before = found.get(name, (0, 0))
        # Creators of different ids may have the same words.
        found[name] = (before[0] + row.selected, before[1] + (row.total or 0))
    return found


@given(bases(), filters)
def test_tables_are_those_of_a_slow_count(base: Base, filter_: Any) -> None:
    """By state, flow, deployment, work queue, tag, creator and age; none of them says nothing."""
    found = explained(base, filter_)
    everything, predicate = runs_of(Store(base)), compiled(filter_)
    selected = [run for run in everything if predicate(run)]
    assert (found.matching, found.total) == (len(selected), len(everything))
    tables = {table.title: table for table in found.tables}
    for title, values_of in SLOWLY.items():
        some, total = counted(selected, values_of), counted(everything, values_of)
        expected = {value: (times, total[value]) for value, times in some.items()}
        if title in tables:
            assert {
                value: pair[0] for value, pair in shown(tables[title], title).items()
            } == some, title
            if title != "creator":
                assert shown(tables[title], title) == expected, title
        else:
            assert not some or len(total) == 1, title


@given(bases(), filters)
def test_conditions_keep_out_what_the_rest_selects(base: Base, filter_: Any) -> None:
    """Of filters whose conditions are all joined by and: what fails that condition alone."""
    found = explained(base, filter_)
    predicate = compiled(filter_)
    leaves = list(flat(predicate))
    if leaves is None or any(one.effect is Effect.LETS_IN for one in found.conditions):
        return
    everything = runs_of(Store(base))
    for condition in found.conditions:
        (test,) = {leaf for leaf in leaves if str(leaf) == condition.sentence}
        others = [leaf for leaf in leaves if leaf != test]
        alone = [run for run in everything if not test(run) and all(other(run) for other in others)]
        assert condition.alone == len(alone)
        misses = [miss for miss in found.near_misses if miss.sentence == condition.sentence]
        assert len(misses) == min(len(alone), 5)
        assert {miss.run.id for miss in misses} <= {run.id for run in alone}
        if test.relation in (AT_OR_BEFORE, AT_OR_AFTER):
            times = (getattr(run, test.column) for run in alone)
            distances = sorted(abs(time - test.operand) for time in times if time is not None)
            nearest = [miss.distance for miss in misses if miss.distance is not None]
            assert nearest == distances[:5]


def flat(predicate: Predicate) -> Iterator[Comparison]:
    """The comparisons of a predicate."""
    if isinstance(predicate, Comparison):
        yield predicate
    else:
        for part in predicate.parts:
            yield from flat(part)


@given(bases(), filters)
def test_near_misses_are_nearest_first(base: Base, filter_: Any) -> None:
    """Of a bound of time, no run that it alone spares is nearer than those that are kept."""
    found = explained(base, filter_)
    predicate = compiled(filter_)
    distances = [miss.distance for miss in found.near_misses if miss.distance is not None]
    assert distances == sorted(distances)
    assert not any(predicate(miss.run) for miss in found.near_misses)
    for miss in found.near_misses:
        (verdict,) = explained(base, filter_, runs=[miss.run.id]).runs
        assert not verdict.verdict.holds


@given(bases(), filters)
def test_what_is_deleted_is_what_a_drain_deletes(base: Base, filter_: Any) -> None:
    """Sent until nothing is left: runs, calls, task runs; whatever that does to subflows."""
    found = explained(base, filter_)
    request = BulkDeleteRequest.model_validate_json(json.dumps({"flow_runs": filter_, "limit": 3}))
    store, calls = Store(base), 0
    while bulk_delete(store, request, DIALECT).deleted:
        calls += 1
    assert (found.staying, found.calls) == (len(store), calls)
    if found.drain is None:
        before = Store(base)
        assert found.cascade.task_runs == len(before.task_runs) - len(store.task_runs)
        orphaned = [
            run
            for run in store
            if run.parent_task_run_id != before.get(run.id).parent_task_run_id  # type: ignore[union-attr]
        ]
        assert found.cascade.orphans.count == len(orphaned)
    if found.matching:
        first = bulk_delete(Store(base), request, DIALECT).deleted
        assert tuple(run.id for run in found.first[:3]) == first


@given(bases(), filters, filters)
def test_protected_runs_that_go_are_told(base: Base, filter_: Any, protect: Any) -> None:
    """All of them, and no others."""
    found = explained(base, filter_, protect=[protect])
    store = Store(base)
    protected = {run.id for run in store if compiled(protect)(run)}
    request = BulkDeleteRequest.model_validate_json(json.dumps({"flow_runs": filter_}))
    request = request.model_copy(update={"limit": 3})
    while bulk_delete(store, request, DIALECT).deleted:
        pass
    gone = {one for one in protected if store.get(one) is None}
    (protection,) = found.protections
    assert protection.matching == len(protected)
    assert {run.id for run in protection.going.first} == gone
    assert found.protected_going == protection.going.count == len(gone)
    assert found.found_problem == bool(gone)


SOME_DIALECTS = [SPEC, *(dialect_for(one, release) for one in ("sqlite", "postgresql")
                         for release in (RELEASES[0], "3.8.8", RELEASES[-1]))]  # fmt: skip


@given(bases(), filters, st.sampled_from(SOME_DIALECTS))
def test_other_servers_are_those_that_select_other_runs(
    base: Base, filter_: Any, dialect: Dialect
) -> None:
    """Each dialect that selects other runs is named, with how many; no other is."""
    found = explained(base, filter_, dialect)
    everything = runs_of(Store(base))
    told = {one.name: other for other in found.other_servers or () for one in other.dialects}
    mine = [run for run in everything if compiled(filter_, dialect)(run)]
    for other in SOME_DIALECTS:
        theirs = [run for run in everything if compiled(filter_, other)(run)]
        if other.name in told and "\0" not in json.dumps(filter_):
            assert told[other.name].count == len(theirs) or told[other.name].meaning
            continue
        assert theirs == mine


def test_every_dialect_is_asked() -> None:
    """Also those that no property test draws."""
    both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
    run = FlowRun(id=IDS[0], name="a")
    found = explained(Base([run]), both, DIALECTS["prefect-sqlite"])
    sqlite, postgresql = found.other_servers or ()
    assert sqlite.where == "Prefect 3.6.16 to 3.9.0 on SQLite"
    assert postgresql.where == "Prefect 3.6.16 to 3.9.0 on PostgreSQL"
    assert (sqlite.count, sqlite.causes) == (1, ("state-both-lists",))
    assert len(sqlite.dialects) == len(RELEASES) - 1
