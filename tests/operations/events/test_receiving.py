"""Events that clients send: which are taken, and what becomes of their payloads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mockserver.errors import InvalidRequest, ServerFailure
from mockserver.events import EventLog, event_reply
from mockserver.operations.context import Context
from mockserver.operations.events.receiving import create_events, receive_event
from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import SPEC, dialect_for
from mockserver.requests.objects import Events
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "occurred": "2026-06-01T10:00:00+02:00",
    "event": "my.event",
    "resource": {"prefect.resource.id": "x"},
    "id": "44444444-0000-4000-8000-000000000000",
}


@pytest.fixture
def context() -> Context:
    return Context(Store(Base([], loaded_at=NOW)), SPEC, NOW, lambda: "", events=EventLog())


def send(context: Context, **changes: Any) -> None:
    create_events(context, Events.model_validate([{**EVENT, **changes}]))


@pytest.mark.parametrize(
    "value", [[1.5, None, "é", {"a": {}}], 10**30, -(2**63) - 1, {"a": [10**20]}]
)
def test_a_payload_comes_back_as_it_was_sent(context: Context, value: Any) -> None:
    """Also an integer of more than 64 bits; times are in UTC."""
    send(context, payload={"a": value})
    (event,) = context.events
    reply = event_reply(event)
    assert (reply["payload"], reply["received"], reply["follows"]) == ({"a": value}, NOW, None)
    assert reply["occurred"] == datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("changes", [{"event": "\ud800"}, {"payload": {"a": "\ud800"}}])
def test_an_event_with_a_lone_surrogate_is_not_taken(
    context: Context, changes: dict[str, Any]
) -> None:
    """A real server fails on it; in `spec`, where none does, it is refused."""
    with pytest.raises(InvalidRequest):
        send(context, **changes)
    with pytest.raises(ServerFailure):
        send(context._replace(dialect=dialect_for(SQLITE, "3.9.1")), **changes)
    assert len(context.events) == 0


ROLE = {"prefect.resource.id": "x", "prefect.resource.role": "r"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"event": "x" * 1_025}, "event: Value error, Event name must be at most 1024 char"),
        ({"resource": {}}, "Resources must include the prefect.resource.id label"),
        ({"resource": {"prefect.resource.id": ""}}, "resource.id label must be non-empty"),
        ({"resource": {str(n): "" for n in range(501)}}, "number of labels per resource is 500"),
        ({"related": [{"prefect.resource.id": "x"}]}, "must include the prefect.resource.role"),
        ({"related": [{**ROLE, "prefect.resource.role": ""}]}, "role label must be non-empty"),
        ({"related": [ROLE] * 101}, "maximum number of related resources is 100"),
    ],
)
def test_an_event_has_the_bounds_of_a_real_server(
    context: Context, changes: dict[str, Any], problem: str
) -> None:
    """Those of the settings that Prefect has by default."""
    with pytest.raises(InvalidRequest, match=problem):
        receive_event(context, {**EVENT, **changes})
    receive_event(context, {**EVENT, "event": "x" * 1_024, "related": [ROLE] * 100})


def test_an_event_of_a_task_run_makes_one(context: Context) -> None:
    """Over a websocket and sent together; one that says nothing of its task run is kept alone."""
    task_run = "prefect.task-run.22222222-0000-4000-8000-000000000000"
    reported = {
        "event": "prefect.task-run.Completed",
        "resource": {"prefect.resource.id": task_run, "prefect.orchestration": "client"},
    }
    send(context, **reported)
    assert (len(context.events), len(context.store.task_runs)) == (1, 0)
    payload = {
        "validated_state": {"type": "COMPLETED", "name": "Completed"},
        "task_run": {"name": "add-0", "task_key": "add", "dynamic_key": "0"},
    }
    send(context, **reported, payload=payload)
    assert len(context.store.task_runs) == 1
    other = {**EVENT, **reported, "payload": payload, "id": EVENT["id"].replace("4000", "4001")}
    receive_event(context, other)
    assert len(context.events) == 2
    with pytest.raises(InvalidRequest, match="not an event"):
        receive_event(context, {**EVENT, **reported})
