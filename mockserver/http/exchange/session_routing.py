"""Finds the world of a request: that of a session below `/sessions/NAME`, else the server's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web
from aiohttp.web_urldispatcher import (
    AbstractResource,
    AbstractRoute,
    MatchInfoError,
    UrlMappingMatchInfo,
)
from yarl import URL

from ...worlds import Sessions, World

WORLD_KEY = web.AppKey("world", World)
SESSION_PREFIX = "/sessions/"
_SESSION_WORLD_KEY = web.RequestKey("world", World)
_SESSION_PATH_KEY = web.RequestKey("path", str)


class SessionNotFound(web.HTTPNotFound):
    """A request below the prefix of a session that does not exist."""


def world_of(request: web.Request) -> World:
    """The world of a request, once `SessionResource` has resolved it."""
    if request.rel_url.raw_path.startswith(SESSION_PREFIX):
        return request[_SESSION_WORLD_KEY]
    return request.app[WORLD_KEY]


def path_in_world(request: web.Request) -> str:
    """The path of a request without the prefix of its session."""
    path = request.rel_url.raw_path
    return request[_SESSION_PATH_KEY] if path.startswith(SESSION_PREFIX) else path


class SessionResource(AbstractResource):
    """Serves every path again below `/sessions/NAME`, and notes the world on the request.

    It is one resource among the others, so that paths without the prefix are routed as fast as
    without sessions.
    """

    def __init__(self, router: web.UrlDispatcher, sessions: Sessions) -> None:
        super().__init__()
        self._router = router
        self._sessions = sessions

    @property
    def canonical(self) -> str:
        # aiohttp looks resources up by the path before the first brace, here /sessions.
        return f"{SESSION_PREFIX}{{session}}"

    async def resolve(self, request: web.Request) -> Any:
        """The route of the path without its prefix. Called by aiohttp's router."""
        url = request.rel_url
        name, slash, rest = url.raw_path.removeprefix(SESSION_PREFIX).partition("/")
        world = self._sessions.get(name)
        path = f"{slash}{rest}" or "/"
        # Also for a 404: `world_of` is called for every request.
        request[_SESSION_WORLD_KEY], request[_SESSION_PATH_KEY] = (
            world or self._sessions.default_world,
            path,
        )
        # A session has no sessions; nested prefixes would recurse.
        if world is None or path.startswith(SESSION_PREFIX):
            return _not_found(name if world is None else ""), set()
        # encoded: the raw path is escaped already.
        inner = request.clone(rel_url=URL.build(path=path, encoded=True))
        return await self._router.resolve(inner), set()

    def url_for(self, **names: str) -> URL:
        return URL.build(path=f"{SESSION_PREFIX}{names['session']}")

    def add_prefix(self, prefix: str) -> None:
        raise NotImplementedError(f"cannot be put below {prefix}: {SESSION_PREFIX} is where it is")

    def get_info(self) -> Any:
        return {"formatter": self.canonical}

    def raw_match(self, path: str) -> bool:
        return path == self.canonical

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(())


def _not_found(session: str) -> UrlMappingMatchInfo:
    """The match that makes aiohttp answer 404; with a session's name, one that says why."""
    if not session:
        return MatchInfoError(web.HTTPNotFound())
    # The reason becomes part of the status line, so it is kept to ASCII.
    shown = session[:100].encode("ascii", "backslashreplace").decode()
    reason = f"no session {shown!r}: it was never opened, has been idle for long, or was dropped"
    return MatchInfoError(SessionNotFound(reason=reason))
