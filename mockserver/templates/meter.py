"""What the templates of one request may still cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import TooLarge

MAX_STEPS = 20_000
"""Steps of all templates of a request; each takes 2 us at most (measured)."""
CHARACTERS_A_STEP = 10
"""Of a text: the slowest filter takes 0.1 us for a character (measured)."""


class TemplateMeter:
    """Counts the steps of the templates of one request."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def charge(self, steps: int) -> None:
        """Count steps before they are taken. Raises TooLarge if there are none left."""
        self._left -= steps
        if self._left < 0:
            raise TooLarge(
                f"mockserver takes at most {MAX_STEPS:,} steps for the templates of a request"
            )

    def charge_value(self, value: object) -> None:
        """Count the parts of a value, each as often as it occurs in it. Raises TooLarge."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            self.charge(_own_steps(one))
            if isinstance(one, Mapping):
                waiting += one.values()
                waiting += one.keys()
            elif isinstance(one, Collection) and not isinstance(one, str):
                waiting += one


def _own_steps(value: object) -> int:
    """The steps that a value counts for, without its parts."""
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS_A_STEP
    if isinstance(value, int):
        return 1 + value.bit_length() // 64
    return 1 + len(value) if isinstance(value, Collection) else 1


_current: ContextVar[TemplateMeter] = ContextVar("template_meter")


@contextmanager
def counting(meter: TemplateMeter) -> Iterator[None]:
    """Let templates that are read and rendered inside count by a meter."""
    token = _current.set(meter)
    try:
        yield
    finally:
        _current.reset(token)


def current_meter() -> TemplateMeter:
    """The meter of the templates that are being read or rendered."""
    return _current.get()
