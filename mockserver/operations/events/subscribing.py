"""What a subscriber of events is sent: what it has missed, and what is new."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...events import Event, EventMatcher
from ...requests import read_value
from ...requests.objects import EventFilter
from .. import Context
from .filtering import compile_filter, select_events

# Default of Prefect's setting server.events.maximum_websocket_backfill.
MAX_BACKFILL = timedelta(minutes=15)
# Chosen: clocks that differ by less show the same time.
_SAME_TIME = timedelta(seconds=1)


def read_subscription(
    context: Context, value: object, *, with_missed: bool
) -> tuple[EventMatcher, list[Event]]:
    """The matcher of a subscriber's filter, a JSON value, and the recent events that it selects.

    Raises InvalidRequest, and TooLarge for a filter that takes too long.
    """
    filter_ = read_value(EventFilter, value)
    matcher = _compile(filter_, context.now)
    if not with_missed:
        return matcher, []
    return matcher, select_events(context, filter_, matcher, ascending=True)


def _compile(filter_: EventFilter, now: datetime) -> EventMatcher:
    """The matcher of a subscriber's filter at an instant of the world.

    The times of the filter are by the client's clock, which runs; where the world's shows another
    time, they are that much later or earlier.
    """
    client_now = datetime.now(UTC)
    ahead = now - client_now
    if abs(ahead) < _SAME_TIME:
        client_now, ahead = now, timedelta(0)
    matcher = compile_filter(filter_, client_now)
    since, until = max(matcher.since, client_now - MAX_BACKFILL), matcher.until
    with suppress(OverflowError):  # a time near the years 1 or 9999 stays as it is
        since, until = since + ahead, until + ahead
    return replace(matcher, since=since, until=until)
