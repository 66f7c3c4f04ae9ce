"""Fields of which only some values are known."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import UsageError, to_single_line


def choose(name: str, value: str, known: Sequence[str]) -> str:
    """The value, if it is one of the known ones. Raises UsageError with all of them if not."""
    if value in known:
        return value
    shown = to_single_line(repr(value), 60)
    raise UsageError(f"{name} is {shown}; expected one of {', '.join(known)}")
