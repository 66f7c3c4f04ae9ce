"""Workers that wait for background task runs on `/task_runs/subscriptions/scheduled`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from mockserver import Base, Store
from mockserver.background_tasks import task_queues
from mockserver.http.app import create_app
from mockserver.http.exchange import WORLD_KEY
from mockserver.http.sockets import event_sockets
from mockserver.prefect import find_dialect
from mockserver.worlds import Settings
from tests.support.prefect_sockets import settle, subscribed
from tests.support.servers import Client, serve_app, serve_store

PATH = "/task_runs/subscriptions/scheduled"
ACK = {"type": "ack"}


@pytest.fixture
def client() -> Iterator[Client]:
    with serve_store(Store(Base([], loaded_at=datetime.now(UTC)))) as connected:
        yield connected


def schedule(client: Client, key: str, name: str, prefix: str = "", **details: Any) -> str:
    """Create a background task run; returns its id."""
    state = {"type": "SCHEDULED", "state_details": {"deferred": True, **details}}
    body = {"task_key": key, "dynamic_key": name, "name": name, "state": state}
    made = client.send(
        "POST",
        f"{prefix}/task_runs/",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    assert made.status == 201, made.body
    return str(made.json["id"])


def subscription(*keys: str, client_id: str = "w") -> dict[str, Any]:
    return {"type": "subscribe", "keys": keys, "client_id": client_id}


def socket(
    client: Client, *messages: Any, prefix: str = "/api"
) -> AbstractAsyncContextManager[ClientWebSocketResponse]:
    """A worker's socket on which these messages were sent, after the handshake."""
    return subscribed(client, f"{prefix}{PATH}", *messages)


async def names(ws: ClientWebSocketResponse, count: int) -> list[str]:
    """The names of the next task runs, each of which is acknowledged."""
    found = []
    for _ in range(count):
        found.append((await ws.receive_json())["name"])
        await ws.send_json(ACK)
    return found


def workers(client: Client, *keys: str) -> dict[str, list[str]]:
    body = {"task_worker_filter": {"task_keys": keys}} if keys else {}
    found = client.ask("POST", "/task_workers/filter", body).json
    assert all(one["timestamp"] for one in found)
    return {one["identifier"]: one["task_keys"] for one in found}


def test_a_worker_gets_a_task_run_as_it_was_scheduled(client: Client) -> None:
    """What it gets is what a client that reads it would have got then."""
    id_ = schedule(client, "a", "first")
    before = client.ask("GET", f"/task_runs/{id_}").json
    assert client.ask("PATCH", f"/task_runs/{id_}", {"name": "other"}).status == 204
    assert client.ask("DELETE", f"/task_runs/{id_}").status == 204

    async def talk() -> Any:
        async with socket(client, subscription("a")) as ws:
            return await ws.receive_json()

    assert asyncio.run(talk()) == {**before, "estimated_start_time_delta": 0.0}


def test_a_worker_gets_one_task_run_at_a_time(client: Client) -> None:
    """The next one comes once it has acknowledged the one before; also a state set later counts."""

    async def talk() -> None:
        async with socket(client, subscription("a", "b")) as ws:
            await ws.send_str("anything")  # passed over: there is nothing to acknowledge
            await settle(ws)
            ids = [schedule(client, key, key) for key in ("b", "c", "a")]
            schedule(client, "a", "last")
            for name in ("b", "a", "last"):
                assert (await ws.receive_json())["name"] == name
                await settle(ws)
                await ws.send_json(ACK)
            await ws.send_str("anything")
            await settle(ws)
            for state, status in (("PENDING", 201), ("PENDING", 200), ("SCHEDULED", 201)):
                proposed = {"type": state, "state_details": {"deferred": True}}
                path = f"/task_runs/{ids[0]}/set_state"
                assert client.ask("POST", path, {"state": proposed}).status == status
            assert await names(ws, 1) == ["b"]

    asyncio.run(talk())


def test_what_a_worker_does_not_acknowledge_another_one_gets(client: Client) -> None:
    """Before those that were never tried."""
    for name in ("one", "two"):
        schedule(client, "a", name)

    async def talk() -> None:
        async with socket(client, subscription("a")) as ws:
            assert (await ws.receive_json())["name"] == "one"
        async with socket(client, subscription("a")) as ws:
            assert await names(ws, 2) == ["one", "two"]
            await settle(ws)
        schedule(client, "a", "three")
        async with socket(client, subscription("a")) as ws:
            assert await names(ws, 1) == ["three"]

    asyncio.run(talk())


WRONG = "Protocol violation: expected 'ack' message"
ANSWERS = [
    ({"type": "x"}, 4001, WRONG, True),
    ("[]", 4001, WRONG, True),
    ("{", 4001, WRONG, True),
    ({"type": "quit"}, 1000, "", False),
]


@pytest.mark.parametrize(("answer", "code", "reason", "again"), ANSWERS)
def test_a_worker_must_acknowledge(
    client: Client, answer: Any, code: int, reason: str, again: bool
) -> None:
    """Anything else closes the socket. Who quits takes the task run along, as on a real server."""
    schedule(client, "a", "one")
    schedule(client, "b", "two")

    async def talk() -> None:
        async with socket(client, subscription("a")) as ws:
            await ws.receive_json()
            await (ws.send_str if isinstance(answer, str) else ws.send_json)(answer)
            closing = await ws.receive()
            assert (closing.type, ws.close_code) == (WSMsgType.CLOSE, code)
            assert closing.extra == reason
        async with socket(client, subscription("a", "b")) as ws:
            assert (await ws.receive_json())["name"] == ("one" if again else "two")

    asyncio.run(talk())


REFUSED: list[tuple[Any, str]] = [
    ({"type": "x"}, "subscribe"),
    ("nonsense", "subscribe"),
    ({"type": "subscribe", "client_id": "w"}, "keys"),
    ({"type": "subscribe", "client_id": "w", "keys": []}, "keys"),
    ({"type": "subscribe", "client_id": "w", "keys": "a"}, "keys"),
    ({"type": "subscribe", "client_id": "w", "keys": ["a", 1]}, "keys"),
    ({"type": "subscribe", "keys": ["a"]}, "client_id"),
    ({"type": "subscribe", "keys": ["a"], "client_id": ""}, "client_id"),
    ({"type": "subscribe", "keys": ["a"], "client_id": 5}, "client_id"),
]


@pytest.mark.parametrize(("message", "missing"), REFUSED)
def test_a_worker_must_say_what_it_runs(client: Client, message: Any, missing: str) -> None:
    """Anything else closes the socket with the code and the reason of a real server."""

    async def talk() -> tuple[int | None, Any]:
        async with socket(client, message) as ws:
            closing = await ws.receive()
            return ws.close_code, closing.extra

    code, reason = asyncio.run(talk())
    assert code == 4001
    assert reason.startswith(f"Protocol violation: expected {missing!r}")


def test_connected_workers_are_listed(client: Client) -> None:
    """All, or those that run one of some tasks; those of one name are one with the keys of all."""

    async def talk() -> None:
        async with socket(client, subscription("a", "b", client_id="x")) as first:
            await settle(first)
            async with socket(client, subscription("c", client_id="x")) as second:
                await settle(second)
                async with socket(client, subscription("b", client_id="y")) as third:
                    await settle(third)
                    assert workers(client) == {"x": ["a", "b", "c"], "y": ["b"]}
                    assert workers(client, "b", "z") == {"x": ["a", "b", "c"], "y": ["b"]}
                    assert workers(client, "c") == {"x": ["a", "b", "c"]}
                    assert workers(client, "z") == {}

    asyncio.run(talk())
    assert workers(client) == {}


def test_worlds_have_queues_of_their_own(client: Client) -> None:
    """A session starts with an empty one; a reset empties it, and what is held is forgotten."""
    schedule(client, "a", "outside")
    assert client.send("POST", "/_mock/sessions", b'{"name": "one"}').status == 201

    async def talk() -> None:
        async with socket(client, subscription("a"), prefix="/sessions/one/api") as ws:
            await settle(ws)
            schedule(client, "a", "inside", "/sessions/one/api")
            assert (await ws.receive_json())["name"] == "inside"
            assert client.send("POST", "/sessions/one/_mock/reset").status == 200
        async with socket(client, subscription("a"), prefix="/sessions/one/api") as ws:
            await settle(ws)
            schedule(client, "a", "later", "/sessions/one/api")
            assert await names(ws, 1) == ["later"]
        async with socket(client, subscription("a")) as ws:
            assert await names(ws, 1) == ["outside"]

    asyncio.run(talk())


def test_a_restored_snapshot_has_empty_queues() -> None:
    """Its task runs are there again, and no worker is told of them."""
    app = create_app(Store(Base([], loaded_at=datetime.now(UTC))))
    world = app[WORLD_KEY]
    with serve_app(app) as client:
        schedule(client, "a", "one")
        world.snapshot("s")
        assert len(world.task_queues) == 1
        assert len(world.fork().task_queues) == 0
        world.restore("s")
    assert (len(world.task_queues), len(world.store.task_runs)) == (0, 1)


def test_a_task_run_that_no_message_can_say_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    """SQLite takes a lone surrogate; the worker gets the next one, and the log says so."""
    dialect = find_dialect("prefect-sqlite")
    with serve_store(Store(Base([], loaded_at=datetime.now(UTC))), Settings(dialect)) as client:
        state = {"type": "SCHEDULED", "state_details": {"deferred": True}}
        body = {"task_key": "a", "dynamic_key": "x", "state": state, "labels": {"a": "\ud800"}}
        assert client.ask("POST", "/task_runs/", body).status == 500

        async def talk() -> list[str]:
            async with socket(client, subscription("a")) as ws:
                await settle(ws)
            async with socket(client, subscription("a")) as ws:
                schedule(client, "a", "next")
                return await names(ws, 1)

        assert asyncio.run(talk()) == ["next"]
    assert caplog.text.count("it has a lone surrogate") == 1


def test_too_many_waiting_task_runs_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 413 and a sentence; nothing is stored."""
    monkeypatch.setattr(task_queues, "MAX_QUEUED", 1)
    id_ = schedule(client, "a", "one")
    state = {"type": "SCHEDULED", "state_details": {"deferred": True}}
    body = {"task_key": "a", "dynamic_key": "x", "state": state}
    for path, asked in (("/task_runs/", body), (f"/task_runs/{id_}/set_state", {"state": state})):
        refused = client.ask("POST", path, asked)
        assert refused.status == 413
        assert refused.json["detail"] == "1 task runs wait for workers, which is the most"
    assert client.ask("POST", "/task_runs/count", {}).json == 1


def test_workers_count_among_those_that_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is refused with 503, until one leaves."""
    monkeypatch.setattr(event_sockets, "MAX_SUBSCRIBERS", 1)

    async def talk() -> int:
        async with socket(client, subscription("a")) as ws:
            await settle(ws)
            with pytest.raises(WSServerHandshakeError) as refused:
                async with socket(client):
                    pass
        async with socket(client):
            return refused.value.status

    assert asyncio.run(talk()) == 503
