"""Cron expressions: which ones Prefect's parser, croniter, takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

MAX_LENGTH = 10_000
"""Characters of an expression that is read; croniter has no bound."""

_ALIASES = frozenset(
    {"@midnight", "@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"}
)
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


def is_cron(text: str) -> bool:
    """Whether a text has the five fields of a cron expression, or six or seven, or is an alias."""
    lowered = text.lower()
    if lowered in _ALIASES:
        return True
    fields = lowered.split()
    if len(fields) not in (5, 6, 7) or len(text) > MAX_LENGTH:
        return False
    expression = _Expression(*_ALIAS_NUMBERS[len(fields)])
    return all(map(expression.has_field, fields, _FIELDS))


class _Expression(NamedTuple):
    """How the numbers of an expression are read: in one field one stands for another."""

    aliased: _Field
    number: int
    meaning: int

    def has_field(self, text: str, field: _Field) -> bool:
        """Whether a field can be this."""
        if "?" in text:
            return text == "?" and (field is _DAY or field is _WEEKDAY)
        entries = text.split(",")
        if field is _WEEKDAY:
            nth = [entry for entry in entries if _NTH_WEEKDAY.fullmatch(entry)]
            if nth:  # croniter does not mix them with other days
                return len(nth) + entries.count("*") == len(entries) and all(map(self._is_nth, nth))
        return all(self._is_entry(entry, field) for entry in entries)

    def _is_nth(self, entry: str) -> bool:
        day, _, number = entry.rpartition("#")
        if day:
            return 1 <= int(number) <= 5 and self._is_entry(day, _WEEKDAY)
        return self._is_entry(entry[1:], _WEEKDAY)  # l5: the last Friday

    def _is_entry(self, entry: str, field: _Field) -> bool:
        """Whether a field can have this among the entries between its commas."""
        if entry == "*" or (entry == "l" and field is _DAY):
            return True
        if entry.startswith("*/"):
            entry = f"{field.low}-{field.high}{entry[1:]}"
        found = _RANGE.fullmatch(entry) or _RANGE.fullmatch(
            re.sub(r"^(.+)/(.+)$", rf"\1-{field.high}/\2", entry)
        )
        if found is None:
            value = self._value(entry, field)
            return value is not None and field.low <= value <= field.high
        low, high, step = found.groups()
        if field is _DAY and high == "l":
            high = "31"
        first, last = self._value(low, field), self._value(high, field)
        if first is None or last is None or max(first, last) > field.high:
            return False
        # What is below the lowest number is no value of a range, unless that means all values.
        return (step is None or int(step) > 0) and (first >= last or first >= field.low)

    def _value(self, text: str, field: _Field) -> int | None:
        """The number that a text stands for in a field; None for none."""
        number = int(text) if _NUMBER.fullmatch(text) else field.names.get(text)
        return self.meaning if field is self.aliased and number == self.number else number
