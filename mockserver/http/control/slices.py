"""Long work of the control API, in slices between which the server answers others."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import perf_counter
from typing import TypeVar

from ...seeds import Steps, collector_paused
from ...store import Store

T = TypeVar("T")
SLICE_SECONDS = 0.01
"""How long one slice takes; chosen, a tenth of what others may wait."""


_MIN_FROZEN = 10_000


@contextmanager
def adding(number: int) -> Iterator[None]:
    """Pause the garbage collector while so many records are read and added to a world.

    Of many it does not look at them again: that took 0.5 s each time, while nothing else was done
    (of 400,000). What is deleted is freed all the same.
    """
    with collector_paused():
        try:
            yield
        finally:  # also where they are refused: what was read is still there
            if number >= _MIN_FROZEN:
                gc.freeze()


_FREED_AT_ONCE = 5_000
"""Flow runs; to free so many takes 4 ms (measured)."""


@asynccontextmanager
async def leaving(store: Store) -> AsyncIterator[None]:
    """Let go of a store that is not used after the block, in slices: 400,000 flow runs that were
    added to it would keep others waiting for 0.25 s (measured).
    """
    parts = store.large_parts()
    del store
    yield
    for part in parts:
        while part:
            del part[-_FREED_AT_ONCE:]
            await asyncio.sleep(0)


async def in_slices(steps: Steps[T]) -> T:
    """Do work in slices of steps, and return its result."""
    while True:
        until = perf_counter() + SLICE_SECONDS
        while perf_counter() < until:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
        await asyncio.sleep(0)
