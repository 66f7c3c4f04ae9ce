"""Operations that read: one record by its id or name, or the records that filters match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from heapq import nlargest, nsmallest
from operator import attrgetter
from typing import Any, TypeVar

from ..errors import NotFound, ServerFailure
from ..filters import (
    MATCH_ALL,
    Predicate,
    QuerySize,
    filter_warnings,
    find_rejection,
    measure_query,
)
from ..prefect import State, check_storable, check_stored_labels
from ..requests import MAX_PAGE_LIMIT, FlowRunSort
from ..store import (
    FlowRunIndex,
    HashIndex,
    SortBy,
    Store,
    duration_index,
    page_of,
    to_microseconds,
)
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

MAX_INT64 = 2**63 - 1  # the largest offset that a database takes
MAX_JSON_INTEGER = 2**64 - 1  # the largest integer that a real server can write into a reply
# The values that a real server's query has besides those of its filters (limit and offset, or
# none); they count against the same limit of the database.
_PAGE_PARAMETERS, _COUNT_PARAMETERS = 2, 0
# Warnings of filters that make sense for a delete only.
DELETE_ONLY_WARNINGS = frozenset({"no-filter"})


def read_flow_run(context: Context, flow_run_id: str) -> Outcome:
    """Read one flow run. Raises NotFound."""
    return _record_reply(context, context.store.get(flow_run_id), "Flow run")


def read_flow(context: Context, flow_id: str) -> Outcome:
    """Read one flow. Raises NotFound."""
    return _record_reply(context, context.store.flows.get(flow_id), "Flow")


def read_flow_by_name(context: Context, name: str) -> Outcome:
    """Read the flow with a name.

    Raises NotFound, and ServerFailure for a name that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(name,))
    found = next((flow for flow in context.store.flows if flow.name == name), None)
    return _record_reply(context, found, "Flow")


def read_task_run(context: Context, task_run_id: str) -> Outcome:
    """Read one task run. Raises NotFound."""
    # "Task", and not "Task run", is Prefect's text (api/task_runs.py, read_task_run).
    return _record_reply(context, context.store.task_runs.get(task_run_id), "Task")


def read_deployment(context: Context, deployment_id: str) -> Outcome:
    """Read one deployment. Raises NotFound."""
    return _record_reply(context, context.store.deployments.get(deployment_id), "Deployment")


def read_deployment_by_name(context: Context, flow_name: str, deployment_name: str) -> Outcome:
    """Read the deployment with a name, of the flow with a name; raises as `read_flow_by_name`."""
    check_storable(context.dialect, texts=(flow_name, deployment_name))
    flows = {flow.id for flow in context.store.flows if flow.name == flow_name}
    found = (
        deployment
        for deployment in context.store.deployments
        if deployment.flow_id in flows and deployment.name == deployment_name
    )
    return _record_reply(context, next(found, None), "Deployment")


def read_states(context: Context, flow_run_id: str) -> Outcome:
    """List the states that a flow run has been in, earliest first; none for an unknown run."""
    run = context.store.get(flow_run_id)
    # A real server only selects states by this id (Prefect: models/flow_run_states.py,
    # read_flow_run_states): no run is no rows, and no 404.
    if run is None:
        return Outcome([])
    run = replies.with_complete_state(run, context.store)
    states = sorted(context.store.states_of(run), key=lambda state: state.timestamp or context.now)
    return Outcome([replies.state_reply(state, run) for state in states])


def read_state(context: Context, state_id: str) -> Outcome:
    """Read one state of a flow run. Raises NotFound."""
    store = context.store
    run_ids = [run_id for run_id, states in store.remembered.items() if _has(states, state_id)]
    for index, members in store.matches(MATCH_ALL):
        run_ids += [index.ids[at] for at in _state_ids(index).find(state_id) if at in members]
    runs = (
        replies.with_complete_state(run, store) for run in filter(None, map(store.get, run_ids))
    )
    states = ((state, run) for run in runs for state in store.states_of(run))
    found = next((pair for pair in states if pair[0].id == state_id), None)
    if found is None:
        raise NotFound("Flow run state not found")
    return Outcome(replies.state_reply(*found))


def _has(states: Iterable[State], state_id: str) -> bool:
    return any(state.id == state_id for state in states)


def _state_ids(index: FlowRunIndex) -> HashIndex:
    """The ids of the present states of an index, many of which are derived; made once."""

    def make() -> HashIndex:
        states = zip(index.values("state"), index.ids, strict=True)
        return HashIndex(state and replies.state_id_of(state, run_id) for state, run_id in states)

    found: HashIndex = index.prepared.get("state_ids", make)
    return found


def _record_reply(context: Context, record: Any, word: str) -> Outcome:
    if record is None:
        raise NotFound(f"{word} not found")
    return Outcome(_render(context, record))


def _render(context: Context, record: Any) -> replies.Reply:
    if record.labels:
        check_stored_labels(context.dialect, record.labels)
    return replies.RENDERERS[type(record)](record, context.store, context.now)


def filter_flow_runs(context: Context, body: Any) -> Outcome:
    """List the flow runs that all filters match: `limit` of them from `offset` on, by `sort`."""
    predicate, warnings = compile_body_filters(context, body, flow_runs_predicate, _PAGE_PARAMETERS)
    page = _page_of_runs(context, predicate, body, check_offset(context, body.offset))
    return Outcome(page, warnings=warnings, sentence=str(predicate))


def count_flow_runs(context: Context, body: Any) -> Outcome:
    """Count the flow runs that all filters match."""
    predicate, warnings = compile_body_filters(
        context, body, flow_runs_predicate, _COUNT_PARAMETERS
    )
    return Outcome(context.store.count(predicate), warnings=warnings, sentence=str(predicate))


def paginate_flow_runs(context: Context, body: Any) -> Outcome:
    """List a page of the flow runs that all filters match, with the number of pages."""
    predicate, warnings = compile_body_filters(context, body, flow_runs_predicate, _PAGE_PARAMETERS)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    results = _page_of_runs(
        context, predicate, body, check_offset(context, (body.page - 1) * limit)
    )
    # After the page: on PostgreSQL its offset fails first, and with 503
    # (test_a_page_number_beyond_64_bits).
    if context.dialect.huge_integers and body.page > MAX_JSON_INTEGER:
        raise ServerFailure("the number of a page of more than 64 bits", retryable=False)
    if limit == 0 and not context.dialect.empty_page:
        raise ServerFailure("a division by the limit, which is zero", retryable=False)
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
    if sort is FlowRunSort.ID_DESC and offset + limit <= _SELECTED_RUNS:
        found = context.store.select(predicate, offset + limit)[offset:]
    else:
        found = context.store.page(predicate, sort_by(context, sort), offset, offset + limit)
    return [_render(context, run) for run in found]


def sort_by(context: Context, sort: str) -> SortBy:
    """An order such as "NAME_ASC". The dialect says where records without a value come."""
    name, _, direction = sort.rpartition("_")
    descending = direction == "DESC"
    return SortBy(_SORT_COLUMNS[name], descending, descending is context.dialect.nulls_high)


_SELECTED_RUNS = 400
"""The first so many runs are found sooner by searching for them than by counting all matches."""


def filter_flows(context: Context, body: Any) -> Outcome:
    """List the flows that all filters match."""
    return _filter_records(context, body, flows_predicate, lambda store: store.flows)


def count_flows(context: Context, body: Any) -> Outcome:
    """Count the flows that all filters match."""
    return _count_records(context, body, flows_predicate, lambda store: store.flows)


def filter_task_runs(context: Context, body: Any) -> Outcome:
    """List the task runs that all filters match."""
    predicate, warnings = compile_body_filters(context, body, task_runs_predicate, _PAGE_PARAMETERS)
    page = _page_of_task_runs(context, predicate, body, check_offset(context, body.offset))
    return Outcome(page, warnings=warnings)


def _page_of_task_runs(
    context: Context, predicate: Predicate, body: Any, offset: int
) -> list[replies.Reply]:
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    order = sort_by(context, body.sort or type(body).model_fields["sort"].default)
    if order.column == _DURATION:
        found = _page_by_duration(context, predicate, order, offset, offset + limit)
    else:
        found = context.store.task_run_page(predicate, order, offset, offset + limit)
    return [_render(context, task_run) for task_run in found]


def paginate_task_runs(context: Context, body: Any) -> Outcome:
    """List a page of the task runs that all filters match, with the number of pages."""
    predicate, warnings = compile_body_filters(context, body, task_runs_predicate, _PAGE_PARAMETERS)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    offset = check_offset(context, (body.page - 1) * limit)
    page = _page_of_task_runs(context, predicate, body, offset)
    times = replies.PAGINATED_TASK_RUN_TIMES if context.dialect.task_run_page_times else ()
    keys = (*replies.PAGINATED_TASK_RUN_KEYS, *times)
    results = [{key: one[key] for key in keys} for one in page]
    if limit == 0 and not context.dialect.empty_page:
        raise ServerFailure("a division by the limit, which is zero", retryable=False)
    count = sum(len(members) for _, members in context.store.task_run_matches(predicate))
    value = {
        "results": results,
        "count": count,
        "limit": limit,
        "pages": -(-count // limit) if limit else 0,
        "page": body.page,
    }
    return Outcome(value, warnings=warnings)


def _page_by_duration(
    context: Context, predicate: Predicate, order: SortBy, start: int, stop: int
) -> list[Any]:
    """Task runs by their seconds in RUNNING states, up to now where they are in one.

    Prefect sorts equal ones by their expected start, the latest first, in both directions.
    """
    now = to_microseconds(context.now)

    def since(task_run: Any) -> int:
        state = replies.complete_state(task_run, context.store)
        return to_microseconds(state.timestamp if state else None)

    return page_of(
        (
            part
            for index, members in context.store.task_run_matches(predicate)
            for part in duration_index(index, order, since).matches(members, now)
        ),
        start,
        stop,
    )


def count_task_runs(context: Context, body: Any) -> Outcome:
    """Count the task runs that all filters match."""
    predicate, warnings = compile_body_filters(
        context, body, task_runs_predicate, _COUNT_PARAMETERS
    )
    found = context.store.task_run_matches(predicate)
    return Outcome(sum(len(members) for _, members in found), warnings=warnings)


def filter_deployments(context: Context, body: Any) -> Outcome:
    """List the deployments that all filters match."""
    return _filter_records(context, body, deployments_predicate, lambda store: store.deployments)


def count_deployments(context: Context, body: Any) -> Outcome:
    """Count the deployments that all filters match."""
    return _count_records(context, body, deployments_predicate, lambda store: store.deployments)


PredicateBuilder = Callable[[FilterSet, Store, Any], Predicate]
RecordSource = Callable[[Store], Iterable[Any]]


def _filter_records(
    context: Context, body: Any, build_predicate: PredicateBuilder, records: RecordSource
) -> Outcome:
    predicate, warnings = compile_body_filters(context, body, build_predicate, _PAGE_PARAMETERS)
    offset = check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    sort = body.sort or type(body).model_fields["sort"].default
    # Equal records come highest id first, as sorting is stable. Prefect sorts by one column
    # (schemas/sorting.py), so a real server promises no order among them; here pages never overlap
    # (test_pages_are_parts_of_one_list).
    highest_first = sorted(filter(predicate, records(context.store)), key=_id, reverse=True)
    found = sort_page(context, highest_first, sort, offset + limit)
    return Outcome([_render(context, record) for record in found[offset:]], warnings=warnings)


def _count_records(
    context: Context, body: Any, build_predicate: PredicateBuilder, records: RecordSource
) -> Outcome:
    predicate, warnings = compile_body_filters(context, body, build_predicate, _COUNT_PARAMETERS)
    return Outcome(sum(map(predicate, records(context.store))), warnings=warnings)


def _id(record: Any) -> str:
    return str(record.id)


def compile_body_filters(
    context: Context, body: Any, build_predicate: PredicateBuilder, extra_parameters: int
) -> tuple[Predicate, tuple[str, ...]]:
    """The predicate of a body's filters, and the ids of the warnings that they earn.

    `extra_parameters`: how many values the real server's query has besides those of the filters.
    Raises ServerFailure where the dialect's database would not run the query.
    """
    filters = filter_set_from(body)
    store, dialect = context.store, context.dialect
    warned: set[str] = set()
    sizes: list[tuple[str, QuerySize]] = []
    for kind in FilterSet.__dataclass_fields__:
        kind_filter = getattr(filters, kind)
        size = measure_query(kind_filter, dialect)
        earned: set[str] = set()
        if kind_filter:
            criteria = compile_criteria_of(kind, kind_filter, store, dialect)
            earned.update(filter_warnings(kind_filter, criteria, size, dialect))
        warned |= earned
        # SQLAlchemy makes "true" of such a filter and sends no value at all (measured, 3.8.8).
        if "empty-criterion-under-or" not in earned:
            sizes.append((kind, size))
    warnings = sort_warnings(warned - DELETE_ONLY_WARNINGS)
    try:
        _reject_oversized(context, sizes, extra_parameters)
    except ServerFailure as failure:
        failure.warnings = warnings
        raise
    return build_predicate(filters, store, dialect), warnings


def _reject_oversized(
    context: Context, sizes: list[tuple[str, QuerySize]], extra_parameters: int
) -> None:
    """Raise ServerFailure where the database would not run a query with all these filters.

    The values of all filters are parameters of one query, so they count together.
    """
    # A fresh QuerySize counts the limit of its query already; one query has one limit.
    parameters = sum(size.parameters - QuerySize().parameters for _, size in sizes)
    for kind, size in sizes:
        total = replace(size, parameters=parameters + extra_parameters)
        rejection = find_rejection(total, context.dialect)
        if rejection:
            records = context.store if kind == "flow_runs" else getattr(context.store, kind)
            rejection.refuse(any_runs=len(records) > 0)


def check_offset(context: Context, offset: int) -> int:
    """The offset itself. Raises ServerFailure for one that the dialect's database cannot take."""
    database = context.dialect.undocumented_5xx
    if database and offset > MAX_INT64:
        raise ServerFailure("an offset of more than 64 bits", retryable=database.retryable)
    return offset


_DURATION = "duration"  # no column, but worked out (Prefect: schemas/sorting.py, TaskRunSort)
_SORT_COLUMNS: Mapping[str, str] = {
    # coalesce(start_time, expected_start_time) (Prefect: schemas/sorting.py, FlowRunSort).
    "START_TIME": "start_or_expected_time",
    "EXPECTED_START_TIME": "expected_start_time",
    "NEXT_SCHEDULED_START_TIME": "next_scheduled_start_time",
    "END_TIME": "end_time",
    "NAME": "name",
    "KEY": "key",
    "ID": "id",
    "CREATED": "created",
    "UPDATED": "updated",
    "DURATION": _DURATION,
}
T = TypeVar("T")


def sort_page(context: Context, records: list[T], sort: str, page_end: int) -> list[T]:
    """The first `page_end` records in an order such as "NAME_ASC"; equal ones keep their order.

    The dialect says whether records without a value are the highest or the lowest.
    """
    name, _, direction = sort.rpartition("_")
    value_of = _sort_value(context, _SORT_COLUMNS[name])
    high, low = (1, 0) if context.dialect.nulls_high else (0, 1)

    def key(record: T) -> tuple[int, Any]:
        value = value_of(record)
        # The first parts differ, so "" is never compared with a value.
        return (high, "") if value is None else (low, value)

    ascending = direction == "ASC"
    if page_end * _FULL_SORT_DIVISOR > len(records):
        return sorted(records, key=key, reverse=not ascending)[: min(page_end, MAX_INT64)]
    return nsmallest(page_end, records, key) if ascending else nlargest(page_end, records, key)


def _sort_value(context: Context, column: str) -> Callable[[Any], Any]:
    """What records are sorted by; where a seed leaves a time out, what replies have instead."""
    if column not in ("created", "updated"):
        return attrgetter(column)
    loaded_at = context.store.base.loaded_at

    def time_in_reply(record: Any) -> Any:
        return getattr(record, column) or record.created or loaded_at

    return time_in_reply


_FULL_SORT_DIVISOR = 20
"""A page that ends after the first twentieth is found sooner by sorting all records than by a heap.

Measured with 100,000 runs: the page at 90,000 takes a fifth of the time.
"""
