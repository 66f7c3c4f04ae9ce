"""A recurrence rule, as python-dateutil has parsed it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)  # dateutil's numbers
_DEFAULT_START = date(2020, 1, 1)  # Prefect: schemas/schedules.py, DEFAULT_ANCHOR_DATE


class Rule(NamedTuple):
    """A rule (RFC 5545, section 3.3.10) whose start has filled in what its text leaves open.

    Numbers of what has none are empty. All times are those of the clock on the wall.
    """

    frequency: int
    interval: int
    start: datetime
    until: datetime | None
    most_times: int | None
    week_start: int
    places: Collection[int]
    months: Collection[int]
    month_days: Collection[int]
    month_days_back: Collection[int]
    year_days: Collection[int]
    weeks: Collection[int]
    weekdays: Collection[int]
    nth_weekdays: Collection[tuple[int, int]]
    easter_days: Collection[int]
    hours: Collection[int]
    minutes: Collection[int]
    seconds: Collection[int]


class RuleSet(NamedTuple):
    """Rules and dates that are wanted, and those that are not."""

    rules: tuple[Rule, ...]
    dates: tuple[datetime, ...] = ()
    excluded_rules: tuple[Rule, ...] = ()
    excluded_dates: tuple[datetime, ...] = ()


def parse_rules(text: str) -> RuleSet:
    """The rules of a text. Raises ValueError for a text that is none."""
    from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]

    parsed = rrulestr(text, dtstart=_DEFAULT_START)
    if isinstance(parsed, rrule):
        return RuleSet((_rule(parsed),))
    # What rules and sets of them hold has no public names; Prefect relies on it, too
    # (RRuleSchedule.to_rrule).
    held = vars(parsed)
    return RuleSet(
        tuple(map(_rule, held["_rrule"])),
        tuple(_wall_times(held["_rdate"])),
        tuple(map(_rule, held["_exrule"])),
        tuple(_wall_times(held["_exdate"])),
    )


# The attributes of an rrule, in the order of the fields of `Rule` from `places` on.
_NUMBERS = (
    *("_bysetpos", "_bymonth", "_bymonthday", "_bynmonthday", "_byyearday", "_byweekno"),
    *("_byweekday", "_bynweekday", "_byeaster", "_byhour", "_byminute", "_bysecond"),
)


def _rule(parsed: Any) -> Rule:
    held = vars(parsed)
    until = held["_until"]
    return Rule(
        held["_freq"],
        held["_interval"],
        held["_dtstart"].replace(tzinfo=None),
        until and until.replace(tzinfo=None),
        held["_count"],
        held["_wkst"],
        *(tuple(held[name] or ()) for name in _NUMBERS),
    )


def _wall_times(dates: Iterable[datetime]) -> Iterator[datetime]:
    """Dates without their offsets: those of the schedule's zone take their place."""
    return (one.replace(tzinfo=None) for one in dates)
