"""Operations that compute numbers from many runs: lateness and history.

PostgreSQL computes with intervals, to the microsecond. SQLite counts milliseconds and cuts them to
whole seconds (the deviation `lateness-whole-seconds`). Since Prefect 3.8.6 the intervals of a
history are worked out in Python, before by the database (the change `history-exact`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from ..errors import OutOfBounds, ServerFailure
from ..filters import Predicate
from ..prefect import OUTSIDE_UTC_RANGE, FlowRun, fits_utc_range, to_utc
from ..requests import (
    MAX_POINTS,
    FlowRunSort,
    HistoryRequest,
    RunPointsRequest,
    TaskRunHistoryRequest,
)
from ..store import (
    Cells,
    FlowRunIndex,
    StateKey,
    Store,
    Totals,
    Units,
    history_index,
    lateness_index,
    to_itself,
    to_microseconds,
    to_milliseconds,
    to_whole_seconds,
)
from . import replies
from .context import Context, Outcome
from .queries import PredicateBuilder, check_offset, compile_body_filters, sort_by
from .related_filters import flow_runs_predicate, task_runs_predicate

# Prefect's bound (api/run_history.py, run_history).
MAX_INTERVALS = 500
# The values that a real server's query has besides those of its filters; they count against the
# same limit of the database.
_LATENESS_PARAMETERS, _HISTORY_PARAMETERS = 5, 14
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def lateness(context: Context, body: Any) -> Outcome:
    """The average lateness of the matching flow runs in seconds, as a float; None of no runs."""
    predicate, warnings = compile_body_filters(
        context, body, flow_runs_predicate, _LATENESS_PARAMETERS
    )
    whole_seconds = context.dialect.lateness_whole_seconds
    # SQLite's datetime('now') has whole seconds (Prefect: api/flow_runs.py,
    # average_flow_run_lateness).
    now = to_microseconds(context.now.replace(microsecond=0) if whole_seconds else context.now)
    to_unit = to_whole_seconds if whole_seconds else to_itself
    count = total = 0
    for index, members in context.store.matches(predicate):
        count += len(members)
        total += lateness_index(index, to_unit).total(members, now)
    # An average of intervals has microseconds; SQLite's average of numbers is a plain float.
    unit = 1 if whole_seconds else 1_000_000
    average = total / unit / count if count else None
    value = average if average is None or whole_seconds else round(average, 6)
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def run_points(context: Context, body: RunPointsRequest) -> Outcome:
    """List when the flow runs that all filters match began, how long they took and how late.

    Raises ServerFailure for a negative limit where a real server fails; on SQLite it is none, and
    here the largest.
    """
    predicate, warnings = compile_body_filters(context, body, flow_runs_predicate, 2)
    offset = check_offset(context, body.offset or 0)
    limit = MAX_POINTS if body.limit is None else body.limit
    database = context.dialect.undocumented_5xx
    if limit < 0:
        if database is not None and not database.negative_limit_is_none:
            raise ServerFailure("a negative limit", retryable=database.retryable)
        limit = MAX_POINTS
    order = sort_by(context, body.sort or FlowRunSort.EXPECTED_START_TIME_DESC)
    found = context.store.page(predicate, order, offset, offset + limit)
    return Outcome([_run_point(context, run) for run in found], warnings=warnings)


def _run_point(context: Context, run: FlowRun) -> dict[str, Any]:
    """A flow run as the schema SimpleFlowRun has it."""
    state = replies.complete_state(run, context.store)
    return {
        "id": run.id,
        "state_type": run.state_type,
        "timestamp": run.start_time or run.expected_start_time,
        "duration": replies.estimated_run_time(run, state, context.now),
        "lateness": replies.estimated_start_time_delta(run, context.now),
    }


class _Runs(NamedTuple):
    """Flow runs or task runs: the predicate of filters, and what of a store satisfies it."""

    build_predicate: PredicateBuilder
    matches: Callable[[Store, Predicate], Iterable[tuple[FlowRunIndex, Any]]]


_FLOW_RUNS = _Runs(flow_runs_predicate, Store.matches)
_TASK_RUNS = _Runs(task_runs_predicate, Store.task_run_matches)
_HistoryBody = HistoryRequest | TaskRunHistoryRequest


def history(context: Context, body: HistoryRequest) -> Outcome:
    """Count the flow runs that are expected to start in each interval, by their current state.

    The reply has at most MAX_INTERVALS intervals. Raises OutOfBounds for an interval of less than
    a second; OutOfBounds or, where a real server fails, ServerFailure for one outside the years
    1-9999.
    """
    return _history(context, body, _FLOW_RUNS)


def task_run_history(context: Context, body: TaskRunHistoryRequest) -> Outcome:
    """Count the task runs that are expected to start in each interval; raises as `history`."""
    return _history(context, body, _TASK_RUNS)


def _history(context: Context, body: _HistoryBody, runs: _Runs) -> Outcome:
    compile_filters = partial(
        compile_body_filters, context, body, runs.build_predicate, _HISTORY_PARAMETERS
    )
    interval = _interval(context, body)
    if not context.dialect.history_exact:  # what works out the intervals refuses a filter first
        compile_filters()
    edges = _interval_edges(context, body, interval)
    if len(edges) == 1 and context.dialect.history_exact:  # the database is not asked
        return Outcome([])
    predicate, warnings = compile_filters()
    bounds = _interval_bounds(context, edges)
    cells = _count_cells(context, runs.matches(context.store, predicate), bounds)
    states: list[list[dict[str, Any]]] = [[] for _ in edges[1:]]
    # Sorted, so that replies repeat: the real query's GROUP BY has no order.
    unit = 1 if context.dialect.lateness_whole_seconds else 1_000_000
    for key in sorted(cells):
        for place, totals in cells[key].items():
            if totals[0]:  # runs that were added and taken away again leave totals of none
                states[place].append(_history_state(key, totals, unit))
    value = [
        {"interval_start": start, "interval_end": end, "states": found}
        for (start, end), found in zip(pairwise(edges), states, strict=True)
    ]
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def _count_cells(
    context: Context, found: Iterable[tuple[FlowRunIndex, Any]], bounds: Sequence[int]
) -> Cells:
    """The totals of the matching runs of each interval and state."""
    now, cells = to_microseconds(context.now), Cells()
    units = _SQLITE_UNITS if context.dialect.lateness_whole_seconds else _POSTGRESQL_UNITS
    since = partial(_running_since, context.store)
    for index, members in found:
        history_index(index, units, since).add_to(cells, members, bounds, now)
    return cells


# The query's greatest(0, ...): a negative run time counts as 0 (Prefect: run_history). SQLite has
# milliseconds, which are cut off before adding up.
_POSTGRESQL_UNITS = Units(lambda ran: max(0, ran), lambda due, until: until - due)
_SQLITE_UNITS = Units(
    lambda ran: max(0, to_whole_seconds(ran)),
    lambda due, until: (to_milliseconds(until) - to_milliseconds(due)) // 1000,
)


def _running_since(store: Store, run: Any) -> datetime:
    """When a run entered its state, which is RUNNING."""
    state = replies.complete_state(run, store)
    return (state and state.timestamp) or store.base.loaded_at


def _interval(context: Context, body: _HistoryBody) -> timedelta:
    try:
        interval = timedelta(seconds=body.history_interval_seconds)
    except (OverflowError, ValueError):
        raise _calendar_error(context, retryable=False) from None
    # Prefect's bound: SQLite stops advancing at intervals of a millisecond (run_history).
    if interval < timedelta(seconds=1):
        raise OutOfBounds("History interval must not be less than 1 second.")
    return interval


def _interval_edges(
    context: Context, body: _HistoryBody, interval: timedelta
) -> Sequence[datetime]:
    """The start of each interval and the end of the last one; a single instant for no interval."""
    start, end = to_utc(body.history_start), to_utc(body.history_end)
    try:
        if not context.dialect.history_exact:
            edges = _edges_by_database(context, start, end, interval)
        elif OUTSIDE_UTC_RANGE in (start, end):  # Python subtracts no time with such an offset
            raise OverflowError
        else:
            edges = _exact_edges(start, end, interval)
    except OverflowError:
        raise _calendar_error(context, retryable=False) from None
    if len(edges) > 1 and not all(map(fits_utc_range, edges)):
        raise _calendar_error(context, retryable=False)
    return edges


def _exact_edges(start: datetime, end: datetime, interval: timedelta) -> Sequence[datetime]:
    count = min(-((start - end) // interval), MAX_INTERVALS) if end > start else 0
    return [start + interval * n for n in range(count + 1)]


def _edges_by_database(
    context: Context, start: datetime, end: datetime, interval: timedelta
) -> Sequence[datetime]:
    """The edges as a database had them: Prefect's make_timestamp_intervals, until 3.8.5."""
    database = context.dialect.undocumented_5xx
    if not (fits_utc_range(start) and fits_utc_range(end)):  # what no database can be sent
        raise _calendar_error(context, retryable=database is not None and database.retryable)
    if not context.dialect.lateness_whole_seconds:
        # asyncpg sends the first and the last instant as infinities. No series begins at the one,
        # and one up to the other ends only where it is cut.
        if start == datetime.min.replace(tzinfo=UTC):
            raise _calendar_error(context, retryable=False)
        endless = end == datetime.max.replace(tzinfo=UTC)
        return _exact_edges(start, start + MAX_INTERVALS * interval if endless else end, interval)
    # SQLite adds in whole milliseconds, and has one interval before it looks at the end.
    step = timedelta(milliseconds=to_milliseconds(interval // _MICROSECOND))
    last_start = end - interval
    edges = [start, _EPOCH + timedelta(milliseconds=to_milliseconds(to_microseconds(start))) + step]
    while edges[-2] < last_start and len(edges) <= MAX_INTERVALS:
        edges.append(edges[-1] + step)
    return edges


def _interval_bounds(context: Context, edges: Sequence[datetime]) -> Sequence[int]:
    """The first instant that counts to each interval, and the end of the last, in microseconds."""
    exact = list(map(to_microseconds, edges))
    if not (context.dialect.lateness_whole_seconds and context.dialect.history_exact):
        return exact
    # SQLite rounds both times to milliseconds, so that a run at the edge can fall into the next
    # interval, or behind the last (Prefect: make_timestamp_bucket_index). A real server's WHERE
    # compares exact times (test_sqlite_rounds_a_run_out_of_its_interval).
    start, width = to_milliseconds(exact[0]), exact[1] - exact[0]
    rounded = [
        (2 * (start - (-number * width // 1000)) - 1) * 500 for number in range(1, len(exact))
    ]
    return [exact[0], *rounded[:-1], min(rounded[-1], exact[-1])]


def _calendar_error(context: Context, *, retryable: bool) -> Exception:
    if context.dialect.undocumented_5xx:
        return ServerFailure("a history outside the years 1-9999", retryable=retryable)
    return OutOfBounds("History must not leave the years 1-9999.")


def _history_state(key: StateKey, totals: Totals, unit: int) -> dict[str, Any]:
    """The entry of one state in one interval, as the schema HistoryResponseState has it."""
    count, run_time, late = totals
    return {
        "state_type": key[0],
        "state_name": key[1],
        "count_runs": count,
        "sum_estimated_run_time": run_time / unit,
        "sum_estimated_lateness": late / unit,
    }
