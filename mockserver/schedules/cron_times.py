"""The times of a cron expression, by the clock on the wall."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from ..errors import ServerFailure
from .cron_expression import LAST, CronExpression, CronField
from .effort import Effort

_MOST_YEARS = 50  # croniter: max_years_between_matches
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)
_ANY = CronField(any=True)


def cron_times(
    cron: CronExpression, after: datetime, effort: Effort, *, day_or: bool
) -> Iterator[datetime]:
    """The times after another one. Raises ServerFailure where the next 50 years have none.

    `day_or`: where both the day and the weekday are restricted, one of them is enough.
    """
    searches = [_Search(cron, effort)]
    if day_or and not cron.day.any and not cron.weekday.any:
        # croniter looks for either, and fails if one of them is never (croniter._get_next). Which
        # weekday of the month counts beside a day, too.
        any_weekday = _ANY._replace(nth=cron.weekday.nth)
        either = (cron._replace(weekday=any_weekday), cron._replace(day=_ANY))
        searches = [_Search(one, effort) for one in either]
    step = _MINUTE if cron.second is None else _SECOND
    while True:
        begin = after.replace(microsecond=0) + step
        after = min([search.first(begin) for search in searches])
        yield after


class _Search(NamedTuple):
    """Looks for the first time that all fields allow, from the largest unit to the smallest."""

    cron: CronExpression
    effort: Effort

    def first(self, begin: datetime) -> datetime:
        """The first time at or after `begin`, of whole minutes if there are no seconds."""
        time: datetime | None = begin
        while time is not None and time.year - begin.year <= _MOST_YEARS:
            self.effort.spend(2)  # longer than a day of a rule
            later = self._later(time)
            if later == time:
                return time if self.cron.second else time.replace(second=0)
            time = later
        raise ServerFailure("failed to find next date", retryable=False)

    def _later(self, time: datetime) -> datetime | None:
        """The time itself if all is right, else one before which none is; None: there is none."""
        cron = self.cron
        if cron.year and not cron.year.any and time.year not in cron.year.numbers:
            year = next((one for one in cron.year.numbers if one > time.year), None)
            return None if year is None else datetime(year, 1, 1)
        if not cron.month.any and time.month not in cron.month.numbers:
            month = _ahead(cron.month.numbers, time.month, 12) + time.month
            return datetime(time.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        days = self._days_ahead(time)
        if days:
            return time.replace(hour=0, minute=0, second=0) + days * _DAY
        if not cron.hour.any and (hours := _ahead(cron.hour.numbers, time.hour, 24)):
            return time.replace(minute=0, second=0) + hours * _HOUR
        if not cron.minute.any and (minutes := _ahead(cron.minute.numbers, time.minute, 60)):
            return time.replace(second=0) + minutes * _MINUTE
        if cron.second and not cron.second.any:
            return time + _ahead(cron.second.numbers, time.second, 60) * _SECOND
        return time

    def _days_ahead(self, time: datetime) -> int:
        """How many days away the first day is that may be right; 0: this one is."""
        day, weekday = self.cron.day, self.cron.weekday
        if not day.any:
            length = monthrange(time.year, time.month)[1]
            # A day that this month does not have is counted into the next one: from 2 February
            # the 31st is 3 March, and so "1,31" leaves 1 March out (croniter's quirk).
            numbers = (*day.numbers, length) if day.last else day.numbers
            ahead = _ahead(numbers, time.day, length)
            if ahead and not (day.last and time.day == length):
                return ahead
        if weekday.nth:
            return _nth_days_ahead(weekday.nth, time)
        return 0 if weekday.any else _ahead(weekday.numbers, time.isoweekday() % 7, 7)


def _ahead(numbers: tuple[int, ...], number: int, length: int) -> int:
    """How far the next of some numbers is, of which the first follows after the last."""
    later = next((one for one in numbers if one >= number), None)
    return numbers[0] + length - number if later is None else later - number


def _nth_days_ahead(nth: tuple[tuple[int, int], ...], time: datetime) -> int:
    """How many days away the next of such weekdays is, at most to the next month."""
    before, length = monthrange(time.year, time.month)
    found = []
    for weekday, which in nth:
        first = 1 + (weekday - 1 - before) % 7
        days = range(first, length + 1, 7)
        if which == LAST:
            found.append(days[-1])
        elif which <= len(days):
            found.append(days[which - 1])
    later = [day for day in found if day >= time.day]
    return (min(later) if later else length + 1) - time.day
