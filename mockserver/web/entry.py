"""The handler of the page. The rest is imported when it is first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from ..http import SESSIONS_KEY, Handler
from ..http.exchange import read_body, world_of
from ..worlds import Sessions

if TYPE_CHECKING:
    from .routes import Page


def make_page_handler(kit_report: Path | None = None) -> Handler:
    """The handler of `/` and `/page` for one application; it keeps what can be undone.

    `kit_report` is a folder in which `mockserver verify --report` writes: the page shows the last.
    """

    @cache
    def page_of(sessions: Sessions) -> Page:
        from .routes import Page  # imports jinja2

        return Page(sessions, kit_report)

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await read_body(request, world_of(request).settings)
        return await page_of(request.app[SESSIONS_KEY]).answer(request, body)

    return handle
