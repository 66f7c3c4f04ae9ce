"""What several filters in one body mean together: conditions on other records become predicates.

A filter on flows, say, is evaluated on the flows, and narrows flow runs to those of the flows
found. All given filters must hold (a real server joins EXISTS subqueries by and). The keys mean
what `predicates` says of those that flow runs have too; what only these filters have is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..filters import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    CONDITIONS,
    EVERY,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    NONE_OF,
    ONE_OF,
    AnyOf,
    Condition,
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    Operator,
    Predicate,
    TaskRunFilter,
    Test,
    WorkPoolFilter,
    WorkQueueFilter,
    any_of,
    compile_by,
    compile_criteria,
    compile_prefix,
    instant_of,
    join,
    join_criteria,
    like,
    nullness,
    unless_empty,
)
from ..prefect import Dialect
from ..store import Store

Conditions = Mapping[str, Mapping[str, Condition]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a body; None is one that was not given."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


def wanted_of(body: Any) -> Wanted:
    """The filters of a body, whichever of them it can have. Other keys of it mean nothing."""
    named = {"work_pool_queues": "work_queues"}
    kinds = {key: named.get(key, key) for key in type(body).model_fields}
    return Wanted(
        **{
            kind: getattr(body, key)
            for key, kind in kinds.items()
            if kind in Wanted.__dataclass_fields__
        }
    )


def of_flow_runs(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which flow runs satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.flow_runs is not None:
        parts.append(_predicate("flow_runs", wanted.flow_runs, store, dialect))
    if wanted.deployments is not None:
        parts.append(_one_of("deployment_id", _found("deployments", wanted, store, dialect)))
    if wanted.work_pools is not None or wanted.work_queues is not None:
        queues = _work_queues(wanted, store, dialect)
        parts.append(Test("work_queue_id", ONE_OF, queues))
    if wanted.flows is not None:
        parts.append(_one_of("flow_id", _found("flows", wanted, store, dialect)))
    if wanted.task_runs is not None:
        task_runs = _found("task_runs", wanted, store, dialect)
        owners = frozenset(one.flow_run_id for one in task_runs if one.flow_run_id is not None)
        parts.append(Test("id", ONE_OF, owners))
    return join(Operator.and_, parts)


def of_flows(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which flows satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.flows is not None:
        parts.append(_predicate("flows", wanted.flows, store, dialect))
    if wanted.deployments is not None or wanted.work_pools is not None:
        deployments = _found("deployments", wanted, store, dialect)
        if wanted.work_pools is not None:
            queues = _work_queues(Wanted(work_pools=wanted.work_pools), store, dialect)
            deployments = [one for one in deployments if one.work_queue_id in queues]
        parts.append(Test("id", ONE_OF, frozenset(one.flow_id for one in deployments)))
    parts.extend(_by_runs(wanted, store, dialect, "flow_id"))
    return join(Operator.and_, parts)


def of_task_runs(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which task runs satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.task_runs is not None:
        parts.append(_predicate("task_runs", wanted.task_runs, store, dialect))
    if wanted.flow_runs or wanted.flows or wanted.deployments:
        of_runs = Wanted(wanted.flows, wanted.flow_runs, None, wanted.deployments)
        runs = store.select(of_flow_runs(of_runs, store, dialect))
        parts.append(_one_of("flow_run_id", runs))
    return join(Operator.and_, parts)


def of_deployments(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which deployments satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.deployments is not None:
        parts.append(_predicate("deployments", wanted.deployments, store, dialect))
    if wanted.flows is not None:
        parts.append(_one_of("flow_id", _found("flows", wanted, store, dialect)))
    if wanted.work_pools is not None or wanted.work_queues is not None:
        queues = _work_queues(wanted, store, dialect)
        parts.append(Test("work_queue_id", ONE_OF, queues))
    parts.extend(_by_runs(wanted, store, dialect, "deployment_id"))
    return join(Operator.and_, parts)


def _by_runs(wanted: Wanted, store: Store, dialect: Dialect, column: str) -> Iterable[Predicate]:
    """By what the flow runs (and their task runs) that satisfy the filters refer to."""
    if wanted.flow_runs is not None or wanted.task_runs is not None:
        of_runs = Wanted(flow_runs=wanted.flow_runs, task_runs=wanted.task_runs)
        runs = store.select(of_flow_runs(of_runs, store, dialect))
        yield Test("id", ONE_OF, frozenset(getattr(run, column) for run in runs))


def _found(kind: str, wanted: Wanted, store: Store, dialect: Dialect) -> list[Any]:
    """The records that satisfy the filter on their kind, if there is one."""
    own = getattr(wanted, kind)
    predicate = EVERY if own is None else _predicate(kind, own, store, dialect)
    return list(filter(predicate, getattr(store, kind)))


def _work_queues(wanted: Wanted, store: Store, dialect: Dialect) -> frozenset[str]:
    """Ids of the queues that satisfy their filter, in pools that satisfy theirs."""
    queues = _found("work_queues", wanted, store, dialect)
    if wanted.work_pools is not None:
        pools = {pool.id for pool in _found("work_pools", wanted, store, dialect)}
        queues = [queue for queue in queues if queue.work_pool_id in pools]
    return frozenset(queue.id for queue in queues)


def _one_of(column: str, records: Iterable[Any]) -> Test:
    return Test(column, ONE_OF, frozenset(record.id for record in records))


def criteria_of(kind: str, wanted: Any, store: Store, dialect: Dialect) -> Mapping[str, Predicate]:
    """The criteria of one of the filters that a body wants, each as a predicate of its own."""
    return _CRITERIA[kind](wanted, store, dialect)


def _predicate(kind: str, wanted: Any, store: Store, dialect: Dialect) -> Predicate:
    return join_criteria(wanted, criteria_of(kind, wanted, store, dialect))


# Each filter on the records it is about


_NAME: Mapping[str, Condition] = {"any_": any_of("name"), "like_": like("name")}
_TAGS: Mapping[str, Condition] = {
    "all_": unless_empty("tags", HAS_ALL),
    "any_": any_of("tags", HAS_ANY),
    "is_null_": nullness("tags", IS_EMPTY, IS_NOT_EMPTY),
}
_ID: Mapping[str, Condition] = {"any_": any_of("id"), "not_any_": unless_empty("id", NONE_OF)}


def _of_flow(wanted: FlowFilter, store: Store, dialect: Dialect) -> dict[str, Predicate]:
    def deployed(is_null: bool, _dialect: Dialect) -> Test:
        with_one = frozenset(deployment.flow_id for deployment in store.deployments)
        return Test("id", NONE_OF if is_null else ONE_OF, with_one)

    conditions: Conditions = {
        "id": _ID,
        "deployment": {"is_null_": deployed},
        "name": _NAME,
        "tags": _TAGS,
    }
    return compile_by(conditions, wanted, dialect)


def _of_deployment(
    wanted: DeploymentFilter, store: Store, dialect: Dialect
) -> dict[str, Predicate]:
    def either_name(text: str, dialect: Dialect) -> Predicate | None:
        named = like("name")(text, dialect)
        if named is None:
            return None
        return AnyOf((named, _one_of("flow_id", filter(named, store.flows))))

    conditions: Conditions = {
        "id": _ID,
        "name": _NAME,
        "flow_or_deployment_name": {"like_": either_name},
        "paused": {"eq_": lambda paused, _dialect: Test("paused", ONE_OF, frozenset((paused,)))},
        "tags": _TAGS,
        "work_queue_name": {"any_": any_of("work_queue_name")},
    }
    # A real server takes the deprecated criterion and does not look at it, not even under or_.
    return compile_by(conditions, wanted.model_copy(update={"concurrency_limit": None}), dialect)


def _of_task_run(wanted: TaskRunFilter, store: Store, dialect: Dialect) -> dict[str, Predicate]:
    def stands_for_subflow(exists: bool, _dialect: Dialect) -> Test:
        parents = frozenset(store.parent_task_run_ids())
        return Test("id", ONE_OF if exists else NONE_OF, parents)

    conditions: Conditions = {
        "id": _ID,
        "name": _NAME,
        "tags": _TAGS,
        "state.type": CONDITIONS["state.type"],
        "state.name": CONDITIONS["state.name"],
        # Other than of a flow run, `before_` and `after_` look at the start time alone.
        "start_time": _TIMES["start_time"],
        "end_time": _TIMES["end_time"],
        "expected_start_time": _TIMES["expected_start_time"],
        "subflow_runs": {"exists_": stands_for_subflow},
    }
    compiled = compile_by(conditions, wanted.model_copy(update={"flow_run_id": None}), dialect)
    if wanted.flow_run_id is not None:
        compiled["flow_run_id"] = _of_flow_run(wanted.flow_run_id)
    return compiled


def _of_flow_run(criterion: Any) -> Predicate:
    """`is_null_` true outdoes the list; by default it is false, and asks for any flow run."""
    if criterion.is_null_:
        return Test("flow_run_id", IS_NULL)
    if criterion.any_ is not None:
        return Test("flow_run_id", ONE_OF, frozenset(criterion.any_))
    return EVERY if criterion.is_null_ is None else Test("flow_run_id", IS_NOT_NULL)


_TIMES: Conditions = {
    column: {
        "before_": instant_of(column, AT_OR_BEFORE),
        "after_": instant_of(column, AT_OR_AFTER),
        "is_null_": nullness(column),
    }
    for column in ("start_time", "end_time", "expected_start_time")
}


def _of_work_queue(wanted: WorkQueueFilter, _: Store, dialect: Dialect) -> dict[str, Predicate]:
    """With nothing to start with, and no other condition, there is no criterion on the name.

    An empty one is satisfied by every queue; this one is not there, and an `or_` passes over it.
    """
    name = wanted.name
    if name is not None and name.any_ is None and name.startswith_ == []:
        wanted = wanted.model_copy(update={"name": None})
    return compile_by(_QUEUES, wanted, dialect)


def _starts_with(texts: list[str], dialect: Dialect) -> Predicate | None:
    tests = tuple(Test("name", LIKE, compile_prefix(text, dialect)) for text in texts)
    return AnyOf(tests) if tests else None


_QUEUES: Conditions = {
    "id": _ID,
    "name": {"any_": any_of("name"), "startswith_": _starts_with},
}
_POOLS: Conditions = {"id": _ID, "name": _NAME, "type": {"any_": any_of("type")}}


_CRITERIA: Mapping[str, Callable[[Any, Store, Dialect], dict[str, Predicate]]] = {
    "flows": _of_flow,
    "flow_runs": lambda wanted, _store, dialect: compile_criteria(wanted, dialect),
    "task_runs": _of_task_run,
    "deployments": _of_deployment,
    "work_pools": lambda wanted, _store, dialect: compile_by(_POOLS, wanted, dialect),
    "work_queues": _of_work_queue,
}
