"""Operations that count events: by what they are, by their resource, or by when they occurred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from ...errors import OutOfBounds, ServerFailure
from ...events import Event
from ...requests.objects import Countable, CountedEvents, EventCountRequest, TimeUnit
from ...store import to_microseconds, to_whole_seconds
from .. import Context, Outcome
from .filtering import check_filter, compile_filter

# Prefect: events/counting.py. All time is divided into spans from this Monday on.
PIVOT = datetime(2024, 4, 1, tzinfo=UTC)
MAX_SPANS = 1_000
_MICROSECOND = timedelta(microseconds=1)
_END_OF_DAY = {"hour": 23, "minute": 59, "second": 59, "microsecond": 999_999}
_ENDS: Mapping[TimeUnit, Mapping[str, int]] = {
    TimeUnit.second: {"microsecond": 999_999},
    TimeUnit.minute: {"second": 59, "microsecond": 999_999},
    TimeUnit.hour: {"minute": 59, "second": 59, "microsecond": 999_999},
    TimeUnit.day: _END_OF_DAY,
    TimeUnit.week: _END_OF_DAY,
}


class _Spans(NamedTuple):
    """Equal spans of time: the number of the first since PIVOT, and when each begins."""

    width: timedelta
    first: int
    starts: list[datetime]


def count_events(context: Context, counted: CountedEvents, body: EventCountRequest) -> Outcome:
    """Count the events that a filter selects.

    By `day` and `time` there is a number for each span of time, also without events; by `event` and
    `resource` for each name or resource, the most frequent first. Raises OutOfBounds for more than
    MAX_SPANS spans; raises as `check_filter`, and ServerFailure where a real server fails.
    """
    matcher = compile_filter(body.filter, context.now)
    try:
        spans = _make_spans(body, matcher.since, matcher.until, context.now)
    except OverflowError:
        raise ServerFailure("spans of time outside the years 1-9999", retryable=False) from None
    check_filter(context.dialect, body.filter)
    found = [event for event in context.events if matcher.matches_stored(event)]
    if counted.countable is Countable.event:
        return Outcome(_count_by(found, lambda event: event.name, lambda event: event.name))
    if counted.countable is Countable.resource:
        return Outcome(_count_by(found, lambda event: event.resource_id, _resource_label))
    # A span of the query can be a day where those of the reply are not (Prefect: Countable.day).
    width = timedelta(days=1) if counted.countable is Countable.day else spans.width
    whole = context.dialect.lateness_whole_seconds
    numbers = Counter(_span_of(event.occurred, width, whole=whole) for event in found)
    return Outcome(_count_by_time(spans, numbers))


def _make_spans(body: EventCountRequest, since: datetime, until: datetime, now: datetime) -> _Spans:
    width = timedelta(**{f"{body.time_unit}s": body.time_interval})
    number = ceil((until - since) / width)
    if number > MAX_SPANS:
        raise OutOfBounds(
            f"The given interval would create {number} buckets, which is too many. Please increase "
            f"the interval or reduce the time range to produce {MAX_SPANS} buckets or fewer."
        )
    if until > now:
        until = _end_of(body.time_unit, now)
    first = (since - PIVOT) // width
    starts, start = [], PIVOT + width * first
    while start < until:
        starts.append(start)
        start += width
    return _Spans(width, first, starts)


def _end_of(unit: TimeUnit, now: datetime) -> datetime:
    """The last instant of a week, a day, ... which ends with the Sunday."""
    days = 6 - now.weekday() if unit is TimeUnit.week else 0
    return (now + timedelta(days=days)).replace(**_ENDS[unit])  # type: ignore[arg-type]


def _span_of(occurred: datetime, width: timedelta, *, whole: bool) -> int:
    """The number of the span since PIVOT; `whole`: of the whole seconds of the time."""
    since = occurred - PIVOT
    if whole:  # SQLite's strftime('%s')
        seconds = to_whole_seconds(to_microseconds(occurred))
        since = timedelta(seconds=seconds - PIVOT.timestamp())
    return since // width


def _count_by_time(spans: _Spans, numbers: Mapping[int, int]) -> list[dict[str, Any]]:
    """The number of events in each span, by the number of the span since PIVOT."""
    counts = [
        {
            "value": str(place),
            "label": start.isoformat(),
            "count": 0,
            "start_time": start,
            "end_time": start + spans.width - _MICROSECOND,
        }
        for place, start in enumerate(spans.starts)
    ]
    for span, number in numbers.items():
        try:
            counts[span - spans.first]["count"] = number
        except IndexError:  # as of an event to come, in Prefect's process_time_based_counts too
            raise ServerFailure("an event outside all spans of time", retryable=False) from None
    return counts


def _resource_label(event: Event) -> str:
    resource = event.resource
    name = resource.get("prefect.resource.name", resource.get("prefect.name"))
    return event.resource_id if name is None else name


def _count_by(
    events: Iterable[Event], value_of: Callable[[Event], str], label_of: Callable[[Event], str]
) -> list[dict[str, Any]]:
    """A count for each value, with the label that it had last."""
    by_value: dict[str, list[Event]] = {}
    for event in events:
        by_value.setdefault(value_of(event), []).append(event)
    counts = []
    for value, having in by_value.items():
        first, last = (choose(having, key=_occurred) for choose in (min, max))
        counts.append(
            {
                "value": value,
                "label": label_of(last),
                "count": len(having),
                "start_time": first.occurred,
                "end_time": last.occurred,
            }
        )
    return sorted(counts, key=lambda one: (-one["count"], one["label"]))


def _occurred(event: Event) -> datetime:
    return event.occurred
