"""Finds clients that do not read their replies."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from aiohttp import web

log = logging.getLogger("mockserver")


class Connection(Protocol):
    """The part of an asyncio transport that matters here."""

    def get_write_buffer_size(self) -> int:
        """How many bytes wait to be sent."""


_Kind = TypeVar("_Kind", bound=Connection)


class StalledClients(Generic[_Kind]):
    """The connections on which something waits to be sent, and since when it has not moved.

    A connection that was closed with unsent bytes stays, as asyncio keeps it, until they are sent.
    """

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long a client may read nothing."""
        self._seconds = seconds
        self._waiting: dict[_Kind, tuple[int, float]] = {}

    def find(self, connections: Iterable[_Kind], now: float) -> list[_Kind]:
        """Those of these and of the earlier connections that have waited for too long."""
        before, self._waiting = self._waiting, {}
        for one in {*connections, *before}:
            size = one.get_write_buffer_size()
            if size:
                # While the client reads nothing the number stays: nothing more is written either.
                known = before.get(one)
                same = known is not None and known[0] == size
                self._waiting[one] = known if known is not None and same else (size, now)
        return [one for one, (_, since) in self._waiting.items() if now - since >= self._seconds]


async def cut_stalled_clients(server: web.Server, seconds: float) -> None:
    """Abort connections whose client reads nothing for `seconds`, until it is cancelled."""
    stalled = StalledClients[asyncio.Transport](seconds)
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(1.0, seconds / 4))
        transports = [one.transport for one in server.connections if one.transport is not None]
        for transport in stalled.find(transports, loop.time()):
            log.warning("cut a client that read nothing of its reply for %g s", seconds)
            # Else the kernel keeps what it has taken, up to some MB, for as long as the client.
            peer = transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
