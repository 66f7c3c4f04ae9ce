"""Work that needs something prepared waits for it, while the server answers others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import ParamSpec, TypeVar

from ..store import NotPrepared, deferring

P = ParamSpec("P")
T = TypeVar("T")


async def when_prepared(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function of a store's content; what it needs is made in a thread.

    The function is then called again, so it must look up before it changes anything.
    """
    while True:
        try:
            with deferring():
                return call(*args, **kwargs)
        except NotPrepared as missing:
            await _in_thread(missing.prepare)


async def _in_thread(call: Callable[[], object]) -> None:
    """Call a function in a thread that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            call()
        # Whatever it is, the request that waits shall see it.
        except BaseException as failure:  # noqa: BLE001
            error = failure
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(finish, error)

    # A thread of an executor would be waited for when the process ends.
    Thread(target=run, name="preparing", daemon=True).start()
    await done
