"""The fast path of loading: many values of one field, read at once.

Each reader takes values of the field's Python types, None where one is null, and the instant of the
load. It returns what `Field.read` makes of each value, and None for each null. It raises ValueError
where it cannot tell at once whether all values are valid; they are then read one by one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from math import isfinite
from typing import Any

import orjson

from ...prefect import parse_seed_time


def read_uuids(values: Sequence[Any], _now: datetime) -> Sequence[str | None]:
    """Read uuids of 36 characters with hyphens; they become lower-case."""
    present = _not_null(values)
    joined, expected = _join_lines(present), _UUID * len(present)
    if joined.translate(_HEX) == expected:
        return values
    if joined.translate(_ANY_HEX) == expected:
        return [value and value.lower() for value in values]
    raise ValueError("not plain uuids")


def are_uuid_lines(text: bytes, count: int) -> bool:
    """Whether a text is so many lines of lower-case uuids, the last without a line break."""
    return text.translate(_HEX) == (_UUID * count)[:-1]


def _not_null(values: Sequence[Any]) -> Sequence[Any]:
    """The values without the nulls."""
    return [value for value in values if value is not None] if None in values else values


def _join_lines(values: Sequence[str]) -> bytes:
    return "\n".join((*values, "")).encode()


# With each digit made a 0, every uuid is the same text: one comparison checks all of them.
_HEX = bytes.maketrans(b"123456789abcdef", 15 * b"0")
_ANY_HEX = bytes.maketrans(b"123456789abcdefABCDEF", 21 * b"0")
_UUID = b"00000000-0000-0000-0000-000000000000\n"


def read_texts(values: Sequence[Any], _now: datetime) -> Sequence[str | None]:
    """Read texts; a lone surrogate is refused, because it cannot be encoded."""
    "".join(_not_null(values)).encode()
    return values


def read_numbers(values: Sequence[Any], _now: datetime) -> Sequence[float | None]:
    """Read finite numbers."""
    if not all(map(isfinite, _not_null(values))):
        raise ValueError("not finite")
    return values


def read_counts(values: Sequence[Any], _now: datetime) -> Sequence[int | None]:
    """Read whole numbers that are 0 or more."""
    if min(_not_null(values), default=0) < 0:
        raise ValueError("below 0")
    return values


def read_moments(values: Sequence[Any], now: datetime) -> Sequence[datetime | None]:
    """Read instants: fast where all are as servers write them, or all seconds relative to `now`."""
    present = _not_null(values)
    if not present:
        return values
    joined = _join_lines(present)
    shapes = _shapes(joined, len(present))
    # The shape is right, so only the digits can be wrong (a month 13): Python's parser checks them.
    if shapes <= _SERVER_SHAPES and not (_PARSER_TAKES_HOUR_24 and b"T24" in joined):
        return _parse_not_null(datetime.fromisoformat, values)
    if all(map(_RELATIVE_SHAPE.fullmatch, shapes)):
        return restore_nulls(values, _read_relative(joined[:-1].decode(), now))
    return _parse_not_null(lambda text: parse_seed_time(text, now), values)


def _parse_not_null(
    parse: Callable[[str], datetime], values: Sequence[str | None]
) -> list[datetime | None]:
    return [None if value is None else parse(value) for value in values]


def restore_nulls(values: Sequence[Any], read: Iterable[Any]) -> list[Any]:
    """`values` with those that are not null replaced by what was read of them, in order."""
    replacements = iter(read)
    return [None if value is None else next(replacements) for value in values]


def _shapes(joined: bytes, count: int) -> set[bytes]:
    """The distinct shapes of texts, each with its digits made 0.

    `joined` has one text per line. Raises ValueError if a text contains a line break.
    """
    shapes = joined.translate(_DIGITS)
    first = shapes[: shapes.index(b"\n") + 1]
    if shapes == first * count:
        return {first[:-1]}
    different = shapes.split(b"\n")
    if len(different) != count + 1:
        raise ValueError("a text with a line break")
    return set(different[:-1])


_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_SERVER_SHAPES = {b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000000Z"}
# RFC 3339, section 5.6, has no hour 24. Python's parser may accept it from 3.13 on.
_PARSER_TAKES_HOUR_24 = sys.version_info >= (3, 13)
_RELATIVE_SHAPE = re.compile(rb"now[+-]0{1,9}(\.0{1,6})?s")
# Seconds since 1970 (until 2106). Below, neighbouring floats are less than half a microsecond apart
# (2**-21 s), so that a float in seconds rounds to the right microsecond.
_EXACT_UNTIL = 1 << 32


def _read_relative(joined: str, now: datetime) -> Sequence[datetime]:
    """Read `now-1.5s` and the like, one per line, as `now + timedelta(seconds=...)` does.

    Raises ValueError where a float of seconds since 1970 cannot tell microseconds apart.
    """
    whole_seconds = (now - _EPOCH) // timedelta(seconds=1)
    fraction = now.microsecond / 1e6
    # As a JSON list of numbers, all are parsed in one call.
    for text, replacement in (("now", ""), ("+", ""), ("s\n", ","), ("s", "")):
        joined = joined.replace(text, replacement)
    found = [whole_seconds + (fraction + seconds) for seconds in orjson.loads(f"[{joined}]")]
    if min(found) < 0 or max(found) >= _EXACT_UNTIL:
        raise ValueError("far from 1970")
    return list(map(datetime.fromtimestamp, found, repeat(UTC)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
