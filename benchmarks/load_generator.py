"""A load generator that costs less than the servers it measures: hand-written HTTP/1.1, keep-alive.

It understands only replies like those of the servers measured here: a head with a Content-Length,
then the body.

`send_concurrently` uses many connections and sleeps while nothing arrives. `send_sequentially` uses
one connection and polls it: between one call and the next, the processors of a virtual machine go
idle, and waking them up takes longer than a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, cycle
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection, socket

from benchmarks.servers import event_loops
from benchmarks.servers.processes import Address

ShouldContinue = Callable[[float, bytes], bool]
"""(seconds since the start, the last reply's body) -> whether to send another request."""

_HEAD_END = b"\r\n\r\n"
_LENGTH_HEADER = b"\r\nContent-Length: "
_OK_STATUS_LINE = b"HTTP/1.1 200 "
_MAX_RECEIVE_BYTES = 1 << 16  # per call of recv()
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """The measured calls: total seconds, sorted latencies in seconds, and how busy the client was.

    `busy` is the client's processor time as a share of `seconds`.
    """

    seconds: float
    latencies: list[float]
    busy: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in seconds that this share (0 to 1) of the requests did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def send_concurrently(
    address: Address,
    requests: Sequence[bytes],
    should_continue: ShouldContinue,
    *,
    connections: int = 1,
) -> Load:
    """Send the requests over and over until `should_continue` returns False.

    Each of the `connections` sends its next request when the reply to the last one has arrived.
    """
    with asyncio.Runner(loop_factory=event_loops.loop_factory()) as runner:
        return runner.run(
            _send_concurrently(address, cycle(requests), should_continue, connections)
        )


def send_sequentially(
    address: Address, requests: Sequence[bytes], should_continue: ShouldContinue
) -> Load:
    """Send the requests over and over on one connection, each after the reply to the last one.

    Raises TimeoutError if a reply does not arrive within a minute.
    """
    latencies: list[float] = []
    with create_connection((address.host, address.port)) as connection:
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        connection.setblocking(False)
        start = time.perf_counter()
        for request in cycle(requests):
            sent = time.perf_counter()
            connection.sendall(request)
            body = _receive_body(connection, sent + _TIMEOUT_SECONDS)
            now = time.perf_counter()
            latencies.append(now - sent)
            if not should_continue(now - start, body):
                break
    return Load(now - start, sorted(latencies), 1.0)


def _receive_body(connection: socket, until: float) -> bytes:
    """Read the next reply and return its body. Raises TimeoutError after `until`."""
    received = b""
    while (body := _body(received)) is None:
        try:
            chunk = connection.recv(_MAX_RECEIVE_BYTES)
        except BlockingIOError:
            if time.perf_counter() > until:
                raise TimeoutError("no reply arrived") from None
            continue
        if not chunk:
            raise ConnectionError("the server closed a connection")
        received += chunk
    return body


def _body(received: bytes) -> bytes | None:
    """The body of a reply, None while it is incomplete. Raises RuntimeError unless it is a 200."""
    at = received.find(_HEAD_END)
    if at < 0:
        return None
    if not received.startswith(_OK_STATUS_LINE):
        raise RuntimeError(f"answered {received[:200]!r}")
    body = received[at + len(_HEAD_END) :]
    at = received.index(_LENGTH_HEADER) + len(_LENGTH_HEADER)
    return body if len(body) >= int(received[at : received.index(b"\r", at)]) else None


async def _send_concurrently(
    address: Address, requests: Iterator[bytes], should_continue: ShouldContinue, connections: int
) -> Load:
    async with _open_connections(address, connections) as opened:
        processor, start = time.process_time(), time.perf_counter()
        for connection in opened:
            connection.begin(requests, should_continue, start)
        await asyncio.gather(*(connection.done for connection in opened))
        seconds = time.perf_counter() - start
        busy = (time.process_time() - processor) / seconds
    latencies = sorted(latency for connection in opened for latency in connection.latencies)
    return Load(seconds, latencies, busy)


@asynccontextmanager
async def _open_connections(address: Address, connections: int) -> AsyncIterator[list[_Connection]]:
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


def exactly(calls: int) -> ShouldContinue:
    """Stops after this many calls."""
    left = count(calls - 1, -1)
    return lambda _, __: next(left) > 0


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.received = b""
        self.transport: asyncio.Transport

    def begin(
        self, requests: Iterator[bytes], should_continue: ShouldContinue, start: float
    ) -> None:
        """Send the first request."""
        self.requests = requests
        self.should_continue = should_continue
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
        if self.should_continue(now - self.start, body):
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
