"""Mocks in this process, one for each dialect, to ask how a request would be answered."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from ...http import create_app, serve
from ...prefect import Dialect
from ...seeds import Seeds
from ...store import Base, Store
from ...worlds import Settings, insert_seeds
from ..server import Limits, Ownership, Target


@dataclass
class MockPool:
    """A context manager that starts a mock on its first use and stops all mocks on exit."""

    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _mocks: dict[Dialect, tuple[Target, Store]] = field(default_factory=dict)
    _stops: list[tuple[asyncio.Event, asyncio.Task[None]]] = field(default_factory=list)

    def __enter__(self) -> MockPool:
        # The mocks get bad requests on purpose: without a handler their log would go to stderr.
        logging.getLogger("mockserver").addHandler(logging.NullHandler())
        # A daemon, so that a mock that does not stop cannot keep the process alive.
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for target, _ in self._mocks.values():
            target.close()

    def prepare(self, dialect: Dialect, seeds: Seeds) -> Target:
        """Empty the mock of a dialect and give it the records of `seeds`; returns it.

        A mock that an earlier call returned for the same dialect is the same one, so it changes
        too.
        """
        entry = self._mocks.get(dialect)
        if entry is None:
            entry = self._mocks[dialect] = self._create_mock(dialect)
        target, store = entry
        store.reset()
        insert_seeds(seeds, store, seeds.base())
        return target

    def _create_mock(self, dialect: Dialect) -> tuple[Target, Store]:
        store = Store(Base(()))
        url = asyncio.run_coroutine_threadsafe(self._start(dialect, store), self._loop).result()
        # The user's limit of requests is for the server under test.
        return Target(f"{url}/api", {}, Ownership.OURS, Limits(requests=sys.maxsize)), store

    async def _start(self, dialect: Dialect, store: Store) -> str:
        """Start a mock on a free port; returns its URL."""
        ready: asyncio.Future[str] = self._loop.create_future()
        stop = asyncio.Event()
        on_ready: Callable[[str], None] = ready.set_result
        app = create_app(store, Settings(dialect=dialect))
        running = self._loop.create_task(serve(app, "127.0.0.1", 0, ready=on_ready, stop=stop))
        self._stops.append((stop, running))
        return await ready

    async def _stop(self) -> None:
        for stop, _ in self._stops:
            stop.set()
        await asyncio.gather(*(running for _, running in self._stops))
