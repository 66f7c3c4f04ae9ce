"""What is computed once from runs that never change: at once, or in a thread.

Indexes of a million runs take seconds to make. A script waits for them. A server must not: inside
`deferring()`, code that needs such a thing raises `NotPrepared` instead of making it, and its
caller makes it in a thread and starts over. Work that is started over must not have changed
anything before; the store looks everything up first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import RLock, local
from typing import Any

MIN_DEFERRED_RUNS = 10_000
"""Of fewer runs everything is made at once: an index of so many takes about 10 ms (measured)."""


class _Here(local):
    """What holds in one thread: what is made in another is made at once."""

    is_deferring = False


# No context variable, which takes three times as long: nothing waits inside `deferring()`.
_here = _Here()


class NotPrepared(Exception):
    """Something has to be computed first, which takes long: `prepare` does it, in any thread."""

    def __init__(self, prepare: Callable[[], object]) -> None:
        super().__init__("something has to be computed first")
        self.prepare = prepare


class deferring:  # noqa: N801 - reads as the context manager it is
    """A context manager: inside, NotPrepared is raised instead of computing what takes long."""

    # A class, as each request enters one: a generator takes three times as long (measured).
    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = _here.is_deferring
        _here.is_deferring = True

    def __exit__(self, *_: object) -> None:
        _here.is_deferring = self._before


class Prepared:
    """Things made from a number of runs, by key; each is made when it is first asked for.

    `is_large`: what is made takes long, so that it is not made inside `deferring()`.
    """

    __slots__ = ("_lock", "_made", "is_large")

    def __init__(self, runs: int) -> None:
        self.is_large = runs >= MIN_DEFERRED_RUNS
        # What is made may need other things. Forks in several threads share them.
        self._lock = RLock()
        self._made: dict[Any, Any] = {}

    def related(self) -> Prepared:
        """For other things that are made from the same runs."""
        other = Prepared(0)
        other.is_large = self.is_large
        return other

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` returned for this key. Raises NotPrepared inside `deferring()`."""
        found = self._made.get(key)
        if found is None:
            if self.is_large and _here.is_deferring:
                raise NotPrepared(partial(self.get, key, make))
            with self._lock:
                found = self._made.get(key)  # another thread may have made it meanwhile
                found = self._made[key] = make() if found is None else found
        return found
