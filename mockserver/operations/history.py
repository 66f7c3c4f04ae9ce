"""The verbs that compute from many flow runs: lateness and history."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..errors import OutOfBounds, ServerFailure
from ..prefect import FlowRun, fits_utc_range, to_utc
from ..requests import HistoryRequest
from . import replies
from .context import Context, Outcome
from .queries import compile_body_filters
from .related_filters import flow_runs_predicate

MAX_INTERVALS = 500
# How many values a query has besides those of filters: what it computes by.
_LATENESS_PARAMETERS, _HISTORY_PARAMETERS = 5, 14


def lateness(context: Context, body: Any) -> Outcome:
    """The average lateness of the flow runs that all filters match, in seconds; None of none."""
    predicate, warnings = compile_body_filters(
        context, body, flow_runs_predicate, _LATENESS_PARAMETERS
    )
    runs = context.store.select(predicate)
    whole = context.dialect.lateness_whole_seconds
    late = [_lateness(run, context.now, whole=whole) for run in runs]
    average = sum(late) / len(late) if late else None
    # Intervals are averaged to the microsecond, numbers are not.
    value = average if average is None or whole else round(average, 6)
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def _lateness(run: FlowRun, now: datetime, *, whole: bool) -> float:
    if not whole:
        return replies.estimated_start_time_delta(run, now)
    expected, until = run.expected_start_time, _late_until(run, now.replace(microsecond=0))
    if expected is None or until is None:
        return 0.0
    return float(_milliseconds(until) // 1000 - _milliseconds(expected) // 1000)


def _late_until(run: FlowRun, now: datetime) -> datetime | None:
    """When a run that is or was late started, or `now` if it still can; None if it is not late."""
    expected, until = run.expected_start_time, run.start_time
    if until is None and not (run.state is not None and run.state.is_final):
        until = now
    return until if expected is not None and until is not None and until > expected else None


def _milliseconds(moment: datetime) -> int:
    """A time as SQLite reads it: milliseconds since 1970, rounded."""
    return ((moment - _EPOCH) // timedelta(microseconds=500) + 1) // 2


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def history(context: Context, body: HistoryRequest) -> Outcome:
    """How many flow runs were expected in each interval, by their present state.

    Raises OutOfBounds for an interval of less than a second, ServerFailure (or OutOfBounds) for
    one that no calendar holds.
    """
    try:
        interval = timedelta(seconds=body.history_interval_seconds)
        if interval < timedelta(seconds=1):
            raise OutOfBounds("History interval must not be less than 1 second.")
        start, end = to_utc(body.history_start), to_utc(body.history_end)
        edges = [start + interval * at for at in range(_intervals(start, end, interval) + 1)]
    except (OverflowError, ValueError):
        raise _calendar_error(context) from None
    if len(edges) > 1 and not all(map(fits_utc_range, edges)):
        raise _calendar_error(context)
    if len(edges) == 1:  # a real server does not ask its database
        return Outcome([])
    predicate, warnings = compile_body_filters(
        context, body, flow_runs_predicate, _HISTORY_PARAMETERS
    )
    states: list[dict[tuple[str, str], list[FlowRun]]] = [{} for _ in edges[1:]]
    for run in context.store.select(predicate):
        expected = run.expected_start_time
        if expected is None or run.state is None or not edges[0] <= expected < edges[-1]:
            continue
        at = _elapsed(context, start, expected) // interval
        if at < len(states):
            states[at].setdefault((run.state.type, run.state.name), []).append(run)
    value = [
        {
            "interval_start": edges[at],
            "interval_end": edges[at + 1],
            "states": [_history_state(context, *key, runs) for key, runs in sorted(found.items())],
        }
        for at, found in enumerate(states)
    ]
    return Outcome(value, warnings=warnings, sentence=str(predicate))


def _elapsed(context: Context, start: datetime, moment: datetime) -> timedelta:
    """How long after; SQLite rounds both, so that a run may get into the next interval, or out."""
    if context.dialect.lateness_whole_seconds:
        return timedelta(milliseconds=_milliseconds(moment) - _milliseconds(start))
    return moment - start


def _intervals(start: datetime, end: datetime, interval: timedelta) -> int:
    return min(-((start - end) // interval), MAX_INTERVALS) if end > start else 0


def _calendar_error(context: Context) -> Exception:
    database = context.dialect.undocumented_5xx
    if database:
        return ServerFailure("a history past the year 9999", retryable=False)
    return OutOfBounds("History must not leave the years 1-9999.")


def _history_state(
    context: Context, state_type: str, state_name: str, runs: list[FlowRun]
) -> dict[str, Any]:
    seconds = (
        _truncated_run_time_and_lateness
        if context.dialect.lateness_whole_seconds
        else _run_time_and_lateness
    )
    ran, late = zip(*(seconds(run, context) for run in runs), strict=True)
    return {
        "state_type": state_type,
        "state_name": state_name,
        "count_runs": len(runs),
        "sum_estimated_run_time": round(sum(max(0.0, one) for one in ran), 6),
        "sum_estimated_lateness": round(sum(late), 6),
    }


def _run_time_and_lateness(run: FlowRun, context: Context) -> tuple[float, float]:
    """How long a run has run, and how late it is or was."""
    now = context.now
    ran = replies.estimated_run_time(run, replies.complete_state(run, context.store), now)
    return ran, replies.estimated_start_time_delta(run, now)


def _truncated_run_time_and_lateness(run: FlowRun, context: Context) -> tuple[float, float]:
    """The same where a database counts milliseconds, and cuts them off each sum that it adds."""
    ran, _ = _run_time_and_lateness(run, context)
    expected, until = run.expected_start_time, _late_until(run, context.now)
    late = _milliseconds(until) - _milliseconds(expected) if expected and until else 0
    return float(_milliseconds(_EPOCH + timedelta(seconds=ran)) // 1000), float(late // 1000)
