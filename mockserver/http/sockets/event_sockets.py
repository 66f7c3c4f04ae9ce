"""The open websockets of a server: how many there may be, whose turn it is, how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import WSCloseCode, web

# Chosen. Prefect's client has one for each process that runs flows.
MAX_SOCKETS = 100
# Chosen. It has one for each flow run that it waits for.
MAX_SUBSCRIBERS = 500


class EventSockets:
    """The sockets on which clients send events and wait for them.

    Invariant: between two messages, of whichever sockets, the loop gets a turn, so that other
    requests wait for one message at most.
    """

    def __init__(self) -> None:
        self._open: set[web.WebSocketResponse] = set()
        self._subscribers: set[web.WebSocketResponse] = set()
        self._turn = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._open) + len(self._subscribers)

    @asynccontextmanager
    async def hold(self, socket: web.WebSocketResponse, *, subscriber: bool) -> AsyncIterator[None]:
        """Count a socket as open inside the block. Raises HTTPServiceUnavailable if it is full."""
        sockets, most = self._open, MAX_SOCKETS
        if subscriber:
            sockets, most = self._subscribers, MAX_SUBSCRIBERS
        if len(sockets) >= most:
            raise web.HTTPServiceUnavailable(
                reason=f"there are {most} websockets open already, which is the most"
            )
        sockets.add(socket)
        try:
            yield
        finally:
            sockets.remove(socket)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until no other socket works on a message; then let the loop do other things."""
        async with self._turn:
            yield
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Close all sockets, because the server stops."""
        held = (*self._open, *self._subscribers)
        going = (socket.close(code=WSCloseCode.GOING_AWAY) for socket in held)
        await asyncio.gather(*going, return_exceptions=True)


EVENT_SOCKETS_KEY = web.AppKey("event sockets", EventSockets)
