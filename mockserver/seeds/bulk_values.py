"""Many values of one kind at once, where they plainly are good: the fast road of loading.

Each function takes values, None where one is null, and returns what the field's careful reader
makes of them, and the nulls; it raises ValueError where it cannot tell at a glance, and then the
careful reader decides.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from math import isfinite
from typing import Any

import orjson

from ..prefect import parse_seed_time


def read_uuids(values: Sequence[Any], _now: datetime) -> Sequence[str | None]:
    """Texts of 36 characters, hyphens where they belong, hexadecimal digits elsewhere."""
    present = _not_null(values)
    joined, expected = _join_lines(present), _UUID * len(present)
    if joined.translate(_HEX) == expected:
        return values
    if joined.translate(_ANY_HEX) == expected:
        return [value and value.lower() for value in values]
    raise ValueError("not plain uuids")


def _not_null(values: Sequence[Any]) -> Sequence[Any]:
    """The values but the nulls."""
    return [value for value in values if value is not None] if None in values else values


def _join_lines(values: Sequence[str]) -> bytes:
    return "\n".join((*values, "")).encode()


_HEX = bytes.maketrans(b"123456789abcdef", 15 * b"0")
_ANY_HEX = bytes.maketrans(b"123456789abcdefABCDEF", 21 * b"0")
_UUID = b"00000000-0000-0000-0000-000000000000\n"


def read_texts(values: Sequence[Any], _now: datetime) -> Sequence[str | None]:
    """Texts without a lone surrogate."""
    "".join(_not_null(values)).encode()
    return values


def read_numbers(values: Sequence[Any], _now: datetime) -> Sequence[float | None]:
    """Numbers that are finite."""
    if not all(map(isfinite, _not_null(values))):
        raise ValueError("not finite")
    return values


def read_counts(values: Sequence[Any], _now: datetime) -> Sequence[int | None]:
    """Whole numbers, 0 or more, written without a fraction."""
    if min(_not_null(values), default=0) < 0:
        raise ValueError("below 0")
    return values


def read_moments(values: Sequence[Any], now: datetime) -> Sequence[datetime | None]:
    """Instants as servers write them, or in seconds from now; any other is read by itself."""
    present = _not_null(values)
    if not present:
        return values
    joined = _join_lines(present)
    shapes = _shapes(joined, len(present))
    # Python's parser looks at the digits.
    if shapes <= _SERVER_SHAPES and not (_PARSER_TAKES_HOUR_24 and b"T24" in joined):
        return _parse_not_null(datetime.fromisoformat, values)
    if all(map(_RELATIVE_SHAPE.fullmatch, shapes)):
        found = iter(_read_relative(joined[:-1].decode(), now))
        return _parse_not_null(lambda _: next(found), values)
    return _parse_not_null(lambda text: parse_seed_time(text, now), values)


def _parse_not_null(
    read: Callable[[str], datetime], values: Sequence[str | None]
) -> list[datetime | None]:
    return [None if value is None else read(value) for value in values]


def _shapes(joined: bytes, count: int) -> set[bytes]:
    """What texts, a line each, have but for their digits. Raises ValueError if one is no line."""
    shapes = joined.translate(_DIGITS)
    first = shapes[: shapes.index(b"\n") + 1]
    if shapes == first * count:
        return {first[:-1]}
    different = shapes.split(b"\n")
    if len(different) != count + 1:
        raise ValueError("not a line each")
    return set(different[:-1])


_DIGITS = bytes.maketrans(b"123456789", b"000000000")
"""What differs in its digits alone has one shape."""
_SERVER_SHAPES = {b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000000Z"}
_PARSER_TAKES_HOUR_24 = sys.version_info >= (3, 13)
"""Python's parser may take the hour 24, which RFC 3339 has not."""
_RELATIVE_SHAPE = re.compile(rb"now[+-]0{1,9}(\.0{1,6})?s")
_EXACT_UNTIL = 1 << 32
"""Seconds since 1970, up to which a float tells one microsecond from the next."""


def _read_relative(joined: str, now: datetime) -> Sequence[datetime]:
    """Instants in seconds from now, a line each, as `now + timedelta(seconds=...)` gives them."""
    since = (now - _EPOCH) // timedelta(seconds=1)
    part = now.microsecond / 1e6
    for word, number in (("now", ""), ("+", ""), ("s\n", ","), ("s", "")):
        joined = joined.replace(word, number)
    found = [since + (part + seconds) for seconds in orjson.loads(f"[{joined}]")]
    if min(found) < 0 or max(found) >= _EXACT_UNTIL:
        raise ValueError("far from 1970")
    return list(map(datetime.fromtimestamp, found, repeat(UTC)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
