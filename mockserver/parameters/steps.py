"""How much the checks of values against a schema may still cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import TooLarge

MAX_STEPS = 20_000
"""Comparisons of values with a part of their schema; each takes 10 us (measured)."""

_left: ContextVar[int] = ContextVar("steps_left", default=MAX_STEPS)
_together: ContextVar[bool] = ContextVar("checks_together", default=False)


def allow_steps() -> None:
    """Begin a check: it may take MAX_STEPS, unless it is one of `checks_together`."""
    if not _together.get():
        _left.set(MAX_STEPS)


@contextmanager
def checks_together() -> Iterator[None]:
    """Let all checks inside take MAX_STEPS together: those of one request, however many."""
    allow_steps()
    token = _together.set(True)
    try:
        yield
    finally:
        _together.reset(token)


def take_steps(count: int) -> None:
    """Count steps. Raises TooLarge once there were too many."""
    left = _left.get() - count
    _left.set(left)
    if left < 0:
        raise TooLarge(f"mockserver checks values in at most {MAX_STEPS:,} steps")
