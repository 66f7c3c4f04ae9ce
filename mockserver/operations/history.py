"""Operations that compute numbers from many flow runs: lateness and history.

PostgreSQL computes with intervals, to the microsecond. SQLite counts milliseconds and cuts them to
whole seconds (the deviation `lateness-whole-seconds`). Since Prefect 3.8.6 the intervals of a
history are worked out in Python, before by the database (the change `history-exact`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ..errors import OutOfBounds, ServerFailure
from ..prefect import OUTSIDE_UTC_RANGE, FlowRun, fits_utc_range, to_utc
from ..requests import HistoryRequest
from . import replies
from .context import Context, Outcome
from .queries import compile_body_filters
from .related_filters import flow_runs_predicate

# Prefect's bound (api/run_history.py, run_history).
MAX_INTERVALS = 500
# The values that a real server's query has besides those of its filters; they count against the
# same limit of the database.
_LATENESS_PARAMETERS, _HISTORY_PARAMETERS = 5, 14


def lateness(context: Context, body: Any) -> Outcome:
    """The average lateness of the matching flow runs in seconds, as a float; None of no runs."""
    predicate, warnings = compile_body_filters(
        context, body, flow_runs_predicate, _LATENESS_PARAMETERS
    )
    runs = context.store.select(predicate)
    whole_seconds = context.dialect.lateness_whole_seconds
    seconds = [_lateness(run, context.now, whole_seconds=whole_seconds) for run in runs]
    average = sum(seconds) / len(seconds) if seconds else None
    # An average of intervals has microseconds; SQLite's average of numbers is a plain float.
    value = average if average is None or whole_seconds else round(average, 6)
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def _lateness(run: FlowRun, now: datetime, *, whole_seconds: bool) -> float:
    """How many seconds a run started late, or is late by now; 0 for a run that is not late."""
    if not whole_seconds:
        return replies.estimated_start_time_delta(run, now)
    # SQLite's datetime('now') has whole seconds (Prefect: api/flow_runs.py,
    # average_flow_run_lateness).
    expected, until = run.expected_start_time, _late_until(run, now.replace(microsecond=0))
    if expected is None or until is None:
        return 0.0
    return float(_milliseconds(until) // 1000 - _milliseconds(expected) // 1000)


def _late_until(run: FlowRun, now: datetime) -> datetime | None:
    """When a late run started, or `now` if it still can start; None for a run that is not late."""
    expected, until = run.expected_start_time, run.start_time
    if until is None and not (run.state is not None and run.state.is_final):
        until = now
    return until if expected is not None and until is not None and until > expected else None


def _milliseconds(moment: datetime) -> int:
    """A time as SQLite reads it: whole milliseconds since 1970, rounded half up."""
    # SQLite computes with an integer of milliseconds (iJD in its date.c).
    return ((moment - _EPOCH) // timedelta(microseconds=500) + 1) // 2


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def history(context: Context, body: HistoryRequest) -> Outcome:
    """Count the flow runs that are expected to start in each interval, by their current state.

    The reply has at most MAX_INTERVALS intervals. Raises OutOfBounds for an interval of less than
    a second; OutOfBounds or, where a real server fails, ServerFailure for one outside the years
    1-9999.
    """
    compile_filters = partial(
        compile_body_filters, context, body, flow_runs_predicate, _HISTORY_PARAMETERS
    )
    interval = _interval(context, body)
    if not context.dialect.history_exact:  # what works out the intervals refuses a filter first
        compile_filters()
    edges = _interval_edges(context, body, interval)
    if len(edges) == 1 and context.dialect.history_exact:  # the database is not asked
        return Outcome([])
    predicate, warnings = compile_filters()
    runs_by_state: list[dict[tuple[str, str], list[FlowRun]]] = [{} for _ in edges[1:]]
    for run in context.store.select(predicate):
        expected = run.expected_start_time
        if expected is None or run.state is None or not edges[0] <= expected < edges[-1]:
            continue
        index = _interval_index(context, edges, expected)
        # A real server's WHERE compares exact times, its buckets rounded ones. A run that rounding
        # moves behind the last interval is in none (test_sqlite_rounds_a_run_out_of_its_interval).
        if index < len(runs_by_state):
            runs_by_state[index].setdefault((run.state.type, run.state.name), []).append(run)
    value = [
        {
            "interval_start": edges[index],
            "interval_end": edges[index + 1],
            # Sorted, so that replies repeat: the real query's GROUP BY has no order.
            "states": [_history_state(context, *key, runs) for key, runs in sorted(groups.items())],
        }
        for index, groups in enumerate(runs_by_state)
    ]
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def _interval(context: Context, body: HistoryRequest) -> timedelta:
    try:
        interval = timedelta(seconds=body.history_interval_seconds)
    except (OverflowError, ValueError):
        raise _calendar_error(context, retryable=False) from None
    # Prefect's bound: SQLite stops advancing at intervals of a millisecond (run_history).
    if interval < timedelta(seconds=1):
        raise OutOfBounds("History interval must not be less than 1 second.")
    return interval


def _interval_edges(
    context: Context, body: HistoryRequest, interval: timedelta
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
    step = timedelta(milliseconds=_milliseconds(_EPOCH + interval))
    last_start = end - interval
    edges = [start, _EPOCH + timedelta(milliseconds=_milliseconds(start)) + step]
    while edges[-2] < last_start and len(edges) <= MAX_INTERVALS:
        edges.append(edges[-1] + step)
    return edges


def _interval_index(context: Context, edges: Sequence[datetime], moment: datetime) -> int:
    """The place of the interval that a time falls into, as the dialect's database counts it."""
    if not (context.dialect.lateness_whole_seconds and context.dialect.history_exact):
        return bisect_right(edges, moment) - 1
    # SQLite rounds both times to milliseconds, so that a run at the edge can fall into the next
    # interval, or behind the last (Prefect: make_timestamp_bucket_index).
    elapsed = timedelta(milliseconds=_milliseconds(moment) - _milliseconds(edges[0]))
    return elapsed // (edges[1] - edges[0])


def _calendar_error(context: Context, *, retryable: bool) -> Exception:
    if context.dialect.undocumented_5xx:
        return ServerFailure("a history outside the years 1-9999", retryable=retryable)
    return OutOfBounds("History must not leave the years 1-9999.")


def _history_state(
    context: Context, state_type: str, state_name: str, runs: list[FlowRun]
) -> dict[str, Any]:
    """The entry of one state in one interval, as the schema HistoryResponseState has it."""
    seconds_of = (
        _truncated_run_time_and_lateness
        if context.dialect.lateness_whole_seconds
        else _run_time_and_lateness
    )
    run_times, lateness_seconds = zip(*(seconds_of(run, context) for run in runs), strict=True)
    return {
        "state_type": state_type,
        "state_name": state_name,
        "count_runs": len(runs),
        # The query's greatest(0, ...): a negative run time counts as 0 (run_history).
        "sum_estimated_run_time": round(sum(max(0.0, seconds) for seconds in run_times), 6),
        "sum_estimated_lateness": round(sum(lateness_seconds), 6),
    }


def _run_time_and_lateness(run: FlowRun, context: Context) -> tuple[float, float]:
    """The seconds that a run has run, and those that it is or was late."""
    now = context.now
    run_time = replies.estimated_run_time(run, replies.complete_state(run, context.store), now)
    return run_time, replies.estimated_start_time_delta(run, now)


def _truncated_run_time_and_lateness(run: FlowRun, context: Context) -> tuple[float, float]:
    """The same as SQLite counts them: in milliseconds, which are cut off before adding up."""
    run_time, _ = _run_time_and_lateness(run, context)
    expected, until = run.expected_start_time, _late_until(run, context.now)
    late = _milliseconds(until) - _milliseconds(expected) if expected and until else 0
    ran = _milliseconds(_EPOCH + timedelta(seconds=run_time))
    return float(ran // 1000), float(late // 1000)
