"""What is computed once from runs that never change: at once, or in a thread.

Indexes of a million runs take seconds to make. A script waits for them. A server must not: inside
`deferring()`, code that needs such a thing raises `NotPrepared` instead of making it, and its
caller makes it in a thread and starts over. Work that is started over must not have changed
anything before; the store looks everything up first.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from threading import RLock
from typing import Any

MIN_DEFERRED_RUNS = 10_000
"""Of fewer runs everything is made at once: an index of so many takes about 10 ms (measured)."""

# A thread starts with an empty context, so that what is made there is made at once.
_deferring: ContextVar[bool] = ContextVar("deferring", default=False)


class NotPrepared(Exception):
    """Something has to be computed first, which takes long: `prepare` does it, in any thread."""

    def __init__(self, prepare: Callable[[], object]) -> None:
        super().__init__("something has to be computed first")
        self.prepare = prepare


class deferring:  # noqa: N801 - reads as the context manager it is
    """A context manager: inside, NotPrepared is raised instead of computing what takes long."""

    # A class, as each request enters one: a generator takes three times as long (measured).
    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _deferring.set(True)

    def __exit__(self, *_: object) -> None:
        _deferring.reset(self._token)


class Prepared:
    """Things made from a number of runs, by key; each is made when it is first asked for."""

    __slots__ = ("_lock", "_made", "_runs")

    def __init__(self, runs: int) -> None:
        self._runs = runs
        # What is made may need other things. Forks in several threads share them.
        self._lock = RLock()
        self._made: dict[Any, Any] = {}

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` returned for this key. Raises NotPrepared inside `deferring()`."""
        found = self._made.get(key)
        if found is None:
            if self._runs >= MIN_DEFERRED_RUNS and _deferring.get():
                raise NotPrepared(partial(self.get, key, make))
            with self._lock:
                found = self._made.get(key)  # another thread may have made it meanwhile
                found = self._made[key] = make() if found is None else found
        return found
