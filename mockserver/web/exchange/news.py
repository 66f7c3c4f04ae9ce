"""News for a page that is open: server-sent events, one when something has happened.

https://html.spec.whatwg.org/multipage/server-sent-events.html; a browser connects again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web

from ...http import STOPPING_KEY
from .headers import HEADERS

MAX_STREAMS = 50
"""Most pages that wait for news at a time; chosen."""
LOOK_SECONDS = 0.2
"""How often it is looked for news: nothing tells of them, so that those who do not look pay
nothing."""
_QUIET_LOOKS = 50
"""After so many looks without news a comment is sent: a browser that is gone does not take it."""


class News:
    """The streams of one application."""

    def __init__(self) -> None:
        self._open = 0

    async def send(self, request: web.Request, latest: Callable[[], object]) -> web.StreamResponse:
        """Send an event whenever the latest is another, until the client or the server is gone.

        Raises HTTPServiceUnavailable where too many wait already.
        """
        if self._open >= MAX_STREAMS:
            raise web.HTTPServiceUnavailable(reason="too many pages wait for news")
        self._open += 1
        try:
            return await _stream(request, latest)
        finally:
            self._open -= 1


async def _stream(request: web.Request, latest: Callable[[], object]) -> web.StreamResponse:
    response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
    seen, quiet = latest(), 0  # before the browser knows that the stream is open, and looks
    await response.prepare(request)
    stopping = request.app[STOPPING_KEY]
    await response.write(b": waiting\n\n")
    with suppress(ConnectionError):  # the browser has gone
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
            now, quiet = latest(), quiet + 1
            if now != seen:
                await response.write(b"event: news\ndata: 1\n\n")
                seen, quiet = now, 0
            elif quiet >= _QUIET_LOOKS:
                await response.write(b": still here\n\n")
                quiet = 0
    return response
