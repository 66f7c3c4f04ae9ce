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
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    MATCH_ALL,
    NONE_OF,
    ONE_OF,
    AnyOf,
    Comparison,
    ConditionCompiler,
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    Operator,
    Predicate,
    TaskRunFilter,
    WorkPoolFilter,
    WorkQueueFilter,
    combine,
    combine_criteria,
    compile_criteria,
    compile_prefix,
    compile_with,
    like_condition,
    null_check,
    one_of,
    skip_if_empty,
    time_bound,
)
from ..prefect import Dialect
from ..store import Store

Conditions = Mapping[str, Mapping[str, ConditionCompiler]]


@dataclass(frozen=True, slots=True)
class FilterSet:
    """The filters of a body; None is one that was not given."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


def filter_set_from(body: Any) -> FilterSet:
    """The filters of a body, whichever of them it can have. Other keys of it mean nothing."""
    named = {"work_pool_queues": "work_queues"}
    kinds = {key: named.get(key, key) for key in type(body).model_fields}
    return FilterSet(
        **{
            kind: getattr(body, key)
            for key, kind in kinds.items()
            if kind in FilterSet.__dataclass_fields__
        }
    )


def flow_runs_predicate(wanted: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """Which flow runs satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.flow_runs is not None:
        parts.append(_compile_kind("flow_runs", wanted.flow_runs, store, dialect))
    if wanted.deployments is not None:
        parts.append(
            _refers_to_any(
                "deployment_id", _matching_records("deployments", wanted, store, dialect)
            )
        )
    if wanted.work_pools is not None or wanted.work_queues is not None:
        queues = _matching_queue_ids(wanted, store, dialect)
        parts.append(Comparison("work_queue_id", ONE_OF, queues))
    if wanted.flows is not None:
        parts.append(_refers_to_any("flow_id", _matching_records("flows", wanted, store, dialect)))
    if wanted.task_runs is not None:
        task_runs = _matching_records("task_runs", wanted, store, dialect)
        owners = frozenset(one.flow_run_id for one in task_runs if one.flow_run_id is not None)
        parts.append(Comparison("id", ONE_OF, owners))
    return combine(Operator.and_, parts)


def flows_predicate(wanted: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """Which flows satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.flows is not None:
        parts.append(_compile_kind("flows", wanted.flows, store, dialect))
    if wanted.deployments is not None or wanted.work_pools is not None:
        deployments = _matching_records("deployments", wanted, store, dialect)
        if wanted.work_pools is not None:
            queues = _matching_queue_ids(FilterSet(work_pools=wanted.work_pools), store, dialect)
            deployments = [one for one in deployments if one.work_queue_id in queues]
        parts.append(Comparison("id", ONE_OF, frozenset(one.flow_id for one in deployments)))
    parts.extend(_by_runs(wanted, store, dialect, "flow_id"))
    return combine(Operator.and_, parts)


def task_runs_predicate(wanted: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """Which task runs satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.task_runs is not None:
        parts.append(_compile_kind("task_runs", wanted.task_runs, store, dialect))
    if wanted.flow_runs or wanted.flows or wanted.deployments:
        of_runs = FilterSet(wanted.flows, wanted.flow_runs, None, wanted.deployments)
        runs = store.select(flow_runs_predicate(of_runs, store, dialect))
        parts.append(_refers_to_any("flow_run_id", runs))
    return combine(Operator.and_, parts)


def deployments_predicate(wanted: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """Which deployments satisfy all of the filters."""
    parts: list[Predicate] = []
    if wanted.deployments is not None:
        parts.append(_compile_kind("deployments", wanted.deployments, store, dialect))
    if wanted.flows is not None:
        parts.append(_refers_to_any("flow_id", _matching_records("flows", wanted, store, dialect)))
    if wanted.work_pools is not None or wanted.work_queues is not None:
        queues = _matching_queue_ids(wanted, store, dialect)
        parts.append(Comparison("work_queue_id", ONE_OF, queues))
    parts.extend(_by_runs(wanted, store, dialect, "deployment_id"))
    return combine(Operator.and_, parts)


def _by_runs(wanted: FilterSet, store: Store, dialect: Dialect, column: str) -> Iterable[Predicate]:
    """By what the flow runs (and their task runs) that satisfy the filters refer to."""
    if wanted.flow_runs is not None or wanted.task_runs is not None:
        of_runs = FilterSet(flow_runs=wanted.flow_runs, task_runs=wanted.task_runs)
        runs = store.select(flow_runs_predicate(of_runs, store, dialect))
        yield Comparison("id", ONE_OF, frozenset(getattr(run, column) for run in runs))


def _matching_records(kind: str, wanted: FilterSet, store: Store, dialect: Dialect) -> list[Any]:
    """The records that satisfy the filter on their kind, if there is one."""
    own = getattr(wanted, kind)
    predicate = MATCH_ALL if own is None else _compile_kind(kind, own, store, dialect)
    return list(filter(predicate, getattr(store, kind)))


def _matching_queue_ids(wanted: FilterSet, store: Store, dialect: Dialect) -> frozenset[str]:
    """Ids of the queues that satisfy their filter, in pools that satisfy theirs."""
    queues = _matching_records("work_queues", wanted, store, dialect)
    if wanted.work_pools is not None:
        pools = {pool.id for pool in _matching_records("work_pools", wanted, store, dialect)}
        queues = [queue for queue in queues if queue.work_pool_id in pools]
    return frozenset(queue.id for queue in queues)


def _refers_to_any(column: str, records: Iterable[Any]) -> Comparison:
    return Comparison(column, ONE_OF, frozenset(record.id for record in records))


def compile_criteria_of(
    kind: str, wanted: Any, store: Store, dialect: Dialect
) -> Mapping[str, Predicate]:
    """The criteria of one of the filters that a body wants, each as a predicate of its own."""
    return _CRITERIA_COMPILERS[kind](wanted, store, dialect)


def _compile_kind(kind: str, wanted: Any, store: Store, dialect: Dialect) -> Predicate:
    return combine_criteria(wanted, compile_criteria_of(kind, wanted, store, dialect))


# Each filter on the records it is about


_NAME_CONDITIONS: Mapping[str, ConditionCompiler] = {
    "any_": one_of("name"),
    "like_": like_condition("name"),
}
_TAG_CONDITIONS: Mapping[str, ConditionCompiler] = {
    "all_": skip_if_empty("tags", HAS_ALL),
    "any_": one_of("tags", HAS_ANY),
    "is_null_": null_check("tags", IS_EMPTY, IS_NOT_EMPTY),
}
_ID_CONDITIONS: Mapping[str, ConditionCompiler] = {
    "any_": one_of("id"),
    "not_any_": skip_if_empty("id", NONE_OF),
}


def _flow_criteria(wanted: FlowFilter, store: Store, dialect: Dialect) -> dict[str, Predicate]:
    def deployed(is_null: bool, _dialect: Dialect) -> Comparison:
        with_one = frozenset(deployment.flow_id for deployment in store.deployments)
        return Comparison("id", NONE_OF if is_null else ONE_OF, with_one)

    conditions: Conditions = {
        "id": _ID_CONDITIONS,
        "deployment": {"is_null_": deployed},
        "name": _NAME_CONDITIONS,
        "tags": _TAG_CONDITIONS,
    }
    return compile_with(conditions, wanted, dialect)


def _deployment_criteria(
    wanted: DeploymentFilter, store: Store, dialect: Dialect
) -> dict[str, Predicate]:
    def either_name(text: str, dialect: Dialect) -> Predicate | None:
        named = like_condition("name")(text, dialect)
        if named is None:
            return None
        return AnyOf((named, _refers_to_any("flow_id", filter(named, store.flows))))

    conditions: Conditions = {
        "id": _ID_CONDITIONS,
        "name": _NAME_CONDITIONS,
        "flow_or_deployment_name": {"like_": either_name},
        "paused": {
            "eq_": lambda paused, _dialect: Comparison("paused", ONE_OF, frozenset((paused,)))
        },
        "tags": _TAG_CONDITIONS,
        "work_queue_name": {"any_": one_of("work_queue_name")},
    }
    # A real server takes the deprecated criterion and does not look at it, not even under or_.
    return compile_with(conditions, wanted.model_copy(update={"concurrency_limit": None}), dialect)


def _task_run_criteria(
    wanted: TaskRunFilter, store: Store, dialect: Dialect
) -> dict[str, Predicate]:
    def stands_for_subflow(exists: bool, _dialect: Dialect) -> Comparison:
        parents = frozenset(store.parent_task_run_ids())
        return Comparison("id", ONE_OF if exists else NONE_OF, parents)

    conditions: Conditions = {
        "id": _ID_CONDITIONS,
        "name": _NAME_CONDITIONS,
        "tags": _TAG_CONDITIONS,
        "state.type": CONDITIONS["state.type"],
        "state.name": CONDITIONS["state.name"],
        # Other than of a flow run, `before_` and `after_` look at the start time alone.
        "start_time": _TIME_CONDITIONS["start_time"],
        "end_time": _TIME_CONDITIONS["end_time"],
        "expected_start_time": _TIME_CONDITIONS["expected_start_time"],
        "subflow_runs": {"exists_": stands_for_subflow},
    }
    compiled = compile_with(conditions, wanted.model_copy(update={"flow_run_id": None}), dialect)
    if wanted.flow_run_id is not None:
        compiled["flow_run_id"] = _flow_run_id_predicate(wanted.flow_run_id)
    return compiled


def _flow_run_id_predicate(criterion: Any) -> Predicate:
    """`is_null_` true outdoes the list; by default it is false, and asks for any flow run."""
    if criterion.is_null_:
        return Comparison("flow_run_id", IS_NULL)
    if criterion.any_ is not None:
        return Comparison("flow_run_id", ONE_OF, frozenset(criterion.any_))
    return MATCH_ALL if criterion.is_null_ is None else Comparison("flow_run_id", IS_NOT_NULL)


_TIME_CONDITIONS: Conditions = {
    column: {
        "before_": time_bound(column, AT_OR_BEFORE),
        "after_": time_bound(column, AT_OR_AFTER),
        "is_null_": null_check(column),
    }
    for column in ("start_time", "end_time", "expected_start_time")
}


def _work_queue_criteria(
    wanted: WorkQueueFilter, _: Store, dialect: Dialect
) -> dict[str, Predicate]:
    """With nothing to start with, and no other condition, there is no criterion on the name.

    An empty one is satisfied by every queue; this one is not there, and an `or_` passes over it.
    """
    name = wanted.name
    if name is not None and name.any_ is None and name.startswith_ == []:
        wanted = wanted.model_copy(update={"name": None})
    return compile_with(_WORK_QUEUE_CONDITIONS, wanted, dialect)


def _starts_with(texts: list[str], dialect: Dialect) -> Predicate | None:
    tests = tuple(Comparison("name", LIKE, compile_prefix(text, dialect)) for text in texts)
    return AnyOf(tests) if tests else None


_WORK_QUEUE_CONDITIONS: Conditions = {
    "id": _ID_CONDITIONS,
    "name": {"any_": one_of("name"), "startswith_": _starts_with},
}
_WORK_POOL_CONDITIONS: Conditions = {
    "id": _ID_CONDITIONS,
    "name": _NAME_CONDITIONS,
    "type": {"any_": one_of("type")},
}


_CRITERIA_COMPILERS: Mapping[str, Callable[[Any, Store, Dialect], dict[str, Predicate]]] = {
    "flows": _flow_criteria,
    "flow_runs": lambda wanted, _store, dialect: compile_criteria(wanted, dialect),
    "task_runs": _task_run_criteria,
    "deployments": _deployment_criteria,
    "work_pools": lambda wanted, _store, dialect: compile_with(
        _WORK_POOL_CONDITIONS, wanted, dialect
    ),
    "work_queues": _work_queue_criteria,
}
