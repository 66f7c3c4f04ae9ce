"""How much one check of values against a schema may still cost."""

from __future__ import annotations

from contextvars import ContextVar

from ..errors import TooLarge

MAX_STEPS = 20_000
"""Comparisons of values with a part of their schema; each takes 10 us (measured)."""

_left: ContextVar[int] = ContextVar("steps_left")


def allow_steps() -> None:
    """Begin a check: it may take MAX_STEPS."""
    _left.set(MAX_STEPS)


def take_steps(count: int) -> None:
    """Count steps. Raises TooLarge once there were too many."""
    left = _left.get() - count
    _left.set(left)
    if left < 0:
        raise TooLarge(f"mockserver checks values in at most {MAX_STEPS:,} steps")
