"""What a body costs to read, known from a scan of its bytes before any of it is parsed.

Reading takes time for each value and not for each byte: 4 MiB of text are read in milliseconds,
4 MiB of empty lists in seconds. The bounds are chosen (a real server has none) so that a body
within them is read and refused in less than a tenth of a second.
"""

from __future__ import annotations

from itertools import accumulate

from ..errors import TooLarge

MAX_VALUES = 100_000
"""Commas and opening brackets outside of texts: about the values of a body.

Prefect's client sends logs in batches of 4,000,000 bytes at most, which have fewer."""

MAX_LONG_DIGITS = 50_000
"""Digits of all numbers of 100 digits or more, for Python reads a number in quadratic time."""

_LONG_DIGITS = 100
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_DEPTH_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def check_cost(body: bytes) -> None:
    """Raises TooLarge for a body of too many values, or of too many digits in long numbers."""
    # All that is in its texts counts at first: few bodies have so much of it.
    if len(body) <= MAX_LONG_DIGITS or (
        _count_values(body) <= MAX_VALUES and _count_long_digits(body) <= MAX_LONG_DIGITS
    ):
        return
    outside = _outside_texts(body)
    values, digits = _count_values(outside), _count_long_digits(outside)
    if values > MAX_VALUES:
        raise TooLarge(f"the body has {values:,} values; mockserver reads at most {MAX_VALUES:,}")
    if digits > MAX_LONG_DIGITS:
        raise TooLarge(
            f"the body has {digits:,} digits in numbers of {_LONG_DIGITS} digits or more; "
            f"mockserver reads at most {MAX_LONG_DIGITS:,}"
        )


def nesting_depth(body: bytes, most: int) -> int:
    """How many levels of lists and objects are in one another; 0 if it is surely at most `most`."""
    # Most bodies have fewer brackets than levels are allowed, whatever their order.
    if body.count(b"[") + body.count(b"{") <= most:
        return 0
    brackets = _outside_texts(body).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_DEPTH_STEPS.__getitem__, brackets), initial=0))


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
