"""Many values of one kind at once, where they plainly are good: the fast road of loading.

Each function takes values without nulls and returns what the field's careful reader makes of
them; it raises ValueError where it cannot tell at a glance, and then the careful reader decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from math import isfinite
from typing import Any

import orjson

from .instants import parse_moment


def uuids(values: Sequence[Any], _now: datetime) -> Sequence[str]:
    """Texts of 36 characters, hyphens where they belong, hexadecimal digits elsewhere."""
    joined, plain = _lines(values), _UUID * len(values)
    if joined.translate(_HEX) == plain:
        return values
    if joined.translate(_ANY_HEX) == plain:
        return list(map(str.lower, values))
    raise ValueError("not plain uuids")


def _lines(values: Sequence[str]) -> bytes:
    return "\n".join((*values, "")).encode()


_HEX = bytes.maketrans(b"123456789abcdef", 15 * b"0")
_ANY_HEX = bytes.maketrans(b"123456789abcdefABCDEF", 21 * b"0")
_UUID = b"00000000-0000-0000-0000-000000000000\n"


def texts(values: Sequence[Any], _now: datetime) -> Sequence[str]:
    """Texts without a lone surrogate."""
    "".join(values).encode()
    return values


def numbers(values: Sequence[Any], _now: datetime) -> Sequence[float]:
    """Numbers that are finite."""
    if not all(map(isfinite, values)):
        raise ValueError("not finite")
    return values


def whole_numbers(values: Sequence[Any], _now: datetime) -> Sequence[int]:
    """Whole numbers, 0 or more, written without a fraction."""
    if min(values) < 0:
        raise ValueError("below 0")
    return values


def moments(values: Sequence[Any], now: datetime) -> Sequence[datetime]:
    """Instants as servers write them, or in seconds from now; any other is read by itself."""
    joined = _lines(values)
    shapes = _shapes(joined, len(values))
    # Python's parser looks at the digits; of later versions it takes T24, which RFC 3339 has not.
    if shapes <= _AS_SERVERS_WRITE and b"T24" not in joined:
        return list(map(datetime.fromisoformat, values))
    if all(map(_FROM_NOW.fullmatch, shapes)):
        return _from_now(joined[:-1].decode(), now)
    return [parse_moment(text, now) for text in values]


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
_AS_SERVERS_WRITE = {b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000000Z"}
_FROM_NOW = re.compile(rb"now[+-]0{1,9}(\.0{1,6})?s")
_UNTIL = 1 << 32
"""Seconds since 1970, up to which a float tells one microsecond from the next."""


def _from_now(joined: str, now: datetime) -> Sequence[datetime]:
    """Instants in seconds from now, a line each, as `now + timedelta(seconds=...)` gives them."""
    since = (now - _EPOCH) // timedelta(seconds=1)
    part = now.microsecond / 1e6
    for word, number in (("now", ""), ("+", ""), ("s\n", ","), ("s", "")):
        joined = joined.replace(word, number)
    found = [since + (part + seconds) for seconds in orjson.loads(f"[{joined}]")]
    if min(found) < 0 or max(found) >= _UNTIL:
        raise ValueError("far from 1970")
    return list(map(datetime.fromtimestamp, found, repeat(UTC)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
