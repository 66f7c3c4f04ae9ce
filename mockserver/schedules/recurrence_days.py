"""Which days a recurrence rule allows."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date

from .recurrence_rule import MONTHLY, Rule


class Days:
    """The days that meet all conditions of a rule."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        # Else the first Monday is that of a year.
        self._within_months = rule.frequency == MONTHLY or bool(rule.months)
        # Each condition has a line; a rule without it does not ask.
        conditions = (
            (rule.months, self._is_month),
            (rule.weekdays, self._is_weekday),
            (rule.month_days or rule.month_days_back, self._is_month_day),
            (rule.nth_weekdays, self._is_nth_weekday),
            (rule.year_days, self._is_year_day),
            (rule.weeks, self._is_week),
            (rule.easter_days, self._is_easter),
        )
        self._conditions = [holds for given, holds in conditions if given]

    def has(self, day: date) -> bool:
        """Whether a day meets them."""
        return all(holds(day) for holds in self._conditions)

    def _is_month(self, day: date) -> bool:
        return day.month in self._rule.months

    def _is_weekday(self, day: date) -> bool:
        return day.weekday() in self._rule.weekdays

    def _is_month_day(self, day: date) -> bool:
        back = day.day - monthrange(day.year, day.month)[1] - 1
        return day.day in self._rule.month_days or back in self._rule.month_days_back

    def _is_nth_weekday(self, day: date) -> bool:
        place, length = day.timetuple().tm_yday, _year_length(day.year)
        if self._within_months:
            place, length = day.day, monthrange(day.year, day.month)[1]
        which = ((place - 1) // 7 + 1, -((length - place) // 7 + 1))
        return any((day.weekday(), nth) in self._rule.nth_weekdays for nth in which)

    def _is_year_day(self, day: date) -> bool:
        place = day.timetuple().tm_yday
        back = place - _year_length(day.year) - 1
        return place in self._rule.year_days or back in self._rule.year_days

    def _is_week(self, day: date) -> bool:
        """Whether it is in a week of a year; week 1 has at least four days of the year."""
        # The fourth day of a week is in the year that the week counts to.
        since = (day.weekday() - self._rule.week_start) % 7
        middle = date.fromordinal(day.toordinal() - since + 3)
        place = middle.timetuple().tm_yday
        week = (place - 1) // 7 + 1
        weeks = week + (_year_length(middle.year) - place) // 7
        return week in self._rule.weeks or week - weeks - 1 in self._rule.weeks

    def _is_easter(self, day: date) -> bool:
        from dateutil.easter import easter  # type: ignore[import-untyped]

        return (day - easter(day.year)).days in self._rule.easter_days


def _year_length(year: int) -> int:
    return 365 + isleap(year)
