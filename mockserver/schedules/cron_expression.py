"""Cron expressions, read as Prefect's parser does: a copy of croniter in `prefect/_vendor`.

croniter on PyPI has moved on since, keeps each expression and each date that it ever saw, and
takes 50 microseconds for a date. Its quirks stand here, where a test can show them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

MAX_LENGTH = 10_000
"""Characters of an expression that is read; croniter has no bound."""

_ALIASES = {
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Field(NamedTuple):
    low: int
    high: int
    names: Mapping[str, int] = {}


_DAY = _Field(1, 31)
_MONTH = _Field(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)})
_WEEKDAY = _Field(0, 6, {name: number for number, name in enumerate(_WEEKDAYS)})
_SECOND, _YEAR = _Field(0, 59), _Field(1970, 2099)
_FIELDS = (_Field(0, 59), _Field(0, 23), _DAY, _MONTH, _WEEKDAY, _SECOND, _YEAR)
# What stands for another number: with five fields 7 is Sunday, with six 0 is the first day.
_ALIAS_NUMBERS = {5: (_WEEKDAY, 7, 0), 6: (_DAY, 0, 1), 7: (_YEAR, 0, 0)}
_RANGE = re.compile(r"([^-]+)-([^-/]+)(?:/(\d+))?")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NTH_WEEKDAY = re.compile(
    rf"(?:(?:(?:{'|'.join(_WEEKDAYS)})(?:-(?:{'|'.join(_WEEKDAYS)}))?|\w+)#|l)(\d+)"
)
LAST = -1
"""In place of which weekday of a month it is: the last one."""


class CronField(NamedTuple):
    """What one field of an expression allows.

    `any`: every value, whatever `numbers` are. `last`: the last day of the month. `nth` has
    weekdays of which only some count, each with which of a month: 1 to 5, or `LAST`.
    """

    numbers: tuple[int, ...] = ()
    any: bool = False
    last: bool = False
    nth: tuple[tuple[int, int], ...] = ()


class CronExpression(NamedTuple):
    """An expression that was read. Without `second` it is that of a whole minute."""

    minute: CronField
    hour: CronField
    day: CronField
    month: CronField
    weekday: CronField
    second: CronField | None = None
    year: CronField | None = None


def is_cron(text: str) -> bool:
    """Whether a text has the five fields of a cron expression, or six or seven, or is an alias."""
    return parse_cron(text) is not None


def parse_cron(text: str) -> CronExpression | None:
    """The expression that a text is; None where it is none."""
    if len(text) > MAX_LENGTH:
        return None
    lowered = text.lower()
    texts = _ALIASES.get(lowered, lowered).split()
    if len(texts) not in _ALIAS_NUMBERS:
        return None
    reader = _Reader(*_ALIAS_NUMBERS[len(texts)])
    fields = []
    for one, field in zip(texts, _FIELDS, strict=False):
        found = reader.read(one, field)
        if found is None:
            return None
        fields.append(_with_all_as_any(found, field, texts))
    return CronExpression(*fields)


def _with_all_as_any(found: CronField, field: _Field, texts: list[str]) -> CronField:
    """A field that lists every value is as `*`; one of days only if the other of them has a `*`."""
    listed = len(found.numbers) + found.any + found.last
    if listed != field.high - field.low + 1:
        return found
    other = texts[4] if field is _DAY else texts[2] if field is _WEEKDAY else "*"
    return found._replace(any=True) if "*" in other else found


class _Reader(NamedTuple):
    """How the numbers of an expression are read: in one field one stands for another."""

    aliased: _Field
    number: int
    meaning: int

    def read(self, text: str, field: _Field) -> CronField | None:
        """What a field allows; None where it cannot be this."""
        if "?" in text:
            one_of_days = field is _DAY or field is _WEEKDAY
            return CronField(any=True) if text == "?" and one_of_days else None
        entries = text.split(",")
        nth = [one for one in entries if field is _WEEKDAY and _NTH_WEEKDAY.fullmatch(one)]
        if nth:
            return self._read_nth(nth, entries)
        numbers = [self._numbers(entry, field) for entry in entries if not _is_mark(entry, field)]
        if None in numbers:
            return None
        return CronField(_sorted(filter(None, numbers)), "*" in entries, "l" in entries)

    def _read_nth(self, nth: list[str], entries: list[str]) -> CronField | None:
        """Which weekdays of a month a field allows."""
        if len(nth) + entries.count("*") < len(entries):
            return None  # croniter does not mix them with other days
        pairs: list[tuple[int, int]] = []
        for entry in nth:
            days, _, number = entry.rpartition("#")
            which = int(number) if days else LAST  # l5: the last Friday
            weekdays = self._numbers(days or entry[1:], _WEEKDAY)
            if weekdays is None or not (which == LAST or 1 <= which <= 5):
                return None
            pairs.extend((weekday, which) for weekday in weekdays)
        weekdays = _sorted([[weekday for weekday, _ in pairs]])
        return CronField(weekdays, "*" in entries, nth=tuple(dict.fromkeys(pairs)))

    def _numbers(self, entry: str, field: _Field) -> Iterable[int] | None:
        """The numbers that one of the entries between commas stands for; None for none."""
        if entry.startswith("*/"):
            entry = f"{field.low}-{field.high}{entry[1:]}"
        found = _RANGE.fullmatch(entry) or _RANGE.fullmatch(
            re.sub(r"^(.+)/(.+)$", rf"\1-{field.high}/\2", entry)
        )
        if found is None:
            value = self._value(entry, field)
            return None if value is None or not field.low <= value <= field.high else (value,)
        low, high, step = found.groups()
        if field is _DAY and high == "l":
            high = "31"
        first, last = self._value(low, field), self._value(high, field)
        if first is None or last is None or max(first, last) > field.high:
            return None
        # What is below the lowest number is no value of a range, unless that means all values.
        if (step is not None and int(step) == 0) or first < min(last, field.low):
            return None
        return _range(first, last, int(step or 1), field)

    def _value(self, text: str, field: _Field) -> int | None:
        """The number that a text stands for in a field; None for none."""
        number = int(text) if _NUMBER.fullmatch(text) else field.names.get(text)
        return self.meaning if field is self.aliased and number == self.number else number


def _is_mark(entry: str, field: _Field) -> bool:
    return entry == "*" or (entry == "l" and field is _DAY)


def _sorted(numbers: Iterable[Iterable[int]]) -> tuple[int, ...]:
    return tuple(sorted({number for some in numbers for number in some}))


def _range(first: int, last: int, step: int, field: _Field) -> Iterable[int]:
    """Each `step`-th number of a range; a range from a number to itself is that of all."""
    if first == last:
        return range(field.low, field.high + 1, step)
    if first < last:
        return range(first, last + 1, step)
    # Over the end and on from the lowest. A step that ends past it skips what it would have
    # passed, but only if it ends well past it (croniter's quirk).
    upper = range(first, field.high + 1, step)
    passed = field.high - upper[-1]
    skipped = step - passed if upper[-1] + step > field.high + 1 and passed < step else 0
    return (*upper, *range(field.low + skipped, last + 1, step))
