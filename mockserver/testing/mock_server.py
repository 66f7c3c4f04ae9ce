"""The server in a thread of its own: for tests, notebooks and scripts, with or without pytest."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UsageError
from ..http import create_sessions_app, serve
from ..prefect import DIALECTS, Dialect
from ..store import Store
from ..worlds import (
    MAX_BODY,
    MAX_EXCHANGES,
    MAX_SESSIONS,
    BaseCache,
    Clock,
    FieldValues,
    Sessions,
    Settings,
    World,
    deterministic_ids,
)
from .flow_run_api import FlowRunApi

T = TypeVar("T")
SeedSource = str | Path | FieldValues | Iterable[FieldValues]

_START_SECONDS = 30.0


class MockServer:
    """A server on a free port of loopback, in a daemon thread.

        with MockServer("runs.yaml", dialect="prefect-sqlite") as api:
            httpx.post(f"{api.url}/flow_runs/bulk_delete", json={...})
            api.assert_deleted({"nightly-etl"})

    `async with` does the same. `start`, `stop` and `session` are for those who want one server
    and many worlds.
    """

    def __init__(
        self,
        *seeds: SeedSource,
        dialect: str | Dialect = "spec",
        now: datetime | str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        max_body: int = MAX_BODY,
        journal: int = MAX_EXCHANGES,
        sessions: int = MAX_SESSIONS,
        control_token: str | None = None,
    ) -> None:
        """Seeds are files, folders, documents of collections, or lists of what `api.add` takes.

        `now` stops the clock there; `journal` and `sessions` are how many exchanges (of each) and
        sessions are kept at most. Raises UsageError and SeedError.
        """
        if journal < 1 or sessions < 1:
            raise UsageError("journal and sessions must be at least 1")
        if not 0 <= port <= 65535:
            raise UsageError(f"port is {port}; expected 0 (any free one) to 65535")
        self._host, self._port = host, port
        self._bases = BaseCache()
        settings = Settings(
            dialect=_dialect(dialect),
            new_id=deterministic_ids(),
            max_body=max_body,
            journal=journal,
            control_token=control_token,
        )
        world = self._world(settings, now, seeds)
        self._sessions = Sessions(world, most=sessions)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    # Its life.

    def start(self) -> MockServer:
        """Listen; returns itself. Raises UsageError when it cannot."""
        if self._thread is not None:
            raise UsageError("this server was started already; make another")
        started: Future[str] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="mockserver", daemon=True
        )
        self._thread.start()
        self.url = started.result(_START_SECONDS)
        return self

    def _run(self, started: Future[str]) -> None:
        try:
            asyncio.run(self._serve(started))
        except UsageError as error:  # which says why it cannot listen
            started.set_exception(error)

    async def _serve(self, started: Future[str]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = create_sessions_app(self._sessions)
        await serve(app, self._host, self._port, ready=started.set_result, stop=self._stop)

    def stop(self) -> None:
        """Stop listening, and wait for it. What its APIs saw can still be looked at."""
        loop, stop, thread = self._loop, self._stop, self._thread
        if loop is None or stop is None or thread is None:
            return
        self._loop = None
        loop.call_soon_threadsafe(stop.set)
        thread.join()

    def __enter__(self) -> FlowRunApi:
        self.start()
        return self.api

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> FlowRunApi:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    # Its worlds.

    @property
    def api(self) -> FlowRunApi:
        """The world without a session, at `URL/api`."""
        return self._api(f"{self.url}/api", self._sessions.origin)

    def session(
        self,
        *seeds: SeedSource,
        dialect: str | Dialect | None = None,
        now: datetime | str | None = None,
        name: str | None = None,
        **changed: Any,
    ) -> FlowRunApi:
        """A world of its own, at `URL/sessions/NAME/api`, which holds these seeds and nothing else.

        What is not said is as the server has it; `changed` are fields of `Settings`. Raises
        UsageError and SeedError.
        """
        unknown = sorted(changed.keys() - Settings.__dataclass_fields__.keys())
        if unknown:
            known = ", ".join(Settings.__dataclass_fields__)
            raise UsageError(f"{', '.join(unknown)}: no such setting; there are {known}")
        settings = replace(self._sessions.origin.settings, new_id=deterministic_ids(), **changed)
        if dialect is not None:
            settings = replace(settings, dialect=_dialect(dialect))
        world = self._world(settings, now, seeds)
        return self._opened(world, name)

    def close_session(self, api: FlowRunApi) -> None:
        """Forget a session and its forks: their URLs are 404 from now on. Looking still works."""
        for forked in api.forks:
            self.close_session(forked)
        name = api.url.removeprefix(f"{self.url}/sessions/").removesuffix("/api")
        self._call(lambda: self._sessions.drop(name))

    def _opened(self, world: World, name: str | None = None) -> FlowRunApi:
        opened = self._call(lambda: self._sessions.open(world, name))
        return self._api(f"{self.url}/sessions/{opened}/api", world)

    def _api(self, url: str, world: World) -> FlowRunApi:
        return FlowRunApi(url, world, self._call, self._forked)

    def _forked(self, world: World) -> FlowRunApi:
        return self._opened(self._call(world.fork))

    def _world(
        self, settings: Settings, now: datetime | str | None, seeds: Iterable[SeedSource]
    ) -> World:
        clock = Clock(settings.now)
        if now is not None:
            clock.stop(now)
        given = list(seeds)
        paths = [Path(one) for one in given if isinstance(one, str | Path)]
        world = World(Store(self._bases.load(paths, clock.now())), settings, clock)
        for one in given:
            if not isinstance(one, str | Path):
                world.load(world.factory.seeds(one))
        world.begin_here()
        return world

    def _call(self, what: Callable[[], T]) -> T:
        """Do something where requests are carried out, so that it is never done between halves of
        one; what it raises is raised here.
        """
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            return what()
        done: Future[T] = Future()
        loop.call_soon_threadsafe(_resolve_future, done, what)
        return done.result()


def _resolve_future(done: Future[Any], what: Callable[[], Any]) -> None:
    try:
        done.set_result(what())
    except Exception as error:  # noqa: BLE001 - raised again where it was asked for
        done.set_exception(error)


def _dialect(named: str | Dialect) -> Dialect:
    if isinstance(named, Dialect):
        return named
    found = DIALECTS.get(named)
    if found is None:
        raise UsageError(f"no dialect {named!r}; expected one of {', '.join(DIALECTS)}")
    return found
