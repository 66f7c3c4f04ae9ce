"""Many values of one kind at once, where they plainly are good: the fast road of loading.

Each function takes values without nulls and returns what the field's careful reader makes of
them; it raises ValueError where it cannot tell at a glance, and then the careful reader decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from .instants import SECONDS_FROM_NOW, parse_moment


def uuids(values: Sequence[Any], _now: datetime) -> Sequence[str]:
    """Texts of 36 characters, hyphens where they belong, hexadecimal digits elsewhere."""
    count, joined = len(values), "".join(values)
    if set(map(len, values)) != {36} or _differ(joined, 36, {8: "-", 13: "-", 18: "-", 23: "-"}):
        raise ValueError("not plain uuids")
    if len(bytes.fromhex(joined.replace("-", ""))) != 16 * count:  # it passes over spaces
        raise ValueError("not plain uuids")
    return values if joined == joined.lower() else list(map(str.lower, values))


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
    lengths = set(map(len, values))
    if len(lengths) == 1:
        return _moments_of(lengths.pop(), values, now)
    by_length = {length: [text for text in values if len(text) == length] for length in lengths}
    read = {length: iter(_moments_of(length, some, now)) for length, some in by_length.items()}
    return [next(read[len(text)]) for text in values]


# What stands where in 2026-01-31T08:00:00Z and in 2026-01-31T08:00:00.000000Z.
_SECONDS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":", 19: "Z"}
_SHAPES = {20: _SECONDS, 27: {**_SECONDS, 19: ".", 26: "Z"}}


def _moments_of(length: int, values: Sequence[str], now: datetime) -> Sequence[datetime]:
    """Instants whose texts are so long."""
    joined = "".join(values)
    # Python's parser looks at the digits; of later versions it takes T24, which RFC 3339 has not.
    if length in _SHAPES and not _differ(joined, length, _SHAPES[length]) and "T24" not in joined:
        return list(map(datetime.fromisoformat, values))
    return [_moment(text, now) for text in values]


def _moment(text: str, now: datetime) -> datetime:
    if SECONDS_FROM_NOW.fullmatch(text):
        return now + timedelta(seconds=float(text[3:-1]))
    return parse_moment(text, now)


def _differ(joined: str, length: int, shape: dict[int, str]) -> bool:
    """Whether, of texts of one length put together, one has not what its shape says."""
    count = len(joined) // length
    return any(joined[at::length] != count * symbol for at, symbol in shape.items())
