"""Large replies: sent in pieces, bounded in all, and cut where the client reads nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import select
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession, web

from mockserver.http.app import create_app
from mockserver.http.exchange import large_replies
from mockserver.http.exchange.large_replies import (
    LARGE,
    UNREAD_KEY,
    JsonDocument,
    JsonList,
    UnreadReplies,
    pace,
)
from mockserver.http.server import serve
from mockserver.prefect.records import FlowRun
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_app, serve_store

TEXT = "x" * 100_000


def store(count: int = 40) -> Store:
    """Flow runs of 100 KB each."""
    ids = (f"{n:08}-0000-4000-8000-000000000000" for n in range(count))
    return Store(Base(FlowRun(id=one, name="a", parameters={"text": TEXT}) for one in ids))


@pytest.fixture
def client() -> Iterator[Client]:
    with serve_store(store()) as connected:
        yield connected


def test_a_large_list_arrives_whole(client: Client) -> None:
    """In one reply with its length, on a connection that stays; also one that closes."""
    for close in ({}, {"Connection": "close"}):
        reply = client.ask("POST", "/flow_runs/filter", {}, **close)
        assert len(reply.json) == 40
        assert int(reply.headers["content-length"]) == len(reply.body) > 4_000_000
    assert client.ask("GET", "/health").body == b"true"


def test_a_seed_is_sent_while_it_is_made(client: Client) -> None:
    """The dump has no length, and holds what the store held when it began."""
    client.documented = False
    reply = client.send("GET", "/_mock/seeds")
    assert "content-length" not in reply.headers
    assert len(reply.json["flow_runs"]) == 40
    assert client.send("PUT", "/_mock/seeds", reply.body).json["flow_runs"] == 40
    assert client.send("GET", "/_mock/seeds").body == reply.body


def test_replies_that_nobody_reads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a large reply is 503; small ones and the first large one are sent."""
    monkeypatch.setattr(large_replies, "MAX_UNREAD", 5_000_000)
    app = create_app(store())
    with serve_app(app) as client:
        assert client.ask("POST", "/flow_runs/filter", {}).status == 200
        assert client.ask("GET", "/health").body == b"true"  # the reply before is done with
        app[UNREAD_KEY].size = 2_000_000
        refused = client.ask("POST", "/flow_runs/filter", {})
        assert (refused.status, refused.headers["connection"]) == (503, "close")
        assert "clients have not read 2,000,000 bytes" in refused.json["detail"]
        assert client.ask("POST", "/flow_runs/filter", {"limit": 1}).status == 200
        assert client.ask("GET", "/health").body == b"true"
        assert app[UNREAD_KEY].size == 2_000_000


@pytest.mark.parametrize("path", ["/api/flow_runs/filter", "/_mock/seeds"])
def test_a_client_that_reads_nothing_is_cut(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """After the time that the settings give; its reply takes no room any more."""
    app = create_app(store(100), Settings(client_timeout=0.04))
    head = f"{'GET' if 'mock' in path else 'POST'} {path} HTTP/1.1\r\nHost: localhost\r\n"
    with serve_app(app) as client, socket.socket() as slow:
        # Else the kernel may come to take the whole reply for the client.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        slow.settimeout(20)
        slow.connect(client.address)
        slow.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
        poller = select.poll()
        poller.register(slow, select.POLLRDHUP)
        assert poller.poll(20_000)  # ms; the server closes the connection
        assert "cut a client that read nothing" in caplog.text
        received = b"".join(iter(lambda: Client._received(slow), b""))
        assert received.startswith(b"HTTP/1.1 200")
        assert not received.endswith((b"]", b"0\r\n\r\n"))
        assert client.ask("GET", "/health").body == b"true"
        assert app[UNREAD_KEY].size == 0


def test_a_stop_tells_of_a_reply_that_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    """The server does not wait for its client, and the log says what was not sent."""

    async def main() -> None:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        app = create_app(store(100))
        served = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=ready.set_result, stop=stop))
        async with ClientSession(read_bufsize=1024) as session:
            asked = session.post(f"{await ready}/api/flow_runs/filter", json={})
            async with asked as reply:
                assert reply.status == 200
                stop.set()
                await served

    with caplog.at_level(logging.WARNING, "mockserver"):
        asyncio.run(main())
    assert "is not sent to its end" in caplog.text


def app_with(unread: int = 0) -> Any:
    """What `pace` needs of a request."""

    return SimpleNamespace(app={UNREAD_KEY: UnreadReplies(unread)}, path="/x")


def test_only_large_replies_are_paced() -> None:
    """Others are sent as they are. A reply that closes its connection still does."""
    small, stream = web.Response(body=b"x" * LARGE), web.StreamResponse()
    assert pace(app_with(), small) is small
    assert pace(app_with(), stream) is stream
    large = web.Response(body=b"x" * (LARGE + 1), status=201, headers={"X-A": "b"})
    paced = pace(app_with(), large)
    assert (paced.status, paced.headers["X-A"], paced.keep_alive) == (201, "b", None)
    large.force_close()
    assert pace(app_with(), large).keep_alive is False


@pytest.mark.parametrize(
    "items",
    [[], [("a", 1)], [("a", 1), ("a", "é"), ("b", {"c": None})], [("a", TEXT), ("b", TEXT)]],
    ids=["none", "one", "some", "large"],
)
def test_a_document_is_valid_json_in_pieces(items: list[tuple[str, object]]) -> None:
    """The items of a list come together, and a list is there only if it has any."""
    expected: dict[str, list[object]] = {}
    for name, item in items:
        expected.setdefault(name, []).append(item)
    pieces = list(JsonDocument(items).pieces())
    assert json.loads(b"".join(pieces)) == expected
    assert len(pieces) == (3 if len(json.dumps(items)) > LARGE else 1)


@pytest.mark.parametrize("good", [0, 2])
def test_a_document_that_fails_in_the_middle_is_cut(
    good: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first error is 500; a later one aborts: no client takes the part for the whole."""

    def fail(_: Store) -> Iterator[tuple[str, object]]:
        yield from [("flow_runs", TEXT)] * good
        raise RuntimeError("a bug")

    monkeypatch.setattr("mockserver.http.control.world_handlers.iterate_dump", fail)
    with serve_store(Store(Base([]))) as client:
        received = client.raw(b"GET /_mock/seeds HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 200" if good else b"HTTP/1.1 500")
        assert not received.endswith(b"0\r\n\r\n")
        assert "a bug in mockserver" in caplog.text


def test_one_piece_is_made_in_a_turn_of_the_loop() -> None:
    """However many clients are sent long lists, others wait for one piece at most."""
    made_in: list[int] = []

    async def main() -> None:
        loop, turn = asyncio.get_running_loop(), 0

        def count() -> None:
            nonlocal turn
            turn += 1
            loop.call_soon(count)

        async def send(request: web.Request) -> web.StreamResponse:
            def items() -> Iterator[str]:
                yield TEXT  # the first piece is made by the handler
                for _ in range(5):
                    made_in.append(turn)
                    yield TEXT

            return await JsonList(items()).send(request)

        app = create_app(Store(Base([])))
        app.router.add_get("/list", send)
        stop, ready = asyncio.Event(), loop.create_future()
        served = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=ready.set_result, stop=stop))
        async with ClientSession() as session:
            url = f"{await ready}/list"
            count()
            asked = await asyncio.gather(*(session.get(url) for _ in range(8)))
            for reply in asked:
                assert await reply.json() == [TEXT] * 6
        stop.set()
        await served

    asyncio.run(main())
    assert len(set(made_in)) == len(made_in) == 40
