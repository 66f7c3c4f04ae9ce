"""A load generator that costs less than what it measures: written-out HTTP/1.1, kept connections.

It takes replies as the servers here send them: a head with a Content-Length, then the body.

`repeat` has many connections, and sleeps when nothing has come. `in_turn` has one, and stays awake:
where one call follows the other, the processors of a virtual machine fall asleep in between, and
to wake them takes longer than a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection, socket

from . import loops
from .servers import Address

Again = Callable[[float, bytes], bool]
"""Seconds since the start and a body that came -> whether to send another request."""

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "
_GOOD = b"HTTP/1.1 200 "
_MOST = 1 << 16  # bytes at once
_SECONDS = 60.0


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


def in_turn(address: Address, requests: Sequence[bytes], again: Again) -> Load:
    """Send requests in turn over one connection, one when the one before has been answered.

    Raises TimeoutError for a reply that does not come.
    """
    latencies: list[float] = []
    with create_connection((address.host, address.port)) as connection:
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        connection.setblocking(False)
        start = time.perf_counter()
        for request in cycle(requests):
            sent = time.perf_counter()
            connection.sendall(request)
            body = _awaited(connection, sent + _SECONDS)
            now = time.perf_counter()
            latencies.append(now - sent)
            if not again(now - start, body):
                break
    return Load(now - start, sorted(latencies), 1.0)


def _awaited(connection: socket, until: float) -> bytes:
    """The body of the next reply."""
    received = b""
    while (body := _body(received)) is None:
        try:
            came = connection.recv(_MOST)
        except BlockingIOError:
            if time.perf_counter() > until:
                raise TimeoutError("a reply did not come") from None
            continue
        if not came:
            raise ConnectionError("the server closed a connection")
        received += came
    return body


def _body(received: bytes) -> bytes | None:
    """The body of a reply; None while it has not come. Raises RuntimeError if that is not 200."""
    at = received.find(_HEAD_END)
    if at < 0:
        return None
    if not received.startswith(_GOOD):
        raise RuntimeError(f"answered {received[:200]!r}")
    body = received[at + len(_HEAD_END) :]
    at = received.index(_LENGTH) + len(_LENGTH)
    return body if len(body) >= int(received[at : received.index(b"\r", at)]) else None


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
        self.received = self.received + data if self.received else data
        try:
            body = _body(self.received)
        except RuntimeError as error:
            self._finish(error)
            return
        if body is not None:
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
