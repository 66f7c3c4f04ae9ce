"""Mocks in this process, one for each way of reading, that say what a request would be answered."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from ...http import create_app, serve
from ...prefect import Dialect, Flow, FlowRun, State, StateType
from ...store import Base, Store
from ...worlds import Settings
from ..server import Limits, Ownership, Target


@dataclass
class MockPool:
    """Starts a mock for a dialect when it is first asked for; stops all of them at the end."""

    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _mocks: dict[Dialect, tuple[Target, Store]] = field(default_factory=dict)
    _stops: list[tuple[asyncio.Event, asyncio.Task[None]]] = field(default_factory=list)

    def __enter__(self) -> MockPool:
        # They are asked about what is wrong, and shall not log that it is.
        logging.getLogger("mockserver").addHandler(logging.NullHandler())
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

    def prepare(
        self,
        dialect: Dialect,
        run: str | None = None,
        state: StateType | None = None,
        flow: str | None = None,
    ) -> Target:
        """The mock of a dialect, which holds nothing but the run that is named, in that state, and
        the flow that is.
        """
        entry = self._mocks.get(dialect)
        if entry is None:
            store = Store(Base(()))
            started = asyncio.run_coroutine_threadsafe(self._start(dialect, store), self._loop)
            limits = Limits(requests=10_000_000)
            target = Target(f"{started.result()}/api", {}, Ownership.OURS, limits)
            entry = self._mocks[dialect] = (target, store)
        target, store = entry
        store.reset()
        if run is not None and state is not None:
            store.put(
                FlowRun(id=run.lower(), name="it", state=State(state, state.name.capitalize()))
            )
        if flow is not None:
            store.flows.put(Flow(flow.lower(), "it"))
        return target

    async def _start(self, dialect: Dialect, store: Store) -> str:
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
