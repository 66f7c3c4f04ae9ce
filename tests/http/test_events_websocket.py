"""Events of task runs, which a client sends over the websocket `/events/in`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from mockserver.errors import InvalidRequest
from mockserver.http.app import create_app
from mockserver.http.server import serve
from mockserver.http.sockets import event_sockets, events_in, prefect_socket
from mockserver.operations.context import Context
from mockserver.operations.events.receiving import receive_event
from mockserver.operations.events.task_run_events import record_event
from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun, StateType, TaskRun
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RUN = "11111111-0000-4000-8000-000000000000"
TASK = "22222222-0000-4000-8000-000000000000"
OTHER = "33333333-0000-4000-8000-000000000000"
SECOND = "55555555-0000-4000-8000-000000000000"


def event(state: str = "RUNNING", second: int = 0, **changes: Any) -> dict[str, Any]:
    """The fields that matter of what Prefect 3.8's client sends for a new state of a task run."""
    fields = {
        "id": f"44444444-0000-4000-8000-{second:012}",
        "occurred": f"2026-06-01T11:00:{second:02}Z",
        "event": f"prefect.task-run.{state.capitalize()}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{TASK}",
            "prefect.orchestration": "client",
        },
        "related": [
            {"prefect.resource.role": "flow", "prefect.resource.id": f"prefect.flow.{OTHER}"},
            {"prefect.resource.role": "flow-run", "prefect.resource.id": f"prefect.flow-run.{RUN}"},
        ],
        "payload": {
            "validated_state": {"type": state, "name": state.capitalize(), "message": ""},
            "task_run": {"name": "add-0", "task_key": "add", "dynamic_key": "0", "run_count": 1},
        },
    }
    return {**fields, **changes}


@pytest.fixture
def store() -> Store:
    return Store(Base([FlowRun(id=RUN, name="etl", labels={"a": 1})], loaded_at=NOW))


@pytest.fixture
def context(store: Store) -> Context:
    return Context(store, SPEC, NOW, lambda: OTHER)


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    with serve_store(store, Settings(now=lambda: NOW)) as connected:
        yield connected


def test_a_task_run_has_the_state_of_its_latest_event(context: Context) -> None:
    """The first event makes it, later ones change it, an older one that comes late does not."""
    for state, second in (("PENDING", 0), ("RUNNING", 2), ("PENDING", 1)):
        record_event(context, event(state, second))
    task_run = context.store.task_runs.get(TASK)
    assert task_run is not None
    assert (task_run.name, task_run.flow_run_id, task_run.run_count) == ("add-0", RUN, 1)
    assert task_run.state is not None
    assert (task_run.state.type, task_run.state.message) == (StateType.RUNNING, "")
    assert task_run.state.timestamp == datetime(2026, 6, 1, 11, 0, 2, tzinfo=UTC)
    assert task_run.labels == {}  # not those of its flow run


def test_an_event_changes_only_the_fields_it_has(context: Context) -> None:
    """An existing task run is found by its keys and keeps its id and its other fields."""
    existing = TaskRun(OTHER, RUN, "old", "add", "0", ("t",), flow_run_run_count=3)
    context.store.task_runs.put(existing)
    record_event(context, event("COMPLETED", 1))
    task_run = context.store.task_runs.get(OTHER)
    assert task_run is not None
    assert (task_run.name, task_run.tags, task_run.flow_run_run_count) == ("add-0", ("t",), 3)
    assert task_run.state_type is StateType.COMPLETED
    assert context.store.task_runs.get(TASK) is None


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (replace(SPEC, task_run_found_by_keys=False), ("old", "two")),
        (dialect_for(SQLITE, "3.6.28"), ("old", "two")),
        (dialect_for(SQLITE, "3.6.29"), ("add-0", "two")),
        (SPEC, ("add-0", "two")),
    ],
    ids=lambda value: getattr(value, "name", None),
)
@pytest.mark.parametrize("reported_id", [TASK, SECOND], ids=["new", "of another"])
def test_an_event_with_the_keys_of_another_task_run(
    context: Context, dialect: Dialect, names: tuple[str, str], reported_id: str
) -> None:
    """Changes that one, or is dropped, as its release does; also with the id of a third one."""
    task_runs = context.store.task_runs
    task_runs.put(TaskRun(OTHER, RUN, "old", "add", "0"))
    task_runs.put(TaskRun(SECOND, RUN, "two", "two", "0"))
    resource = {
        "prefect.resource.id": f"prefect.task-run.{reported_id}",
        "prefect.orchestration": "client",
    }
    record_event(context._replace(dialect=dialect), event("COMPLETED", 1, resource=resource))
    assert {one.id: one.name for one in task_runs} == {OTHER: names[0], SECOND: names[1]}


def test_an_event_moves_a_task_run_to_its_flow_run(context: Context) -> None:
    """With it go its subflows; an event that names no flow run takes it out again."""
    context.store.put(FlowRun(id=OTHER, name="subflow", parent_task_run_id=TASK))
    for second, parent in enumerate((None, RUN, None)):
        changes: dict[str, Any] = {} if parent else {"related": []}
        record_event(context, event("RUNNING", second, **changes))
        task_run, subflow = context.store.task_runs.get(TASK), context.store.get(OTHER)
        assert task_run is not None
        assert subflow is not None
        assert (task_run.flow_run_id, subflow.parent_flow_run_id) == (parent, parent)


def test_a_task_run_without_a_flow_run_is_found_by_id(context: Context) -> None:
    """Two events with the same id make one task run."""
    for state, second in (("RUNNING", 0), ("COMPLETED", 1)):
        assert record_event(context, event(state, second, related=[]))
    task_run = context.store.task_runs.get(TASK)
    assert task_run is not None
    assert (task_run.flow_run_id, task_run.state_type, task_run.labels) == (
        None,
        StateType.COMPLETED,
        {},
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "prefect.flow-run.heartbeat"},
        {"resource": {"prefect.resource.id": f"prefect.flow-run.{RUN}"}},
        {"resource": {"prefect.resource.id": f"prefect.task-run.{TASK}"}},
        {
            "related": [
                {
                    "prefect.resource.role": "flow-run",
                    "prefect.resource.id": f"prefect.flow-run.{OTHER}",
                }
            ]
        },
    ],
)
def test_other_events_are_ignored(context: Context, changes: dict[str, Any]) -> None:
    """Events of other resources, of tasks that a server orchestrates, of a deleted flow run."""
    assert record_event(context, event(**changes)) is None
    assert len(context.store.task_runs) == 0


@pytest.mark.parametrize(
    "invalid",
    [
        None, 7, [], {}, {"event": 1},
        event(payload={}), event(occurred="yesterday"), event(id="x"), event(related=[1]),
        event(resource={"prefect.resource.id": "prefect.task-run.x",
                        "prefect.orchestration": "client"}),
    ],
)  # fmt: skip
def test_an_invalid_event_is_refused(context: Context, invalid: Any) -> None:
    """It raises InvalidRequest, and nothing is recorded."""
    with pytest.raises(InvalidRequest, match="not an event"):
        record_event(context, invalid)
    with pytest.raises(InvalidRequest, match="not an event"):
        receive_event(context, invalid)
    assert len(context.store.task_runs) == 0


def send_messages(
    client: Client, sent: Sequence[str | bytes], *, protocols: tuple[str, ...] = ("prefect",)
) -> tuple[list[str], int | None]:
    """Send these messages; return what came back and the code that closed the connection."""
    url = f"http://{client.address[0]}:{client.address[1]}/api/events/in"

    async def talk() -> tuple[list[str], int | None]:
        async with ClientSession() as session, session.ws_connect(url, protocols=protocols) as ws:
            received = []
            for message in sent:
                if isinstance(message, str):
                    await ws.send_str(message)
                else:
                    await ws.send_bytes(message)
                if '"auth"' in str(message):
                    received.append((await ws.receive()).data)
            if not ws.closed and '"auth"' in str(sent[0]) and "{bad" not in sent:
                await ws.close()
                return received, None
            last = await ws.receive()
            assert last.type is WSMsgType.CLOSE
            return received, ws.close_code

    return asyncio.run(talk())


AUTH = '{"type":"auth","token":null}'


def test_events_over_a_websocket_make_task_runs(client: Client, store: Store) -> None:
    """The client authenticates and then sends events; messages with bytes are ignored."""
    sent: list[str | bytes] = [
        AUTH,
        b"bytes",
        json.dumps(event("PENDING")),
        json.dumps(event("COMPLETED", 1)),
    ]
    received, _ = send_messages(client, sent)
    assert received == ['{"type":"auth_success"}']
    task_runs = client.ask("POST", "/task_runs/filter", {}).json
    assert [(one["name"], one["state_name"]) for one in task_runs] == [("add-0", "Completed")]
    assert client.ask("POST", "/flow_runs/bulk_delete", {}).json == {"deleted": [RUN]}
    assert len(store.task_runs) == 0


def test_a_client_that_does_not_authenticate_is_disconnected(client: Client) -> None:
    """Any first message but `auth` closes with 1008 (policy violation), as a real server does."""
    messages: list[str | bytes] = ["{}", "[", '"auth', b"{}"]
    for message in messages:
        assert send_messages(client, [message])[1] == 1008


def test_an_invalid_event_closes_the_connection(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The code is 1007 (invalid data), and the log has a line."""
    assert send_messages(client, [AUTH, "{bad"])[1] == 1007
    assert "refused an event" in caplog.text
    brackets = f"[{'[],' * prefect_socket.MAX_BRACKETS}1]"
    assert send_messages(client, [brackets, "{bad"], protocols=())[1] == 1007


def test_an_older_client_need_not_authenticate(client: Client, store: Store) -> None:
    """A client without the subprotocol `prefect` starts with its events."""
    sent = [json.dumps(event("COMPLETED")), "{bad"]
    assert send_messages(client, sent, protocols=())[1] == 1007
    assert len(store.task_runs) == 1


def test_an_event_that_fails_here_closes_the_connection(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug is logged and closes with 1011 (internal error); no HTTP reply gets into the socket."""

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(events_in, "receive_event", fail)
    assert send_messages(client, [AUTH, "{bad"])[1] == 1011
    assert "an event failed: a bug in mockserver" in caplog.text


def test_a_client_that_is_gone_is_no_error(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be sent any more, nothing is logged."""

    def lose(*_: object) -> None:
        raise ConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(events_in, "receive_event", lose)
    send_messages(client, [AUTH, "{bad"])
    assert caplog.text == ""


def test_a_client_has_to_authenticate_in_time(store: Store) -> None:
    """One that says nothing keeps no socket: 1008, as for a wrong message."""

    async def connect(url: str) -> int | None:
        async with ClientSession() as session, session.ws_connect(url, protocols=["prefect"]) as ws:
            await ws.receive()
            return ws.close_code

    with serve_store(store, Settings(client_timeout=0.01)) as client:
        url = f"http://{client.address[0]}:{client.address[1]}/api/events/in"
        assert asyncio.run(connect(url)) == 1008


def test_sockets_are_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused with 503 before it is opened."""
    monkeypatch.setattr(event_sockets, "MAX_SOCKETS", 0)
    with pytest.raises(WSServerHandshakeError) as refused:
        send_messages(client, [AUTH])
    assert refused.value.status == 503


def test_a_server_that_stops_says_so(store: Store) -> None:
    """Its sockets are closed with 1001 (going away)."""

    async def main() -> int | None:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        app = create_app(store)
        served = asyncio.create_task(serve(app, "127.0.0.1", 0, ready=ready.set_result, stop=stop))
        async with ClientSession() as session, session.ws_connect(
            f"{await ready}/api/events/in"
        ) as ws:  # fmt: skip
            assert len(app[event_sockets.EVENT_SOCKETS_KEY]) == 1
            stop.set()
            await ws.receive()
            await served
            return ws.close_code

    assert asyncio.run(main()) == 1001


def test_sockets_are_only_websockets(client: Client) -> None:
    """A plain GET of their paths is 404, as on a real server."""
    for path in ("/events/in", "/events/out", "/logs/out", "/task_runs/subscriptions/scheduled"):
        assert client.ask("GET", path).status == 404
