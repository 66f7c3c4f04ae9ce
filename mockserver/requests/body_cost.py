"""What a body costs to read, known from a scan of its bytes before any of it is parsed.

Reading takes time for each value and not for each byte: 4 MiB of text are read in milliseconds,
4 MiB of empty lists in seconds. The bounds are chosen (a real server has none) so that a body
within them is read and refused in less than a tenth of a second.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

from ..errors import TooLarge

MAX_VALUES = 100_000
"""Commas and opening brackets outside of texts: about the values of a body.

Prefect's client sends logs in batches of 4,000,000 bytes at most, which have fewer."""

MAX_OBJECTS = 25_000
"""Opening braces among them: pydantic may try several models for each object."""

MAX_LONG_DIGITS = 50_000
"""Digits of all numbers of 100 digits or more, for Python reads a number in quadratic time."""

LONG_BODY = 50_000
"""Bytes; what is not longer is within all bounds."""

_LONG_DIGITS = 100
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_DEPTH_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def check_cost(body: bytes) -> None:
    """Raises TooLarge for too many values or objects, or too many digits in long numbers."""
    # All that is in its texts counts at first: few bodies have so much of it.
    if any(_find_excess(body)):
        outside = _outside_texts(body)
        for what in _find_excess(outside):
            raise TooLarge(f"the body has {what}")


def _find_excess(text: bytes) -> Iterator[str]:
    """What there is too much of, in words."""
    for number, most, what in (
        (_count_values(text), MAX_VALUES, "values"),
        (text.count(b"{"), MAX_OBJECTS, "objects"),
        (_count_long_digits(text), MAX_LONG_DIGITS, f"digits in numbers of over {_LONG_DIGITS}"),
    ):
        if number > most:
            yield f"{number:,} {what}; mockserver reads at most {most:,}"


@contextmanager
def collection_paused() -> Iterator[None]:
    """No garbage collection meanwhile: it would look at each list of a body again and again.

    JSON has no cycles to collect.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def nesting_depth(body: bytes, most: int) -> int:
    """How many levels of lists and objects are in one another; 0 if it is surely at most `most`."""
    # Most bodies have fewer brackets than levels are allowed, whatever their order.
    if body.count(b"[") + body.count(b"{") <= most:
        return 0
    brackets = _outside_texts(body).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_DEPTH_STEPS.__getitem__, brackets), initial=0))


def has_digits(body: bytes, number: int) -> bool:
    """Whether that many digits stand side by side anywhere, as in an integer of over 64 bits."""
    return b"0" * number in body.translate(_DIGITS_TO_ZERO)


def _count_values(text: bytes) -> int:
    """The commas and opening brackets of a text."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _count_long_digits(text: bytes) -> int:
    """The digits in runs of `_LONG_DIGITS` or more, rounded down to hundreds for each run."""
    return text.translate(_DIGITS_TO_ZERO).count(b"0" * _LONG_DIGITS) * _LONG_DIGITS


def _outside_texts(body: bytes) -> bytes:
    """The body without its texts. Each two bytes `\\\\` and `\\"` in a text are no end of it."""
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Each value has at most four quotes, those of its key too. What is beyond is not looked at.
    parts = unescaped.split(b'"', 4 * MAX_VALUES + 8)
    return b"".join(parts[::2])
