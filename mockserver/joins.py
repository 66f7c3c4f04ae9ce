"""What several filters in one body mean together: conditions on other records become predicates.

A filter on flows, say, is evaluated on the flows, and narrows flow runs to those of the flows
found. All given filters must hold (a real server joins EXISTS subqueries by and). The keys mean
what `predicates` says of those that flow runs have too; what only these filters have is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .dialects import Dialect
from .filters import FlowRunFilter, Operator, OperatorFilter
from .like import compile_prefix
from .predicates import (
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
    Predicate,
    Test,
    any_of,
    compile_by,
    compile_filter,
    instant_of,
    join,
    join_criteria,
    like,
    nullness,
    unless_empty,
)
from .runs import Deployment
from .side_filters import (
    DeploymentFilter,
    FlowFilter,
    TaskRunFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from .store import Store

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
    """The filters of a body, whichever of them it can have."""
    given = {name: getattr(body, name, None) for name in Wanted.__dataclass_fields__}
    given["work_queues"] = given["work_queues"] or getattr(body, "work_pool_queues", None)
    return Wanted(**given)


def of_flow_runs(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which flow runs satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.flow_runs is not None:
        parts.append(compile_filter(wanted.flow_runs, dialect))
    if wanted.deployments is not None:
        parts.append(_one_of("deployment_id", _deployments(wanted.deployments, store, dialect)))
    if wanted.work_pools is not None or wanted.work_queues is not None:
        queues = _work_queues(wanted.work_pools, wanted.work_queues, store, dialect)
        parts.append(Test("work_queue_id", ONE_OF, frozenset(queues)))
    if wanted.flows is not None:
        parts.append(_one_of("flow_id", filter(_flows(wanted.flows, store, dialect), store.flows)))
    if wanted.task_runs is not None:
        task_runs = filter(_task_runs(wanted.task_runs, store, dialect), store.task_runs)
        owners = frozenset(one.flow_run_id for one in task_runs if one.flow_run_id is not None)
        parts.append(Test("id", ONE_OF, owners))
    return join(Operator.and_, parts)


def of_flows(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which flows satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.flows is not None:
        parts.append(_flows(wanted.flows, store, dialect))
    if wanted.deployments is not None or wanted.work_pools is not None:
        deployments = _deployments(wanted.deployments, store, dialect)
        if wanted.work_pools is not None:
            queues = _work_queues(wanted.work_pools, None, store, dialect)
            deployments = [one for one in deployments if one.work_queue_id in queues]
        parts.append(Test("id", ONE_OF, frozenset(one.flow_id for one in deployments)))
    parts.extend(_by_runs(wanted, store, dialect, "flow_id"))
    return join(Operator.and_, parts)


def of_task_runs(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which task runs satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.task_runs is not None:
        parts.append(_task_runs(wanted.task_runs, store, dialect))
    if wanted.flow_runs or wanted.flows or wanted.deployments:
        of_runs = Wanted(wanted.flows, wanted.flow_runs, None, wanted.deployments)
        runs = store.select(of_flow_runs(of_runs, store, dialect))
        parts.append(_one_of("flow_run_id", runs))
    return join(Operator.and_, parts)


def of_deployments(wanted: Wanted, store: Store, dialect: Dialect) -> Predicate:
    """Which deployments satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.deployments is not None:
        parts.append(_deployment(wanted.deployments, store, dialect))
    if wanted.flows is not None:
        parts.append(_one_of("flow_id", filter(_flows(wanted.flows, store, dialect), store.flows)))
    if wanted.work_pools is not None or wanted.work_queues is not None:
        queues = _work_queues(wanted.work_pools, wanted.work_queues, store, dialect)
        parts.append(Test("work_queue_id", ONE_OF, frozenset(queues)))
    parts.extend(_by_runs(wanted, store, dialect, "deployment_id"))
    return join(Operator.and_, parts)


def _by_runs(wanted: Wanted, store: Store, dialect: Dialect, column: str) -> Iterable[Predicate]:
    """By what the flow runs (and their task runs) that satisfy the filters refer to."""
    if wanted.flow_runs is not None or wanted.task_runs is not None:
        of_runs = Wanted(flow_runs=wanted.flow_runs, task_runs=wanted.task_runs)
        runs = store.select(of_flow_runs(of_runs, store, dialect))
        yield Test("id", ONE_OF, frozenset(getattr(run, column) for run in runs))


def _one_of(column: str, records: Iterable[Any]) -> Test:
    return Test(column, ONE_OF, frozenset(record.id for record in records))


# Each filter on the records it is about


_NAME: Mapping[str, Condition] = {"any_": any_of("name"), "like_": like("name")}
_TAGS: Mapping[str, Condition] = {
    "all_": unless_empty("tags", HAS_ALL),
    "any_": any_of("tags", HAS_ANY),
    "is_null_": nullness("tags", IS_EMPTY, IS_NOT_EMPTY),
}
_ID: Mapping[str, Condition] = {"any_": any_of("id"), "not_any_": unless_empty("id", NONE_OF)}


def _flows(wanted: FlowFilter, store: Store, dialect: Dialect) -> Predicate:
    def deployed(is_null: bool, _dialect: Dialect) -> Test:
        with_one = frozenset(deployment.flow_id for deployment in store.deployments)
        return Test("id", NONE_OF if is_null else ONE_OF, with_one)

    conditions: Conditions = {
        "id": _ID,
        "deployment": {"is_null_": deployed},
        "name": _NAME,
        "tags": _TAGS,
    }
    return _compile(conditions, wanted, dialect)


def _deployments(
    wanted: DeploymentFilter | None, store: Store, dialect: Dialect
) -> list[Deployment]:
    predicate = EVERY if wanted is None else _deployment(wanted, store, dialect)
    return list(filter(predicate, store.deployments))


def _deployment(wanted: DeploymentFilter, store: Store, dialect: Dialect) -> Predicate:
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
    return _compile(conditions, wanted.model_copy(update={"concurrency_limit": None}), dialect)


def _task_runs(wanted: TaskRunFilter, store: Store, dialect: Dialect) -> Predicate:
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
    return join_criteria(wanted, compiled)


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


def _work_queues(
    pools: WorkPoolFilter | None, queues: WorkQueueFilter | None, store: Store, dialect: Dialect
) -> set[str]:
    """Ids of the queues that satisfy the one filter, in pools that satisfy the other."""
    found = store.work_queues
    wanted = EVERY if queues is None else _compile(_QUEUES, queues, dialect)
    if pools is None:
        return {queue.id for queue in found if wanted(queue)}
    of_pool = _compile(_POOLS, pools, dialect)
    in_pools = {pool.id for pool in store.work_pools if of_pool(pool)}
    return {queue.id for queue in found if queue.work_pool_id in in_pools and wanted(queue)}


def _starts_with(texts: list[str], dialect: Dialect) -> Predicate | None:
    tests = tuple(Test("name", LIKE, compile_prefix(text, dialect)) for text in texts)
    return AnyOf(tests) if tests else None


_QUEUES: Conditions = {
    "id": _ID,
    "name": {"any_": any_of("name"), "startswith_": _starts_with},
}
_POOLS: Conditions = {"id": _ID, "name": _NAME, "type": {"any_": any_of("type")}}


def _compile(conditions: Conditions, wanted: OperatorFilter, dialect: Dialect) -> Predicate:
    return join_criteria(wanted, compile_by(conditions, wanted, dialect))
