"""The dates of a schedule by an interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import dropwhile

from .effort import Effort
from .wall_clock import at_last, load_zone, wall_time
from .wanted import Wanted

_DAY = timedelta(days=1)
_STEPS_AT_ONCE = 3.5  # a day of `_walk` takes so much less time than other steps


@dataclass(frozen=True, slots=True)
class IntervalDates:
    """Dates at an interval, counted from an anchor.

    Days are those of the zone's calendar: at the same time of the clock on the wall, however long
    a day is. The rest of an interval is exact.
    """

    interval: timedelta
    anchor: datetime
    zone: str

    def find(self, wanted: Wanted, *, by_calendar: bool) -> Iterator[datetime]:
        """Its dates that are wanted, in its zone.

        `by_calendar`: the way from the anchor to the first date is counted in days of the calendar,
        and not of 24 hours. Raises TooLarge, and OverflowError for a date after the year 9999.
        """
        zone = load_zone(self.zone)
        # Dates of one zone compare as the clock on the wall has them, and so does Prefect.
        start, anchor = wanted.start.astimezone(zone), self.anchor.astimezone(zone)
        wanted = wanted._replace(start=start, end=wanted.end.astimezone(zone))
        steps = self._by_calendar if by_calendar else self._by_hours
        dates = steps(anchor, start, wanted.effort)
        return wanted.choose(dropwhile(lambda date: date < start, dates))

    def _by_hours(self, anchor: datetime, start: datetime, _effort: Effort) -> Iterator[datetime]:
        """Dates from one near the start on, which is whole intervals of seconds from the anchor."""
        # Prefect before 3.9.1: IntervalSchedule._get_dates_generator.
        count = self._count(anchor, start)
        return self._onward(_add(anchor, seconds=self.interval.total_seconds() * count))

    def _by_calendar(self, anchor: datetime, start: datetime, effort: Effort) -> Iterator[datetime]:
        """Dates from one near the start on, however many days of the calendar that is."""
        only_days = self._days != 0 and self._seconds == 0
        if start >= anchor and only_days and self.zone != "UTC":
            return self._onward(self._walk(anchor, start, effort))
        count = self._count(anchor, start)
        while self._jump(anchor, count) > start:
            count -= 1
        # Before the anchor, a date that the clock skips moves none of the others.
        jumps = range(count, 0) if only_days and start < anchor else ()
        return self._before_anchor(anchor, jumps, self._jump(anchor, count))

    def _before_anchor(
        self, anchor: datetime, jumps: range | tuple[()], first: datetime
    ) -> Iterator[datetime]:
        yield from (self._jump(anchor, count) for count in jumps)
        yield from self._onward(anchor if jumps else first)

    def _onward(self, date: datetime) -> Iterator[datetime]:
        while True:
            yield date
            date = _add(date, self._days, self._seconds)

    def _walk(self, anchor: datetime, start: datetime, effort: Effort) -> datetime:
        """A date near the start, not after it, day by day from the anchor.

        A date that the clock skips is later, and from then on all are.
        """
        step, near = timedelta(self._days), start - 2 * _DAY
        effort.spend(int(max(0, (near - anchor) // step) / _STEPS_AT_ONCE))
        date, offset = anchor, anchor.utcoffset()
        while (later := date + step) < near:
            # What is skipped has the offset after it in this fold, so the offset differs.
            date = later.replace(fold=1)
            if date.utcoffset() != offset:
                date = at_last(wall_time(date), date.tzinfo)
                offset = date.utcoffset()
        return date

    def _jump(self, anchor: datetime, count: int) -> datetime:
        """The date that many intervals after the anchor, or before it."""
        if self._days and self._seconds:
            return _add(anchor, seconds=self.interval.total_seconds() * count)
        return _add(anchor, self._days * count, self._seconds * count)

    def _count(self, anchor: datetime, start: datetime) -> int:
        """How many whole intervals are between the anchor and the start."""
        elapsed = start.astimezone(UTC) - anchor.astimezone(UTC)
        return int(elapsed.total_seconds() / self.interval.total_seconds())

    @property
    def _days(self) -> int:
        return self.interval.days

    @property
    def _seconds(self) -> float:
        return self.interval.total_seconds() - self._days * 86_400


def _add(date: datetime, days: int = 0, seconds: float = 0) -> datetime:
    """A date that is later by days of the calendar and by seconds."""
    zone = date.tzinfo
    if not days:
        return (date.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(zone)
    return at_last(wall_time(date) + timedelta(days, seconds), zone)
