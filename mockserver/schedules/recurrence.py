"""The times of recurrence rules (RFC 5545), as python-dateutil has them.

python-dateutil goes through all times since the start of a rule and, where none is left, on to the
year 9999, and nothing can stop it. Here they are found from any time on, and the effort is counted.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cached_property
from heapq import merge
from itertools import islice, product
from typing import NamedTuple

from .effort import Effort
from .recurrence_days import Days
from .recurrence_rule import (
    DAILY,
    HOURLY,
    MINUTELY,
    MONTHLY,
    SECONDLY,
    WEEKLY,
    YEARLY,
    Rule,
    RuleSet,
)

_UNITS = {
    DAILY: timedelta(days=1),
    HOURLY: timedelta(hours=1),
    MINUTELY: timedelta(minutes=1),
    SECONDLY: timedelta(seconds=1),
}
_LAST_DAY = date.max.toordinal()


class Span(NamedTuple):
    """From when until when times are looked for, by the clock on the wall, and at what effort."""

    begin: datetime
    end: datetime
    effort: Effort


def rule_times(rules: RuleSet, span: Span) -> Iterator[datetime]:
    """The times of rules in a span, the earliest first."""
    excluded = _times_of(rules.excluded_rules, rules.excluded_dates, span)
    hidden = next(excluded, None)
    last = None
    for one in _times_of(rules.rules, rules.dates, span):
        while hidden is not None and hidden < one:
            hidden = next(excluded, None)
        if one not in (hidden, last):
            yield one
        last = one


def _times_of(rules: Iterable[Rule], dates: Iterable[datetime], span: Span) -> Iterator[datetime]:
    """The times of rules and dates together."""
    later = (one for one in sorted(dates) if one >= span.begin)
    return merge(later, *(_RuleTimes(rule, span).find() for rule in rules))


class _Period(NamedTuple):
    """A period of a rule, such as a month: its days, and the times of each of them."""

    days: Iterable[date]
    times: tuple[time, ...]


class _RuleTimes:
    """The times of one rule in a span."""

    def __init__(self, rule: Rule, span: Span) -> None:
        self._rule = rule
        self._span = span
        self._days = Days(rule)
        self._end = min(rule.until or span.end, span.end)

    def find(self) -> Iterator[datetime]:
        """The times, the earliest first."""
        start, most = self._rule.start, self._rule.most_times
        # To know which ones are left of a number of times, all are counted.
        since = start if most is not None else max(start, self._span.begin)
        times = (one for period in self._periods(since) for one in self._chosen(period))
        started = (one for one in times if one >= start)
        for one in islice(started, most):
            if one > self._end:
                return
            if one >= self._span.begin:
                yield one

    def _chosen(self, period: _Period) -> Iterator[datetime]:
        """The times of a period, or those of some places in it."""
        days = []
        for day in period.days:
            self._span.effort.spend()
            if self._days.has(day):
                days.append(day)
        times = (datetime.combine(day, one) for day, one in product(days, period.times))
        if not self._rule.places:
            for one in times:
                self._span.effort.spend()
                yield one
            return
        self._span.effort.spend(len(days) * len(period.times))
        found = list(times)
        places = (place if place < 0 else place - 1 for place in self._rule.places)
        yield from sorted({found[one] for one in places if -len(found) <= one < len(found)})

    def _periods(self, since: datetime) -> Iterator[_Period]:
        """The periods from the one on that has a time."""
        by_frequency = {YEARLY: self._years, MONTHLY: self._months, WEEKLY: self._weeks}
        return by_frequency.get(self._rule.frequency, self._short_periods)(since)

    def _years(self, since: datetime) -> Iterator[_Period]:
        for year in self._steps(self._rule.start.year, since.year, self._end.year):
            months = sorted(self._rule.months) or range(1, 13)
            yield _Period((day for one in months for day in _days_of(year, one)), self._clock)

    def _months(self, since: datetime) -> Iterator[_Period]:
        bounds = (one.year * 12 + one.month - 1 for one in (self._rule.start, since, self._end))
        for number in self._steps(*bounds):
            yield _Period(_days_of(number // 12, number % 12 + 1), self._clock)

    def _weeks(self, since: datetime) -> Iterator[_Period]:
        # The first week begins on the day of the start, all others on the first day of a week.
        start = self._rule.start.toordinal()
        first = start - (self._rule.start.weekday() - self._rule.week_start) % 7
        for day in self._steps(first, since.toordinal() - 6, self._end.toordinal(), 7):
            week = range(max(day, start), min(day + 7, _LAST_DAY + 1))
            yield _Period(map(date.fromordinal, week), self._clock)

    def _steps(self, first: int, begin: int, last: int, unit: int = 1) -> Iterator[int]:
        """The numbers from `begin` to `last` that are whole intervals away from the first one."""
        step = unit * self._rule.interval
        skipped = max(0, -((first - begin) // step))
        for number in range(first + skipped * step, last + 1, step):
            self._span.effort.spend()
            yield number

    def _short_periods(self, since: datetime) -> Iterator[_Period]:
        """Days, hours, minutes or seconds. Those of which no time is right are left out."""
        unit = _UNITS[self._rule.frequency]
        first = _whole(self._rule.start, unit)
        step = unit * self._rule.interval
        number = max(0, -((first - _whole(since, unit)) // step))
        while (begin := first + number * step) <= self._end:
            self._span.effort.spend()
            later = self._later(begin)
            if later == begin:
                yield _Period((begin.date(),), self._times_within(begin))
                number += 1
            else:
                number = -((first - later) // step)

    def _later(self, begin: datetime) -> datetime:
        """A period's begin if it may be right, else a time before which none is."""
        rule = self._rule
        if not self._days.has(begin.date()):
            return _whole(begin, _UNITS[DAILY]) + _UNITS[DAILY]
        if rule.frequency >= HOURLY and rule.hours and begin.hour not in rule.hours:
            return _whole(begin, _UNITS[HOURLY]) + _UNITS[HOURLY]
        if rule.frequency >= MINUTELY and rule.minutes and begin.minute not in rule.minutes:
            return _whole(begin, _UNITS[MINUTELY]) + _UNITS[MINUTELY]
        if rule.frequency == SECONDLY and rule.seconds and begin.second not in rule.seconds:
            return begin + _UNITS[SECONDLY]
        return begin

    def _times_within(self, begin: datetime) -> tuple[time, ...]:
        rule = self._rule
        if rule.frequency == DAILY:
            return self._clock
        minutes = (begin.minute,) if rule.frequency >= MINUTELY else rule.minutes
        seconds = (begin.second,) if rule.frequency == SECONDLY else rule.seconds
        return tuple(sorted(time(begin.hour, *one) for one in product(minutes, seconds)))

    @cached_property
    def _clock(self) -> tuple[time, ...]:
        """The times of a day, of a rule of days or longer periods."""
        parts = product(self._rule.hours, self._rule.minutes, self._rule.seconds)
        return tuple(sorted(time(*one) for one in parts))


def _whole(instant: datetime, unit: timedelta) -> datetime:
    """The begin of the day, hour, minute or second that a time is in."""
    return instant - (instant - datetime.min) % unit


def _days_of(year: int, month: int) -> Iterator[date]:
    return (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
