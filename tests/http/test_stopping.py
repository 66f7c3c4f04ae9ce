"""What becomes of requests when the server is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from mockserver.http.app import create_app
from mockserver.http.server import serve
from mockserver.prefect.records import FlowRun
from mockserver.store.base import Base
from mockserver.store.store import Store

HEALTH = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW = (
    b"POST /api/flow_runs/bulk_delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n"
    b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def run_until_stop(
    store: Store, talk: Callable[[asyncio.Event, Streams], Awaitable[bytes]]
) -> bytes:
    """Serve, and let `talk` set the event on a connection; returns what it does."""

    async def main() -> bytes:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        app = create_app(store)
        served = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=ready.set_result, stop=stop))
        port = int((await ready).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        received = await talk(stop, (reader, writer))
        await served
        writer.close()
        return received

    return asyncio.run(main())


@pytest.fixture
def store() -> Store:
    return Store(Base([FlowRun(id="11111111-0000-4000-8000-000000000000", name="etl")]))


def test_requests_that_were_sent_are_answered_with_a_last_reply(store: Store) -> None:
    """A request behind the stop is answered, too; `Connection: close` tells the client."""

    async def talk(stop: asyncio.Event, streams: Streams) -> bytes:
        reader, writer = streams
        writer.write(HEALTH)
        first = await reader.readuntil(b"true")
        assert b"close" not in first
        writer.write(HEALTH)
        stop.set()
        return await reader.read()

    received = run_until_stop(store, talk)
    assert received.startswith(b"HTTP/1.1 200")
    assert b"Connection: close\r\n" in received
    assert received.endswith(b"true")


def test_a_request_that_is_not_answered_is_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A body that does not come in time: nothing is deleted, and the log has the request."""

    async def talk(stop: asyncio.Event, streams: Streams) -> bytes:
        reader, writer = streams
        writer.write(SLOW)
        await reader.readuntil(b"\r\n\r\n")  # 100 Continue: its body is being waited for
        stop.set()
        return await reader.read()

    with caplog.at_level(logging.WARNING, "mockserver"):
        assert run_until_stop(store, talk) == b""
    assert "the server stops: POST /api/flow_runs/bulk_delete is not answered" in caplog.text
    assert len(store) == 1
