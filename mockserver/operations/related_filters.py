"""Filters on several kinds of records in one body, combined into one predicate.

A filter on flows is evaluated on the flows of the store; flow runs must then belong to one of the
flows found. All filters must hold: a real server joins EXISTS subqueries by AND. Keys that flow
runs have too mean what `filters.predicates` says; the other keys are defined here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import TooLarge
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
    """The filters of a body, by the kind of record that they select; None is no filter."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


def filter_set_from(body: Any) -> FilterSet:
    """The filters of a body model. Its fields that are no filters are ignored."""
    # Only histories and the UI's counts say work_queues; others say work_pool_queues.
    renamed = {"work_pool_queues": "work_queues"}
    kinds = {key: renamed.get(key, key) for key in type(body).model_fields}
    return FilterSet(
        **{
            kind: getattr(body, key)
            for key, kind in kinds.items()
            if kind in FilterSet.__dataclass_fields__
        }
    )


def flow_runs_predicate(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """The condition on flow runs that all filters together make."""
    parts: list[Predicate] = []
    if filters.flow_runs is not None:
        parts.append(_compile_kind("flow_runs", filters.flow_runs, store, dialect))
    # Even an empty filter demands that the record exists: an EXISTS over its table (Prefect:
    # models/flow_runs.py, _apply_flow_run_filters).
    if filters.deployments is not None:
        parts.append(
            _refers_to_any(
                "deployment_id", _matching_records("deployments", filters, store, dialect)
            )
        )
    # A pool is reached through the run's queue: a run without a queue is in no pool.
    if filters.work_pools is not None or filters.work_queues is not None:
        queues = _matching_queue_ids(filters, store, dialect)
        parts.append(Comparison("work_queue_id", ONE_OF, queues))
    if filters.flows is not None:
        parts.append(_refers_to_any("flow_id", _matching_records("flows", filters, store, dialect)))
    if filters.task_runs is not None:
        owned = _compile_kind("task_runs", filters.task_runs, store, dialect)
        parts.append(Comparison("id", ONE_OF, store.owner_ids(owned)))
    return combine(Operator.and_, parts)


def flows_predicate(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """The condition on flows that all filters together make."""
    parts: list[Predicate] = []
    if filters.flows is not None:
        parts.append(_compile_kind("flows", filters.flows, store, dialect))
    # Pools reach flows through the queues of deployments (Prefect: models/flows.py,
    # _apply_flow_filters).
    if filters.deployments is not None or filters.work_pools is not None:
        deployments = _matching_records("deployments", filters, store, dialect)
        if filters.work_pools is not None:
            queues = _matching_queue_ids(FilterSet(work_pools=filters.work_pools), store, dialect)
            deployments = [each for each in deployments if each.work_queue_id in queues]
        parts.append(Comparison("id", ONE_OF, frozenset(each.flow_id for each in deployments)))
    parts.extend(_referenced_by_runs(filters, store, dialect, "flow_id"))
    return combine(Operator.and_, parts)


def task_runs_predicate(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """The condition on task runs that all filters together make."""
    parts: list[Predicate] = []
    if filters.task_runs is not None:
        parts.append(_compile_kind("task_runs", filters.task_runs, store, dialect))
    # All of them are about the flow run of the task run: one without a flow run matches none
    # (Prefect: models/task_runs.py, _apply_task_run_filters).
    run_filters = replace(filters, task_runs=None)
    if run_filters != FilterSet():
        owners = store.ids_with_task_runs(flow_runs_predicate(run_filters, store, dialect))
        parts.append(Comparison("flow_run_id", ONE_OF, owners))
    return combine(Operator.and_, parts)


def deployments_predicate(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    """The condition on deployments that all filters together make."""
    parts: list[Predicate] = []
    if filters.deployments is not None:
        parts.append(_compile_kind("deployments", filters.deployments, store, dialect))
    if filters.flows is not None:
        parts.append(_refers_to_any("flow_id", _matching_records("flows", filters, store, dialect)))
    if filters.work_pools is not None or filters.work_queues is not None:
        queues = _matching_queue_ids(filters, store, dialect)
        parts.append(Comparison("work_queue_id", ONE_OF, queues))
    parts.extend(_referenced_by_runs(filters, store, dialect, "deployment_id"))
    return combine(Operator.and_, parts)


def _referenced_by_runs(
    filters: FilterSet, store: Store, dialect: Dialect, column: str
) -> Iterable[Predicate]:
    """The condition that `column` of some matching flow run names the record.

    Both filters on flow runs and on task runs select flow runs. Nothing where there is neither.
    """
    if filters.flow_runs is not None or filters.task_runs is not None:
        # One run must match both: a single EXISTS joins them (Prefect: models/deployments.py,
        # _apply_deployment_filters).
        run_filters = FilterSet(flow_runs=filters.flow_runs, task_runs=filters.task_runs)
        runs = flow_runs_predicate(run_filters, store, dialect)
        yield Comparison("id", ONE_OF, store.values_of(runs, column))


def _matching_records(kind: str, filters: FilterSet, store: Store, dialect: Dialect) -> list[Any]:
    """The records of a kind that match its filter; all of them where it has none."""
    kind_filter = getattr(filters, kind)
    predicate = (
        MATCH_ALL if kind_filter is None else _compile_kind(kind, kind_filter, store, dialect)
    )
    return list(filter(predicate, getattr(store, kind)))


def _matching_queue_ids(filters: FilterSet, store: Store, dialect: Dialect) -> frozenset[str]:
    """The ids of the work queues that match their filter and whose pool matches its filter."""
    queues = _matching_records("work_queues", filters, store, dialect)
    if filters.work_pools is not None:
        pools = {pool.id for pool in _matching_records("work_pools", filters, store, dialect)}
        queues = [queue for queue in queues if queue.work_pool_id in pools]
    return frozenset(queue.id for queue in queues)


def _refers_to_any(column: str, records: Iterable[Any]) -> Comparison:
    return Comparison(column, ONE_OF, frozenset(record.id for record in records))


def compile_criteria_of(
    kind: str, kind_filter: Any, store: Store, dialect: Dialect
) -> Mapping[str, Predicate]:
    """The criteria of a filter by name, each as a predicate; `kind` is a field of FilterSet."""
    return _CRITERIA_COMPILERS[kind](kind_filter, store, dialect)


def _compile_kind(kind: str, kind_filter: Any, store: Store, dialect: Dialect) -> Predicate:
    return combine_criteria(kind_filter, compile_criteria_of(kind, kind_filter, store, dialect))


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


def _flow_criteria(flow_filter: FlowFilter, store: Store, dialect: Dialect) -> dict[str, Predicate]:
    def has_deployment(is_null: bool, _dialect: Dialect) -> Comparison:
        deployed = frozenset(deployment.flow_id for deployment in store.deployments)
        return Comparison("id", NONE_OF if is_null else ONE_OF, deployed)

    conditions: Conditions = {
        "id": _ID_CONDITIONS,
        "deployment": {"is_null_": has_deployment},
        "name": _NAME_CONDITIONS,
        "tags": _TAG_CONDITIONS,
    }
    return compile_with(conditions, flow_filter, dialect)


def _deployment_criteria(
    deployment_filter: DeploymentFilter, store: Store, dialect: Dialect
) -> dict[str, Predicate]:
    def either_name(text: str, dialect: Dialect) -> Predicate | None:
        has_name = like_condition("name")(text, dialect)
        if has_name is None:
            return None
        return AnyOf((has_name, _refers_to_any("flow_id", filter(has_name, store.flows))))

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
    # A real server accepts the deprecated criterion and ignores it, even under or_.
    without_deprecated = deployment_filter.model_copy(update={"concurrency_limit": None})
    return compile_with(conditions, without_deprecated, dialect)


def _task_run_criteria(
    task_run_filter: TaskRunFilter, store: Store, dialect: Dialect
) -> dict[str, Predicate]:
    def stands_for_subflow(exists: bool, _dialect: Dialect) -> Comparison:
        return Comparison("id", ONE_OF if exists else NONE_OF, store.parent_task_run_ids())

    conditions: Conditions = {
        "id": _ID_CONDITIONS,
        "name": _NAME_CONDITIONS,
        "tags": _TAG_CONDITIONS,
        "state.type": CONDITIONS["state.type"],
        "state.name": CONDITIONS["state.name"],
        # Unlike those of a flow run (M7), these bounds never look at the expected start time.
        "start_time": _TIME_CONDITIONS["start_time"],
        "end_time": _TIME_CONDITIONS["end_time"],
        "expected_start_time": _TIME_CONDITIONS["expected_start_time"],
        "subflow_runs": {"exists_": stands_for_subflow},
    }
    # Apart from the table, as is_null_ decides whether the list counts and is false by default
    # (Prefect: schemas/filters.py, TaskRunFilterFlowRunId).
    others = task_run_filter.model_copy(update={"flow_run_id": None})
    criteria = compile_with(conditions, others, dialect)
    if task_run_filter.flow_run_id is not None:
        criteria["flow_run_id"] = _flow_run_id_predicate(task_run_filter.flow_run_id)
    return criteria


def _flow_run_id_predicate(criterion: Any) -> Predicate:
    """`is_null_` true overrides the list; false, the default, alone means "has a flow run"."""
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
    queue_filter: WorkQueueFilter, _: Store, dialect: Dialect
) -> dict[str, Predicate]:
    """The criteria of a work queue's filter.

    A `name` whose only condition is an empty `startswith_` counts as absent. Other criteria
    without a condition match every queue (M3); under `or_` that makes the difference. Found by
    random requests to real servers.
    """
    name = queue_filter.name
    # Prefect joins the prefixes by or_() (WorkQueueFilterName), and SQLAlchemy leaves an empty one
    # out; a criterion without a condition is true() instead.
    if name is not None and name.any_ is None and name.startswith_ == []:
        queue_filter = queue_filter.model_copy(update={"name": None})
    return compile_with(_WORK_QUEUE_CONDITIONS, queue_filter, dialect)


MAX_PREFIXES = 1_000
"""Of one `startswith_`. A real server has no bound of its own."""


def _starts_with(texts: list[str], dialect: Dialect) -> Predicate | None:
    if len(texts) > MAX_PREFIXES:
        raise TooLarge(
            f"startswith_ has {len(texts):,} texts; mockserver compares at most {MAX_PREFIXES:,}"
        )
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
    "flow_runs": lambda run_filter, _store, dialect: compile_criteria(run_filter, dialect),
    "task_runs": _task_run_criteria,
    "deployments": _deployment_criteria,
    "work_pools": lambda pool_filter, _store, dialect: compile_with(
        _WORK_POOL_CONDITIONS, pool_filter, dialect
    ),
    "work_queues": _work_queue_criteria,
}
