"""The verbs that read and list: one record by its id or name, or those that filters match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from heapq import nlargest, nsmallest
from typing import Any, TypeVar

from ..errors import NotThere, ServerFailure
from ..filters import Load, Predicate, load_of, of_filter, refuse_overload
from ..prefect import check_columns, check_labels
from ..requests import MAX_PAGE, FlowRunSort
from ..store import Store
from . import replies
from .bulk_deletion import in_order
from .context import Context, Outcome
from .related_filters import (
    Wanted,
    criteria_of,
    of_deployments,
    of_flow_runs,
    of_flows,
    of_task_runs,
    wanted_of,
)

MOST_ROWS = 2**63 - 1  # a database's bound of an offset
MOST_IN_JSON = 2**64 - 1  # the highest number that a real server's JSON can hold
# How many values a query has besides those of filters: limit and offset; none.
_OF_A_PAGE, _OF_A_COUNT = 2, 0
# Of what a filter can earn, that which is about deletes alone.
_ONLY_OF_DELETES = frozenset({"no-filter"})


def read_flow_run(context: Context, flow_run_id: str) -> Outcome:
    """One flow run. Raises NotThere."""
    return _one(context, context.store.get(flow_run_id), "Flow run")


def read_flow(context: Context, flow_id: str) -> Outcome:
    """One flow. Raises NotThere."""
    return _one(context, context.store.flows.get(flow_id), "Flow")


def read_flow_by_name(context: Context, name: str) -> Outcome:
    """The flow of a name. Raises NotThere, and ServerFailure for a name that no database takes."""
    check_columns(context.dialect, texts=(name,))
    found = next((flow for flow in context.store.flows if flow.name == name), None)
    return _one(context, found, "Flow")


def read_task_run(context: Context, task_run_id: str) -> Outcome:
    """One task run. Raises NotThere."""
    return _one(context, context.store.task_runs.get(task_run_id), "Task")


def read_deployment(context: Context, deployment_id: str) -> Outcome:
    """One deployment. Raises NotThere."""
    return _one(context, context.store.deployments.get(deployment_id), "Deployment")


def read_deployment_by_name(context: Context, flow_name: str, deployment_name: str) -> Outcome:
    """The deployment of a name, of the flow of a name. Raises as `read_flow_by_name` does."""
    check_columns(context.dialect, texts=(flow_name, deployment_name))
    flows = {flow.id for flow in context.store.flows if flow.name == flow_name}
    found = (one for one in context.store.deployments if one.flow_id in flows)
    named = next((one for one in found if one.name == deployment_name), None)
    return _one(context, named, "Deployment")


def read_states(context: Context, flow_run_id: str) -> Outcome:
    """The states that a flow run has been in, the earliest first; none where there is no run."""
    run = context.store.get(flow_run_id)
    if run is None:
        return Outcome([])
    run = replies.settled(run, context.store)
    states = sorted(context.store.states_of(run), key=lambda one: one.timestamp or context.now)
    return Outcome([replies.state(one, run) for one in states])


def read_state(context: Context, state_id: str) -> Outcome:
    """One state of a flow run. Raises NotThere."""
    store = context.store
    for run in store:  # of many: only the one that is told is settled
        if any(replies.state_id(one, run) == state_id for one in store.states_of(run)):
            told = replies.settled(run, store)
            found = next(one for one in store.states_of(told) if one.id == state_id)
            return Outcome(replies.state(found, told))
    raise NotThere("Flow run state not found")


def _one(context: Context, record: Any, word: str) -> Outcome:
    if record is None:
        raise NotThere(f"{word} not found")
    return Outcome(_render(context, record))


def _render(context: Context, record: Any) -> replies.Reply:
    if record.labels:
        check_labels(context.dialect, record.labels)
    return replies.RENDERERS[type(record)](record, context.store, context.now)


def filter_flow_runs(context: Context, body: Any) -> Outcome:
    """The flow runs that all filters match: in the order of `sort`, `limit` from `offset` on."""
    predicate, warnings = which(context, body, of_flow_runs, _OF_A_PAGE)
    page = _page_of_runs(context, predicate, body, _offset(context, body.offset))
    return Outcome(page, warnings=warnings, sentence=str(predicate))


def count_flow_runs(context: Context, body: Any) -> Outcome:
    """How many flow runs all filters match."""
    predicate, warnings = which(context, body, of_flow_runs, _OF_A_COUNT)
    return Outcome(context.store.count(predicate), warnings=warnings, sentence=str(predicate))


def paginate_flow_runs(context: Context, body: Any) -> Outcome:
    """A page of the flow runs that all filters match, and how many pages there are."""
    predicate, warnings = which(context, body, of_flow_runs, _OF_A_PAGE)
    limit = MAX_PAGE if body.limit is None else body.limit
    results = _page_of_runs(context, predicate, body, _offset(context, (body.page - 1) * limit))
    if context.dialect.undocumented_5xx and body.page > MOST_IN_JSON:
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
    limit = MAX_PAGE if body.limit is None else body.limit
    sort = body.sort or FlowRunSort.ID_DESC
    if sort is FlowRunSort.ID_DESC:
        found = context.store.select(predicate, min(offset + limit, MOST_ROWS))
    else:
        found = _in_order(context, context.store.select(predicate), sort, offset + limit)
    return [_render(context, run) for run in found[offset:]]


def filter_flows(context: Context, body: Any) -> Outcome:
    """The flows that all filters match."""
    return _list(context, body, of_flows, lambda store: store.flows)


def count_flows(context: Context, body: Any) -> Outcome:
    """How many flows all filters match."""
    return _count(context, body, of_flows, lambda store: store.flows)


def filter_task_runs(context: Context, body: Any) -> Outcome:
    """The task runs that all filters match."""
    return _list(context, body, of_task_runs, lambda store: store.task_runs)


def count_task_runs(context: Context, body: Any) -> Outcome:
    """How many task runs all filters match."""
    return _count(context, body, of_task_runs, lambda store: store.task_runs)


def filter_deployments(context: Context, body: Any) -> Outcome:
    """The deployments that all filters match."""
    return _list(context, body, of_deployments, lambda store: store.deployments)


def count_deployments(context: Context, body: Any) -> Outcome:
    """How many deployments all filters match."""
    return _count(context, body, of_deployments, lambda store: store.deployments)


Meaning = Callable[[Wanted, Store, Any], Predicate]
Records = Callable[[Store], Iterable[Any]]


def _list(context: Context, body: Any, meaning: Meaning, records: Records) -> Outcome:
    predicate, warnings = which(context, body, meaning, _OF_A_PAGE)
    offset = _offset(context, body.offset)
    limit = MAX_PAGE if body.limit is None else body.limit
    sort = body.sort or type(body).model_fields["sort"].default
    highest_first = sorted(filter(predicate, records(context.store)), key=_id, reverse=True)
    found = _in_order(context, highest_first, sort, offset + limit)
    return Outcome([_render(context, one) for one in found[offset:]], warnings=warnings)


def _count(context: Context, body: Any, meaning: Meaning, records: Records) -> Outcome:
    predicate, warnings = which(context, body, meaning, _OF_A_COUNT)
    return Outcome(sum(map(predicate, records(context.store))), warnings=warnings)


def _id(record: Any) -> str:
    return str(record.id)


def which(
    context: Context, body: Any, meaning: Meaning, others: int
) -> tuple[Predicate, tuple[str, ...]]:
    """The predicate of a body's filters, and what they earn.

    `others`: how many values the query has that come from no filter. Raises ServerFailure where
    the dialect's database would not run it.
    """
    wanted = wanted_of(body)
    store, dialect = context.store, context.dialect
    warned: set[str] = set()
    loads: list[tuple[str, Load]] = []
    for kind in Wanted.__dataclass_fields__:
        own = getattr(wanted, kind)
        load = load_of(own)
        earned = set(of_filter(own, criteria_of(kind, own, store, dialect), load)) if own else set()
        warned |= earned
        # SQLAlchemy makes such a filter "true" and nothing else: no value gets to the database.
        if "empty-criterion-under-or" not in earned:
            loads.append((kind, load))
    warnings = in_order(warned - _ONLY_OF_DELETES)
    try:
        _refuse_overload(context, loads, others)
    except ServerFailure as failure:
        failure.warnings = warnings
        raise
    return meaning(wanted, store, dialect), warnings


def _refuse_overload(context: Context, loads: list[tuple[str, Load]], others: int) -> None:
    """The values of all filters get to the database in one query."""
    parameters = sum(load.parameters - Load().parameters for _, load in loads) + others
    for kind, load in loads:
        records = context.store if kind == "flow_runs" else getattr(context.store, kind)
        whole = replace(load, parameters=parameters)
        refuse_overload(whole, context.dialect, any_runs=len(records) > 0)


def _offset(context: Context, offset: int) -> int:
    database = context.dialect.undocumented_5xx
    if database and offset > MOST_ROWS:
        raise ServerFailure("an offset of more than 64 bits", retryable=database.retryable)
    return offset


_COLUMNS: Mapping[str, str] = {
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


def _in_order(context: Context, records: list[T], sort: str, most: int) -> list[T]:
    """The first `most` in an order; those that are equal stay as they come.

    Where those without a value stand is the database's affair.
    """
    name, _, direction = sort.rpartition("_")
    column = _COLUMNS[name]
    high, low = (1, 0) if context.dialect.nulls_high else (0, 1)

    def key(record: T) -> tuple[int, Any]:
        value = getattr(record, column)
        return (high, "") if value is None else (low, value)

    ascending = direction == "ASC"
    if most * _DEEP > len(records):
        return sorted(records, key=key, reverse=not ascending)[: min(most, MOST_ROWS)]
    return nsmallest(most, records, key) if ascending else nlargest(most, records, key)


_DEEP = 20
"""A page that ends past this part of all is found sooner by sorting all than by a heap."""
