"""The dates of a schedule by a cron expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import takewhile
from zoneinfo import ZoneInfo

from .cron_expression import CronExpression
from .cron_times import cron_times
from .wall_clock import at_first, at_unchanged, load_zone, offset_of, offsets, wall_time
from .wanted import Wanted

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CronDates:
    """Dates by a cron expression, which is about the clock on the wall of a zone."""

    cron: CronExpression
    zone: str
    day_or: bool = True

    def find(self, wanted: Wanted, *, skipped_later: bool) -> Iterator[datetime]:
        """Its dates that are wanted, in its zone.

        `skipped_later`: a time that the clock skips is as much later, and not as much earlier, and
        no date is before the start. Raises TooLarge, and ServerFailure where 50 years have none.
        """
        zone = load_zone(self.zone)
        wanted = wanted._replace(end=wanted.end.astimezone(zone))
        candidates = self._from_start if skipped_later else self._near_start
        return wanted.choose(candidates(wanted, zone))

    def _near_start(self, wanted: Wanted, zone: ZoneInfo) -> Iterator[datetime]:
        # Prefect before 3.9.1: CronSchedule._get_dates_generator.
        before = _just_before(wanted.start.astimezone(UTC))
        times = self._times(wall_time(before.astimezone(zone)), wanted)
        return (at_first(one, zone) for one in times)

    def _from_start(self, wanted: Wanted, zone: ZoneInfo) -> Iterator[datetime]:
        # Prefect: CronSchedule._get_dates_whenever.
        start = wanted.start.astimezone(zone)
        begin = _end_of_repeated(start, zone) if start.fold else wall_time(start)
        dates = merge(
            self._moved_past(start, zone, wanted),
            (at_unchanged(one, zone) for one in self._times(_just_before(begin), wanted)),
            key=_instant,
        )
        return (date for date in dates if _instant(date) >= _instant(start))

    def _moved_past(self, start: datetime, zone: ZoneInfo, wanted: Wanted) -> Iterator[datetime]:
        """Dates at or after the start at times before it, which the clock has just skipped."""
        day_before = (start.astimezone(UTC) - _DAY).astimezone(zone)
        gap = offset_of(start) - offset_of(day_before)
        begin = wall_time(start) - max(gap, timedelta())
        times = self._times(_just_before(begin), wanted) if _is_skipped(begin, zone) else iter(())
        skipped = takewhile(lambda one: _is_skipped(one, zone), times)
        return (at_unchanged(one, zone) for one in skipped)

    def _times(self, after: datetime, wanted: Wanted) -> Iterator[datetime]:
        return cron_times(self.cron, after, wanted.effort, day_or=self.day_or)


def _just_before(time: datetime) -> datetime:
    """A time so that the next whole second after it is the first one at or after a time."""
    return time if time.microsecond else time - _SECOND


def _instant(date: datetime) -> datetime:
    return date.astimezone(UTC)


def _is_skipped(wall: datetime, zone: ZoneInfo) -> bool:
    before, after = offsets(wall, zone)
    return before < after


def _end_of_repeated(start: datetime, zone: ZoneInfo) -> datetime:
    """When the time of the clock ends that is shown for the second time at the start."""
    low = wall_time(start)
    before, after = offsets(low, zone)
    high = low + (before - after)
    # The first whole second that is shown once.
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        first, second = offsets(middle, zone)
        low, high = (middle, high) if first > second else (low, middle)
    return high
