"""Long work in threads that do not keep the process from ending; others are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from ...store import NotPrepared, deferring

P = ParamSpec("P")
T = TypeVar("T")
# Chosen: one may take seconds, and another need not wait for it. More are no faster together, as
# Python runs one at a time, and each takes its share from the loop.
MAX_THREADS = 2
_FREE: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def when_prepared(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function of a store's content; what it needs is made in a thread.

    The function is then called again, so it must look up before it changes anything.
    """
    while True:
        try:
            with deferring():
                return call(*args, **kwargs)
        except NotPrepared as missing:
            await in_thread(missing.prepare)


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread, and return or raise what it does.

    At most MAX_THREADS of a loop run at a time. `asyncio.to_thread` is not used: when the process
    ends, it would wait for the function.
    """
    loop = asyncio.get_running_loop()
    async with _FREE.setdefault(loop, asyncio.Semaphore(MAX_THREADS)):
        return await _start_thread(loop, partial(call, *args, **kwargs))


async def _start_thread(loop: asyncio.AbstractEventLoop, call: Callable[[], T]) -> T:
    done: asyncio.Future[T] = loop.create_future()

    def finish(end: Callable[[], None]) -> None:
        if not done.cancelled():
            end()

    def run() -> None:
        end: Callable[[], None]
        try:
            result = call()
        # Whatever it is, the request that waits shall see it.
        except BaseException as error:  # noqa: BLE001
            failure = error  # Python forgets `error` at the end of this block
            end = lambda: done.set_exception(failure)  # noqa: E731
        else:
            end = lambda: done.set_result(result)  # noqa: E731
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(finish, end)

    Thread(target=run, name="long work", daemon=True).start()
    return await done
