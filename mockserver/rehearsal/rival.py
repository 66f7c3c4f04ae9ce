"""A rival: another client that deletes flow runs while a script does."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..testing import MockServer
from ..worlds import World

_POLL_SECONDS = 0.002
# Chosen: few enough that a script of ten calls still meets the rival in its last ones.
_SHARE, _AT_ONCE = 3, 20  # it takes every third run, so many after each request of the script


@dataclass(slots=True)
class Rival:
    """How many flow runs it has deleted."""

    deleted: int = 0


@contextmanager
def delete_meanwhile(server: MockServer, ids: Collection[str]) -> Iterator[Rival]:
    """Delete some of these runs in the block: a few after each request that others send.

    Its deletes are not among the totals of the world, which are those of the script.
    """
    rival, done = Rival(), threading.Event()
    waiting = sorted(ids)[::_SHARE]
    seen = 0

    def act(world: World) -> None:
        nonlocal seen
        if world.totals.calls > seen:
            seen = world.totals.calls
            rival.deleted += len(world.store.delete(waiting[:_AT_ONCE]))
            del waiting[:_AT_ONCE]

    def watch() -> None:
        while waiting and not done.wait(_POLL_SECONDS):
            server.call(act)

    thread = threading.Thread(target=watch, name="rival")
    thread.start()
    try:
        yield rival
    finally:
        done.set()
        thread.join()
