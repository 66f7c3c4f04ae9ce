"""`MockServer`: the server in its own thread, for tests, notebooks and scripts.

Invariant: worlds are read and changed on the loop of that thread only, while it runs.
"""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .. import worlds
from ..errors import UsageError
from .flow_run_api import FlowRunApi
from .user_errors import call_for_user, is_users

# What takes long to import comes when a server is made, and aiohttp when it is started.
if TYPE_CHECKING:
    from ..prefect import Dialect
    from ..worlds import FieldValues, Settings, World

__tracebackhide__ = is_users
T = TypeVar("T")
SeedSource: TypeAlias = "str | Path | FieldValues | Iterable[FieldValues]"
"""A file or folder, a document of collections, or a list of fields of flow runs."""

_START_SECONDS = 30.0  # how long start() waits for the server to listen


class MockServer:
    """A server on a free loopback port, in a daemon thread.

        with MockServer("runs.yaml", dialect="prefect-sqlite") as api:
            httpx.post(f"{api.url}/flow_runs/bulk_delete", json={...})
            api.assert_deleted({"nightly-etl"})

    `async with` works too. For one server with many worlds, use `start`, `session` and `stop`.
    """

    def __init__(
        self,
        *seeds: SeedSource,
        dialect: str | Dialect = "spec",
        now: datetime | str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        max_body: int = 4 << 20,  # as Settings has it
        journal: int = 1_000,  # MAX_EXCHANGES
        sessions: int = 10_000,  # MAX_SESSIONS
        control_token: str | None = None,
        id_seed: str | int | None = None,
    ) -> None:
        """Load seeds: files, folders, documents of collections, or lists of fields for `api.add`.

        `dialect` is `spec` or a database and a release, such as `prefect-sqlite@3.8.8`; Python
        warns of a release that was not measured. `now` stops the clock at that time. `max_body` is
        in bytes. `journal` is how many exchanges each world keeps, `sessions` how many sessions the
        server keeps. New ids are random; with `id_seed` they are the same in every process that
        makes the same requests. Raises UsageError and SeedError.
        """
        if journal < 1 or sessions < 1:
            raise UsageError("journal and sessions must be at least 1")
        if not 0 <= port <= 65535:
            raise UsageError(f"port is {port}; expected 0 (any free port) to 65535")
        self._host, self._port = host, port
        self._base_cache = worlds.BaseCache()
        settings = worlds.Settings(
            dialect=_find_dialect(dialect),
            new_id=worlds.id_source(id_seed),
            max_body=max_body,
            journal=journal,
            control_token=control_token,
        )
        world = call_for_user(lambda: self._new_world(settings, now, seeds))
        self._sessions = worlds.Sessions(world, max_sessions=sessions)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._closing: list[str] = []  # names of sessions
        self.url = ""

    # Start and stop.

    def start(self) -> MockServer:
        """Start to listen, and return this server. Raises UsageError if it cannot."""
        if self._thread is not None:
            raise UsageError("this server was started already; create another")
        # Imported late: aiohttp takes a third of all imports, and the tests of a project that start
        # no server need none of it.
        from ..http import create_sessions_app, serve

        app = create_sessions_app(self._sessions)
        listen = partial(serve, app, self._host, self._port)
        started: Future[str] = Future()
        # A daemon: Python does not wait for it at exit, should nobody call stop().
        self._thread = threading.Thread(
            target=self._run, args=(listen, started), name="mockserver", daemon=True
        )
        self._thread.start()
        self.url = started.result(_START_SECONDS)
        return self

    def _run(self, listen: Callable[..., Awaitable[None]], started: Future[str]) -> None:
        try:
            asyncio.run(self._serve(listen, started))
        except UsageError as error:  # it cannot listen; start() raises the error
            started.set_exception(error)

    async def _serve(self, listen: Callable[..., Awaitable[None]], started: Future[str]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await listen(ready=started.set_result, stop=self._stop)

    def stop(self) -> None:
        """Stop the server and wait for its thread. Its APIs can still be read and changed."""
        loop, stop, thread = self._loop, self._stop, self._thread
        if loop is None or stop is None or thread is None:
            return
        # First: from now on `_run_on_loop` calls functions directly.
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

    # Worlds.

    @property
    def api(self) -> FlowRunApi:
        """The server's own world, at `URL/api`."""
        return self._make_api(f"{self.url}/api", self._sessions.default_world)

    def session(
        self,
        *seeds: SeedSource,
        dialect: str | Dialect | None = None,
        now: datetime | str | None = None,
        name: str | None = None,
        id_seed: str | int | None = None,
        **settings: Any,
    ) -> FlowRunApi:
        """Open a world of its own at `URL/sessions/NAME/api`, which holds only these seeds.

        Ids differ from those of other sessions; with `id_seed` they are those of every session with
        this seed, also if tests run in another order. `settings` are fields of `Settings`; those
        that are not given are the server's. Raises UsageError and SeedError.
        """
        unknown = sorted(settings.keys() - worlds.Settings.__dataclass_fields__.keys())
        if unknown:
            known = ", ".join(("id_seed", *worlds.Settings.__dataclass_fields__))
            raise UsageError(f"{', '.join(unknown)}: no such setting; expected some of {known}")
        server = self._sessions.default_world.settings
        changed = replace(worlds.session_settings(server, id_seed, journal=0), **settings)
        if dialect is not None:
            changed = replace(changed, dialect=_find_dialect(dialect))
        world = call_for_user(lambda: self._new_world(changed, now, seeds))
        return self._open_session(world, name)

    def close_session(self, api: FlowRunApi, *, later: bool = False) -> None:
        """Close a session and its forks. Their URLs are 404 from now on; they can still be read.

        With `later`, that is when the next session is opened, and takes no time of its own.
        """
        for forked in api.forks:
            self.close_session(forked, later=True)
        self._closing.append(self._name_of(api.url))
        if not later:
            self._run_on_loop(self._close_sessions)

    def _close_sessions(self) -> None:
        while self._closing:
            self._sessions.drop(self._closing.pop())

    def _open_session(self, world: World, name: str | None = None) -> FlowRunApi:
        def open_session() -> str:
            self._close_sessions()
            return self._sessions.open(world, name)

        return self._make_api(self._url_of(self._run_on_loop(open_session)), world)

    def _url_of(self, session: str) -> str:
        return f"{self.url}/sessions/{session}/api"

    def _name_of(self, url: str) -> str:
        return url.removeprefix(f"{self.url}/sessions/").removesuffix("/api")

    def _make_api(self, url: str, world: World) -> FlowRunApi:
        return FlowRunApi(url, world, self._run_on_loop, self._fork_session, self._others_since)

    def _others_since(self, url: str) -> list[str]:
        """The URLs of the sessions that got requests since the one with `url` was used."""
        used = [(name, bool(world.journal)) for name, world in self._sessions]
        names = [name for name, _ in used]
        own = self._name_of(url)
        later = used[names.index(own) + 1 :] if own in names else []
        return [self._url_of(name) for name, has_requests in later if has_requests]

    def _fork_session(self, world: World) -> FlowRunApi:
        return self._open_session(self._run_on_loop(world.fork))

    def _new_world(
        self, settings: Settings, now: datetime | str | None, seeds: Iterable[SeedSource]
    ) -> World:
        from ..store import Store  # imported late, as all else that takes long

        clock = worlds.Clock(settings.now)
        if now is not None:
            clock.stop(now)
        sources = list(seeds)
        paths = [Path(one) for one in sources if isinstance(one, str | Path)]
        # Files make the base, which worlds share; what else is given is added to this world.
        world = worlds.World(Store(self._base_cache.load(paths, clock.now())), settings, clock)
        for one in sources:
            if not isinstance(one, str | Path):
                world.load(world.factory.seeds_from(one))
        world.begin_here()
        return world

    def call(self, function: Callable[[World], T]) -> T:
        """Call a function with the server's own world, between two requests; returns its result.

        For programs that are built on this server. Raises what the function raises.
        """
        return self._run_on_loop(lambda: function(self._sessions.default_world))

    def _run_on_loop(self, function: Callable[[], T]) -> T:
        """Call a function on the server's loop, and return its result or raise what it raised.

        On the loop it cannot run in the middle of a request. If the server does not run, or the
        caller is its thread, the function is called directly.
        """
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            return call_for_user(function)
        future: Future[T] = Future()
        loop.call_soon_threadsafe(_resolve_future, future, function)
        return call_for_user(future.result)


def _resolve_future(future: Future[Any], function: Callable[[], Any]) -> None:
    try:
        future.set_result(function())
    except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
        future.set_exception(error)


def _find_dialect(dialect: str | Dialect) -> Dialect:
    """Look up a dialect for a method that a user calls: a warning points to the user's line."""
    if not isinstance(dialect, str):
        return dialect
    from ..prefect import find_dialect  # imported late, as all else that takes long

    # Between warn and the user's line: the lambda, find_dialect, this function, the method.
    return find_dialect(dialect, lambda note: warnings.warn(note, stacklevel=5))
