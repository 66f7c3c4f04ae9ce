"""A client tells of the task runs that it runs: over a websocket, event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from mockserver.errors import InvalidRequest
from mockserver.operations.context import Context
from mockserver.operations.task_run_events import record_event
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import FlowRun, StateType, TaskRun
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RUN = "11111111-0000-4000-8000-000000000000"
TASK = "22222222-0000-4000-8000-000000000000"
OTHER = "33333333-0000-4000-8000-000000000000"


def event(state: str = "RUNNING", second: int = 0, **changes: Any) -> dict[str, Any]:
    """What Prefect 3.8's client sends for a task run in a new state, as far as it matters."""
    told = {
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
    return {**told, **changes}


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


def test_a_task_run_is_what_its_latest_event_tells(context: Context) -> None:
    """Made by the first, changed by later ones, not by those that come late."""
    for state, second in (("PENDING", 0), ("RUNNING", 2), ("PENDING", 1)):
        record_event(context, event(state, second))
    told = context.store.task_runs.get(TASK)
    assert told is not None
    assert (told.name, told.flow_run_id, told.run_count) == ("add-0", RUN, 1)
    assert told.state is not None
    assert (told.state.type, told.state.message) == (StateType.RUNNING, "")
    assert told.state.timestamp == datetime(2026, 6, 1, 11, 0, 2, tzinfo=UTC)
    assert told.labels == {"a": 1}


def test_an_event_changes_what_it_tells_and_nothing_else(context: Context) -> None:
    """A task run that was made before keeps the rest, and its id, found by its keys."""
    made = TaskRun(OTHER, RUN, "old", "add", "0", ("t",), flow_run_run_count=3)
    context.store.task_runs.put(made)
    record_event(context, event("COMPLETED", 1))
    told = context.store.task_runs.get(OTHER)
    assert told is not None
    assert (told.name, told.tags, told.flow_run_run_count) == ("add-0", ("t",), 3)
    assert told.state_type is StateType.COMPLETED
    assert context.store.task_runs.get(TASK) is None


def test_a_task_run_of_no_flow_run(context: Context) -> None:
    """It is found by its id."""
    for state, second in (("RUNNING", 0), ("COMPLETED", 1)):
        assert record_event(context, event(state, second, related=[]))
    told = context.store.task_runs.get(TASK)
    assert told is not None
    assert (told.flow_run_id, told.state_type, told.labels) == (None, StateType.COMPLETED, {})


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
def test_other_events_come_to_nothing(context: Context, changes: dict[str, Any]) -> None:
    """Of other things, of task runs that a server orchestrates, of a flow run that is deleted."""
    assert record_event(context, event(**changes)) is None
    assert len(context.store.task_runs) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        None, 7, [], {}, {"event": 1},
        event(payload={}), event(occurred="yesterday"), event(id="x"), event(related=[1]),
        event(resource={"prefect.resource.id": "prefect.task-run.x",
                        "prefect.orchestration": "client"}),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(context: Context, wrong: Any) -> None:
    """With a sentence, and nothing is recorded."""
    with pytest.raises(InvalidRequest, match="not an event"):
        record_event(context, wrong)
    assert len(context.store.task_runs) == 0


def conversation(
    client: Client, sent: Sequence[str | bytes], *, protocols: tuple[str, ...] = ("prefect",)
) -> tuple[list[str], int | None]:
    """What comes back for these messages, and the code that the connection is closed with."""
    url = f"http://{client.address[0]}:{client.address[1]}/api/events/in"

    async def talk() -> tuple[list[str], int | None]:
        async with ClientSession() as session, session.ws_connect(url, protocols=protocols) as ws:
            heard = []
            for message in sent:
                if isinstance(message, str):
                    await ws.send_str(message)
                else:
                    await ws.send_bytes(message)
                if '"auth"' in str(message):
                    heard.append((await ws.receive()).data)
            if not ws.closed and '"auth"' in str(sent[0]) and "{bad" not in sent:
                await ws.close()
                return heard, None
            last = await ws.receive()
            assert last.type is WSMsgType.CLOSE
            return heard, ws.close_code

    return asyncio.run(talk())


AUTH = '{"type":"auth","token":null}'


def test_events_are_taken_over_a_websocket(client: Client, store: Store) -> None:
    """The client says who it is, and then what happened; bytes are passed over."""
    sent: list[str | bytes] = [
        AUTH,
        b"bytes",
        json.dumps(event("PENDING")),
        json.dumps(event("COMPLETED", 1)),
    ]
    heard, _ = conversation(client, sent)
    assert heard == ['{"type":"auth_success"}']
    told = client.ask("POST", "/task_runs/filter", {}).json
    assert [(one["name"], one["state_name"]) for one in told] == [("add-0", "Completed")]
    assert client.ask("POST", "/flow_runs/bulk_delete", {}).json == {"deleted": [RUN]}
    assert len(store.task_runs) == 0


def test_a_client_that_does_not_say_who_it_is_is_sent_away(client: Client) -> None:
    """As by a real server, and whatever it says instead."""
    for said in ("{}", "[", '"auth'):
        assert conversation(client, [said])[1] == 1008


def test_what_is_no_event_ends_the_connection(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """With a code that says so, and a line in the log."""
    assert conversation(client, [AUTH, "{bad"])[1] == 1007
    assert "refused an event" in caplog.text


def test_an_older_client_need_not_say_who_it_is(client: Client, store: Store) -> None:
    """One that does not speak the protocol `prefect` begins with its events."""
    sent = [json.dumps(event("COMPLETED")), "{bad"]
    assert conversation(client, sent, protocols=())[1] == 1007
    assert len(store.task_runs) == 1


def test_the_events_that_a_server_sends_are_not_modelled(client: Client) -> None:
    """A subscriber is told so while it connects."""
    url = f"http://{client.address[0]}:{client.address[1]}/api/events/out"

    async def connect() -> int:
        async with ClientSession() as session:
            try:
                await session.ws_connect(url)
            except WSServerHandshakeError as refusal:
                return refusal.status
        return 0

    assert asyncio.run(connect()) == 501
    assert client.ask("GET", "/events/in").status == 404
