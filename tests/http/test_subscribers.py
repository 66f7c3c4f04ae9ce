"""The websockets `/events/out` and `/logs/out`, on which clients wait for what is new."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import (
    ClientSession,
    ClientWebSocketResponse,
    WSMsgType,
    WSServerHandshakeError,
)

from mockserver.http.app import create_app
from mockserver.http.exchange import WORLD_KEY
from mockserver.http.server import serve
from mockserver.http.sockets import event_sockets, subscriptions
from mockserver.prefect.records import Flow, FlowRun, State, StateType
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.prefect_sockets import settle, subscribed
from tests.support.servers import Client, serve_app, serve_store

RUN = "11111111-0000-4000-8000-000000000000"
FLOW = "22222222-0000-4000-8000-000000000000"
EVENTS, LOGS = "/api/events/out", "/api/logs/out"


def new_store() -> Store:
    state = State(StateType.PENDING, "Pending")
    run = FlowRun(id=RUN, name="etl", flow_id=FLOW, state=state)
    return Store(Base([run], flows=[Flow(FLOW, "flow")], loaded_at=datetime.now(UTC)))


@pytest.fixture
def client() -> Iterator[Client]:
    with serve_store(new_store()) as connected:
        yield connected


def wanted(**filter_: Any) -> dict[str, Any]:
    """A message with a filter, as Prefect's client sends it."""
    now = datetime.now(UTC)
    occurred = {
        "since": (now - timedelta(minutes=1)).isoformat(),
        "until": (now + timedelta(days=365)).isoformat(),
    }
    return {"type": "filter", "filter": {"occurred": occurred, **filter_}}


def set_state(client: Client, type_: str) -> None:
    path = f"/flow_runs/{RUN}/set_state"
    assert client.ask("POST", path, {"state": {"type": type_}, "force": True}).status == 201


async def next_names(ws: ClientWebSocketResponse, count: int) -> list[str]:
    found = [await ws.receive_json() for _ in range(count)]
    assert all(one["type"] == "event" for one in found)
    return [one["event"]["event"] for one in found]


def test_a_subscriber_gets_what_it_missed_and_what_is_new(client: Client) -> None:
    """Only what its filter selects; other messages of its own are passed over."""

    async def talk() -> None:
        set_state(client, "RUNNING")
        only_run = wanted(resource={"id": [f"prefect.flow-run.{RUN}"]})
        async with subscribed(client, EVENTS, only_run) as ws:
            assert await next_names(ws, 1) == ["prefect.flow-run.Running"]
            await ws.send_str("anything")
            client.ask("POST", "/flow_runs/", {"flow_id": FLOW})
            for type_ in ("CANCELLING", "CANCELLED"):
                set_state(client, type_)
            names = await next_names(ws, 2)
            assert names == ["prefect.flow-run.Cancelling", "prefect.flow-run.Cancelled"]

    asyncio.run(talk())


def test_a_subscriber_may_want_only_what_is_new(client: Client) -> None:
    """With `backfill` false it gets nothing that was there before."""

    async def talk() -> None:
        set_state(client, "RUNNING")
        async with subscribed(client, EVENTS, {**wanted(), "backfill": False}) as ws:
            await settle(ws)
            set_state(client, "PENDING")
            assert await next_names(ws, 1) == ["prefect.flow-run.Pending"]

    asyncio.run(talk())


def test_events_of_clients_come_back_to_subscribers(client: Client) -> None:
    """Also those that were sent over HTTP; a reset of the world forgets them."""
    event = {
        "occurred": datetime.now(UTC).isoformat(),
        "event": "my.event",
        "resource": {"prefect.resource.id": "x"},
        "related": [{"prefect.resource.id": "y", "prefect.resource.role": "z"}],
        "id": RUN,
    }
    unnamed = {**event, "related": [{"prefect.resource.id": "y"}]}
    assert client.ask("POST", "/events", [unnamed]).status == 422
    assert client.ask("POST", "/events", [event]).status == 204

    async def talk() -> Any:
        async with subscribed(client, EVENTS, wanted()) as ws:
            return await ws.receive_json()

    assert asyncio.run(talk())["event"]["event"] == "my.event"
    assert client.ask("POST", "/events/filter", {}).json["total"] == 1
    assert client.send("POST", "/_mock/reset").status == 200
    assert client.ask("POST", "/events/filter", {}).json["total"] == 0


def test_links_between_pages_lead_through_sessions(client: Client) -> None:
    """They begin as the URL that was requested."""
    assert client.send("POST", "/_mock/sessions", b'{"name": "one"}').status == 201
    session = f"{client.url}/sessions/one/api"
    prefix = "/sessions/one/api"
    for type_ in ("RUNNING", "COMPLETED"):
        body = json.dumps({"state": {"type": type_}}).encode()
        path = f"{prefix}/flow_runs/{RUN}/set_state"
        client.send("POST", path, body, {"Content-Type": "application/json"})
    page = client.send("POST", f"{prefix}/events/filter", b'{"limit": 1}').json
    assert page["next_page"].startswith(f"{session}/events/filter/next?page-token=")
    following = client.send("GET", page["next_page"].removeprefix(client.url)).json
    assert [one["event"] for one in following["events"]] == ["prefect.flow-run.Running"]
    assert following["next_page"] is None


def log_line(message: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "x", "level": 20, "message": message, "timestamp": datetime.now(UTC).isoformat(),
        "flow_run_id": RUN, **changes,
    }  # fmt: skip


LINES: list[dict[str, Any]] = [
    {"message": "info"},
    {"message": "debug", "level": 10},
    {"message": "task", "task_run_id": FLOW},
    {"message": "other", "flow_run_id": FLOW},
]
LOG_FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["info", "debug", "task", "other"]),
    ({"level": {"ge_": 20}}, ["info", "task", "other"]),
    ({"level": {"le_": 10}}, ["debug"]),
    ({"flow_run_id": {"any_": [RUN]}}, ["info", "debug", "task"]),
    ({"task_run_id": {"any_": [FLOW]}}, ["task"]),
    ({"task_run_id": {"is_null_": True}}, ["info", "debug", "other"]),
    ({"timestamp": {"after_": "2091-01-01T00:00:00Z"}}, []),
    ({"timestamp": {"before_": "2091-01-01T00:00:00Z"}}, ["info", "debug", "task", "other"]),
]


@pytest.mark.parametrize(("filter_", "told"), LOG_FILTERS, ids=[str(one[0]) for one in LOG_FILTERS])
def test_a_subscriber_of_logs_gets_new_lines(
    client: Client, filter_: dict[str, Any], told: list[str]
) -> None:
    """Those that its filter selects. What was there before does not come."""

    async def talk() -> list[str]:
        client.ask("POST", "/logs/", [log_line("before")])
        message = {"type": "filter", "filter": filter_}
        async with subscribed(client, LOGS, message) as ws:
            await settle(ws)
            client.ask("POST", "/logs/", [log_line(**one) for one in LINES])
            found = [(await ws.receive_json())["log"]["message"] for _ in told]
            await settle(ws)
            return found

    assert asyncio.run(talk()) == told


REFUSED = [
    ("{}", 1002, "Expected 'filter' message"),
    ("nonsense", 1002, "Expected 'filter' message"),
    ({"type": "filter", "filter": {"x": 1}}, 1002, "Invalid filter: x: Extra inputs are not"),
    ({"type": "filter"}, 1002, "Invalid filter: Input should be a valid"),
]


@pytest.mark.parametrize("path", [EVENTS, LOGS])
@pytest.mark.parametrize(("message", "code", "reason"), REFUSED)
def test_a_subscriber_must_send_a_filter(
    client: Client, path: str, message: Any, code: int, reason: str
) -> None:
    """Anything else closes the socket as on a real server, with a reason."""

    async def talk() -> tuple[int | None, str]:
        async with subscribed(client, path, message) as ws:
            closing = await ws.receive()
            assert closing.type is WSMsgType.CLOSE
            return ws.close_code, str(closing.extra)

    told, because = asyncio.run(talk())
    assert told == code
    assert because.startswith(reason)


@pytest.mark.parametrize("path", [EVENTS, LOGS])
def test_a_subscriber_must_send_its_filter_in_time(path: str) -> None:
    """One that says nothing more keeps no socket."""

    async def talk(client: Client) -> int | None:
        async with subscribed(client, path) as ws:
            await ws.receive()
            return ws.close_code

    with serve_store(new_store(), Settings(client_timeout=0.05)) as client:
        assert asyncio.run(talk(client)) == 1008


def test_a_slow_subscriber_is_disconnected(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once too much waits for it the code is 1013 (try again later), and the log says so."""
    monkeypatch.setattr(subscriptions, "MAX_QUEUED", 2)

    async def talk() -> int | None:
        async with subscribed(client, EVENTS, wanted()) as ws:
            set_state(client, "RUNNING")
            await ws.receive_json()
            event = {"occurred": datetime.now(UTC).isoformat(), "event": "x",
                     "resource": {"prefect.resource.id": "x"}}  # fmt: skip
            many = [{**event, "id": RUN[:-1] + str(number)} for number in range(4)]
            client.ask("POST", "/events", many)
            assert (await ws.receive()).type is WSMsgType.CLOSE
            return ws.close_code

    assert asyncio.run(talk()) == 1013
    assert "reads too slowly" in caplog.text


def test_subscribers_are_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused with 503; those that send events are counted apart."""
    monkeypatch.setattr(event_sockets, "MAX_SUBSCRIBERS", 0)
    monkeypatch.setattr(event_sockets, "MAX_SOCKETS", 1)

    async def talk() -> int:
        async with subscribed(client, "/events/in"):
            try:
                async with subscribed(client, EVENTS):
                    return 101
            except WSServerHandshakeError as refused:
                return refused.status

    assert asyncio.run(talk()) == 503


def test_a_subscriber_that_leaves_is_forgotten() -> None:
    """The world keeps no listener of a closed socket."""
    app = create_app(new_store())
    listeners = app[WORLD_KEY].events.listeners

    async def talk(client: Client) -> None:
        async with subscribed(client, EVENTS, wanted()) as ws:
            set_state(client, "RUNNING")
            await ws.receive_json()
            assert len(listeners) == 1

    with serve_app(app) as client:
        asyncio.run(talk(client))
    assert not listeners


def test_a_stop_of_the_server_closes_subscribers() -> None:
    """With 1001 (going away)."""

    async def main() -> int | None:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        app = create_app(new_store())
        served = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=ready.set_result, stop=stop))
        url = f"{await ready}{EVENTS}"
        async with ClientSession() as session, session.ws_connect(url) as ws:
            await ws.send_json(wanted())
            stop.set()
            await ws.receive()
            await served
            return ws.close_code

    assert asyncio.run(main()) == 1001
