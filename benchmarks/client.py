"""A load generator that costs less than what it measures: written-out HTTP/1.1, kept connections.

It takes replies as the servers here send them: a head with a Content-Length, then the body.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

from . import loops
from .servers import Address

Again = Callable[[float, bytes], bool]
"""Seconds since the start and a body that came -> whether to send another request."""

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "
_GOOD = b"HTTP/1.1 200 "


@dataclass(frozen=True, slots=True)
class Load:
    """What a server answered: its latencies in seconds, in order, and how busy the client was."""

    seconds: float
    latencies: list[float]
    busy: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that so large a share of requests did not exceed, in seconds."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def repeat(
    address: Address, requests: Sequence[bytes], again: Again, *, connections: int = 1
) -> Load:
    """Send requests in turn, from the first again after the last, until `again` says no.

    They go over so many connections at once; on each, one waits for the reply to the one before.
    """
    with asyncio.Runner(loop_factory=loops.factory()) as runner:
        return runner.run(_repeat(address, cycle(requests), again, connections))


async def _repeat(
    address: Address, requests: Iterator[bytes], again: Again, connections: int
) -> Load:
    async with _connected(address, connections) as opened:
        processor, start = time.process_time(), time.perf_counter()
        for connection in opened:
            connection.begin(requests, again, start)
        await asyncio.gather(*(connection.done for connection in opened))
        seconds = time.perf_counter() - start
        busy = (time.process_time() - processor) / seconds
    latencies = sorted(latency for connection in opened for latency in connection.latencies)
    return Load(seconds, latencies, busy)


@asynccontextmanager
async def _connected(address: Address, connections: int) -> AsyncIterator[list[_Connection]]:
    loop = asyncio.get_running_loop()
    opened: list[_Connection] = []
    try:
        for _ in range(connections):
            transport, connection = await loop.create_connection(
                _Connection, address.host, address.port
            )
            connection.transport = transport
            opened.append(connection)
        yield opened
    finally:
        for connection in opened:
            connection.transport.close()


class _Connection(asyncio.Protocol):
    """One kept connection."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.received = b""
        self.transport: asyncio.Transport

    def begin(self, requests: Iterator[bytes], again: Again, start: float) -> None:
        """Send the first request."""
        self.requests = requests
        self.again = again
        self.start = start
        self._send(time.perf_counter())

    def _send(self, now: float) -> None:
        self.sent = now
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        received = self.received = self.received + data if self.received else data
        at = received.find(_HEAD_END)
        if at < 0:
            return
        if not received.startswith(_GOOD):
            self._finish(RuntimeError(f"answered {received[:200]!r}"))
            return
        body = received[at + len(_HEAD_END) :]
        at = received.index(_LENGTH) + len(_LENGTH)
        if len(body) >= int(received[at : received.index(b"\r", at)]):
            self.received = b""
            self._replied(body)

    def _replied(self, body: bytes) -> None:
        now = time.perf_counter()
        self.latencies.append(now - self.sent)
        if self.again(now - self.start, body):
            self._send(now)
        else:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(exc or ConnectionError("the server closed a connection"))

    def _finish(self, error: Exception | None = None) -> None:
        if self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)
