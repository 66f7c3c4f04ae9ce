"""Which world a request is about: that of a session below `/sessions/NAME`, else the server's."""

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

WORLD = web.AppKey("world", World)
PREFIX = "/sessions/"
_WORLD = web.RequestKey("world", World)
_PATH = web.RequestKey("path", str)


class NoSession(web.HTTPNotFound):
    """A request below the prefix of a session that there is not."""


def world_of(request: web.Request) -> World:
    """The world that a request is about."""
    if request.rel_url.raw_path.startswith(PREFIX):
        return request[_WORLD]
    return request.app[WORLD]


def path_of(request: web.Request) -> str:
    """The path of a request without the prefix of its session."""
    path = request.rel_url.raw_path
    return request[_PATH] if path.startswith(PREFIX) else path


class SessionResource(AbstractResource):
    """Every path again below `/sessions/NAME`; the request finds its world in itself.

    It is looked up as any other resource is, so that paths without the prefix cost what they did.
    """

    def __init__(self, router: web.UrlDispatcher, sessions: Sessions) -> None:
        super().__init__()
        self._router = router
        self._sessions = sessions

    @property
    def canonical(self) -> str:
        return f"{PREFIX}{{session}}"

    async def resolve(self, request: web.Request) -> Any:
        """What the rest of the path leads to, in the world of the session."""
        url = request.rel_url
        name, slash, rest = url.raw_path.removeprefix(PREFIX).partition("/")
        world = self._sessions.get(name)
        path = f"{slash}{rest}" or "/"
        request[_WORLD], request[_PATH] = world or self._sessions.origin, path
        if world is None or path.startswith(PREFIX):
            return _nothing(name if world is None else ""), set()
        inner = request.clone(rel_url=URL.build(path=path, encoded=True))
        return await self._router.resolve(inner), set()

    def url_for(self, **names: str) -> URL:
        return URL.build(path=f"{PREFIX}{names['session']}")

    def add_prefix(self, prefix: str) -> None:
        raise NotImplementedError(f"cannot be put below {prefix}: {PREFIX} is where it is")

    def get_info(self) -> Any:
        return {"formatter": self.canonical}

    def raw_match(self, path: str) -> bool:
        return path == self.canonical

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(())


def _nothing(session: str) -> UrlMappingMatchInfo:
    """What the router finds where there is nothing."""
    if not session:
        return MatchInfoError(web.HTTPNotFound())
    shown = session[:100].encode("ascii", "backslashreplace").decode()
    told = f"no session {shown!r}: it was never opened, has been idle for long, or was dropped"
    return MatchInfoError(NoSession(reason=told))
