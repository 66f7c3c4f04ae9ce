"""The verbs that read and list: one record by its id or name, or those that filters match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from heapq import nlargest, nsmallest
from typing import Any, TypeVar

from ..errors import NotFound, ServerFailure
from ..filters import Predicate, QuerySize, filter_warnings, measure_query, reject_query
from ..prefect import check_storable, check_stored_labels
from ..requests import MAX_PAGE_LIMIT, FlowRunSort
from ..store import Store
from . import replies
from .context import Context, Outcome
from .deletion import sort_warnings
from .related_filters import (
    FilterSet,
    compile_criteria_of,
    deployments_predicate,
    filter_set_from,
    flow_runs_predicate,
    flows_predicate,
    task_runs_predicate,
)

MAX_INT64 = 2**63 - 1  # a database's bound of an offset
MAX_JSON_INTEGER = 2**64 - 1  # the highest number that a real server's JSON can hold
# How many values a query has besides those of filters: limit and offset; none.
_PAGE_PARAMETERS, _COUNT_PARAMETERS = 2, 0
# Of what a filter can earn, that which is about deletes alone.
_DELETE_ONLY_WARNINGS = frozenset({"no-filter"})


def read_flow_run(context: Context, flow_run_id: str) -> Outcome:
    """One flow run. Raises NotThere."""
    return _record_reply(context, context.store.get(flow_run_id), "Flow run")


def read_flow(context: Context, flow_id: str) -> Outcome:
    """One flow. Raises NotThere."""
    return _record_reply(context, context.store.flows.get(flow_id), "Flow")


def read_flow_by_name(context: Context, name: str) -> Outcome:
    """The flow of a name. Raises NotThere, and ServerFailure for a name that no database takes."""
    check_storable(context.dialect, texts=(name,))
    found = next((flow for flow in context.store.flows if flow.name == name), None)
    return _record_reply(context, found, "Flow")


def read_task_run(context: Context, task_run_id: str) -> Outcome:
    """One task run. Raises NotThere."""
    return _record_reply(context, context.store.task_runs.get(task_run_id), "Task")


def read_deployment(context: Context, deployment_id: str) -> Outcome:
    """One deployment. Raises NotThere."""
    return _record_reply(context, context.store.deployments.get(deployment_id), "Deployment")


def read_deployment_by_name(context: Context, flow_name: str, deployment_name: str) -> Outcome:
    """The deployment of a name, of the flow of a name. Raises as `read_flow_by_name` does."""
    check_storable(context.dialect, texts=(flow_name, deployment_name))
    flows = {flow.id for flow in context.store.flows if flow.name == flow_name}
    found = (one for one in context.store.deployments if one.flow_id in flows)
    named = next((one for one in found if one.name == deployment_name), None)
    return _record_reply(context, named, "Deployment")


def read_states(context: Context, flow_run_id: str) -> Outcome:
    """The states that a flow run has been in, the earliest first; none where there is no run."""
    run = context.store.get(flow_run_id)
    if run is None:
        return Outcome([])
    run = replies.with_complete_state(run, context.store)
    states = sorted(context.store.states_of(run), key=lambda one: one.timestamp or context.now)
    return Outcome([replies.state_reply(one, run) for one in states])


def read_state(context: Context, state_id: str) -> Outcome:
    """One state of a flow run. Raises NotThere."""
    store = context.store
    for run in store:  # of many: only the one that is told is settled
        if any(replies.state_id(one, run) == state_id for one in store.states_of(run)):
            told = replies.with_complete_state(run, store)
            found = next(one for one in store.states_of(told) if one.id == state_id)
            return Outcome(replies.state_reply(found, told))
    raise NotFound("Flow run state not found")


def _record_reply(context: Context, record: Any, word: str) -> Outcome:
    if record is None:
        raise NotFound(f"{word} not found")
    return Outcome(_render(context, record))


def _render(context: Context, record: Any) -> replies.Reply:
    if record.labels:
        check_stored_labels(context.dialect, record.labels)
    return replies.RENDERERS[type(record)](record, context.store, context.now)


def filter_flow_runs(context: Context, body: Any) -> Outcome:
    """The flow runs that all filters match: in the order of `sort`, `limit` from `offset` on."""
    predicate, warnings = compile_body_filters(context, body, flow_runs_predicate, _PAGE_PARAMETERS)
    page = _page_of_runs(context, predicate, body, _check_offset(context, body.offset))
    return Outcome(page, warnings=warnings, sentence=str(predicate))


def count_flow_runs(context: Context, body: Any) -> Outcome:
    """How many flow runs all filters match."""
    predicate, warnings = compile_body_filters(
        context, body, flow_runs_predicate, _COUNT_PARAMETERS
    )
    return Outcome(context.store.count(predicate), warnings=warnings, sentence=str(predicate))


def paginate_flow_runs(context: Context, body: Any) -> Outcome:
    """A page of the flow runs that all filters match, and how many pages there are."""
    predicate, warnings = compile_body_filters(context, body, flow_runs_predicate, _PAGE_PARAMETERS)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    results = _page_of_runs(
        context, predicate, body, _check_offset(context, (body.page - 1) * limit)
    )
    if context.dialect.undocumented_5xx and body.page > MAX_JSON_INTEGER:
        raise ServerFailure("the number of a page of more than 64 bits", retryable=False)
    count = context.store.count(predicate)
    value = {
        "results": results,
        "count": count,
        "limit": limit,
        "pages": -(-count // limit) if limit else 0,
        "page": body.page,
    }
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def _page_of_runs(
    context: Context, predicate: Predicate, body: Any, offset: int
) -> list[replies.Reply]:
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    sort = body.sort or FlowRunSort.ID_DESC
    if sort is FlowRunSort.ID_DESC:
        found = context.store.select(predicate, min(offset + limit, MAX_INT64))
    else:
        found = _sort_page(context, context.store.select(predicate), sort, offset + limit)
    return [_render(context, run) for run in found[offset:]]


def filter_flows(context: Context, body: Any) -> Outcome:
    """The flows that all filters match."""
    return _filter_records(context, body, flows_predicate, lambda store: store.flows)


def count_flows(context: Context, body: Any) -> Outcome:
    """How many flows all filters match."""
    return _count_records(context, body, flows_predicate, lambda store: store.flows)


def filter_task_runs(context: Context, body: Any) -> Outcome:
    """The task runs that all filters match."""
    return _filter_records(context, body, task_runs_predicate, lambda store: store.task_runs)


def count_task_runs(context: Context, body: Any) -> Outcome:
    """How many task runs all filters match."""
    return _count_records(context, body, task_runs_predicate, lambda store: store.task_runs)


def filter_deployments(context: Context, body: Any) -> Outcome:
    """The deployments that all filters match."""
    return _filter_records(context, body, deployments_predicate, lambda store: store.deployments)


def count_deployments(context: Context, body: Any) -> Outcome:
    """How many deployments all filters match."""
    return _count_records(context, body, deployments_predicate, lambda store: store.deployments)


PredicateBuilder = Callable[[FilterSet, Store, Any], Predicate]
RecordSource = Callable[[Store], Iterable[Any]]


def _filter_records(
    context: Context, body: Any, meaning: PredicateBuilder, records: RecordSource
) -> Outcome:
    predicate, warnings = compile_body_filters(context, body, meaning, _PAGE_PARAMETERS)
    offset = _check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    sort = body.sort or type(body).model_fields["sort"].default
    highest_first = sorted(filter(predicate, records(context.store)), key=_id, reverse=True)
    found = _sort_page(context, highest_first, sort, offset + limit)
    return Outcome([_render(context, one) for one in found[offset:]], warnings=warnings)


def _count_records(
    context: Context, body: Any, meaning: PredicateBuilder, records: RecordSource
) -> Outcome:
    predicate, warnings = compile_body_filters(context, body, meaning, _COUNT_PARAMETERS)
    return Outcome(sum(map(predicate, records(context.store))), warnings=warnings)


def _id(record: Any) -> str:
    return str(record.id)


def compile_body_filters(
    context: Context, body: Any, meaning: PredicateBuilder, others: int
) -> tuple[Predicate, tuple[str, ...]]:
    """The predicate of a body's filters, and what they earn.

    `others`: how many values the query has that come from no filter. Raises ServerFailure where
    the dialect's database would not run it.
    """
    wanted = filter_set_from(body)
    store, dialect = context.store, context.dialect
    warned: set[str] = set()
    loads: list[tuple[str, QuerySize]] = []
    for kind in FilterSet.__dataclass_fields__:
        own = getattr(wanted, kind)
        load = measure_query(own)
        earned = (
            set(filter_warnings(own, compile_criteria_of(kind, own, store, dialect), load))
            if own
            else set()
        )
        warned |= earned
        # SQLAlchemy makes such a filter "true" and nothing else: no value gets to the database.
        if "empty-criterion-under-or" not in earned:
            loads.append((kind, load))
    warnings = sort_warnings(warned - _DELETE_ONLY_WARNINGS)
    try:
        _refuse_overload(context, loads, others)
    except ServerFailure as failure:
        failure.warnings = warnings
        raise
    return meaning(wanted, store, dialect), warnings


def _refuse_overload(context: Context, loads: list[tuple[str, QuerySize]], others: int) -> None:
    """The values of all filters get to the database in one query."""
    parameters = sum(load.parameters - QuerySize().parameters for _, load in loads) + others
    for kind, load in loads:
        records = context.store if kind == "flow_runs" else getattr(context.store, kind)
        whole = replace(load, parameters=parameters)
        reject_query(whole, context.dialect, any_runs=len(records) > 0)


def _check_offset(context: Context, offset: int) -> int:
    database = context.dialect.undocumented_5xx
    if database and offset > MAX_INT64:
        raise ServerFailure("an offset of more than 64 bits", retryable=database.retryable)
    return offset


_SORT_COLUMNS: Mapping[str, str] = {
    "START_TIME": "start_or_expected_time",
    "EXPECTED_START_TIME": "expected_start_time",
    "NEXT_SCHEDULED_START_TIME": "next_scheduled_start_time",
    "END_TIME": "end_time",
    "NAME": "name",
    "ID": "id",
    "CREATED": "created",
    "UPDATED": "updated",
}
T = TypeVar("T")


def _sort_page(context: Context, records: list[T], sort: str, most: int) -> list[T]:
    """The first `most` in an order; those that are equal stay as they come.

    Where those without a value stand is the database's affair.
    """
    name, _, direction = sort.rpartition("_")
    column = _SORT_COLUMNS[name]
    high, low = (1, 0) if context.dialect.nulls_high else (0, 1)

    def key(record: T) -> tuple[int, Any]:
        value = getattr(record, column)
        return (high, "") if value is None else (low, value)

    ascending = direction == "ASC"
    if most * _FULL_SORT_DIVISOR > len(records):
        return sorted(records, key=key, reverse=not ascending)[: min(most, MAX_INT64)]
    return nsmallest(most, records, key) if ascending else nlargest(most, records, key)


_FULL_SORT_DIVISOR = 20
"""A page that ends past this part of all is found sooner by sorting all than by a heap."""
