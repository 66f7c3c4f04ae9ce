"""Changing and deleting task runs, and their states: what recorded requests do not show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.operations import Context
from mockserver.operations.events import task_run_events
from mockserver.operations.task_runs import states
from mockserver.prefect import FlowRun, State, StateType, TaskRun
from mockserver.prefect.dialects import SPEC
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RUN = "11111111-0000-4000-8000-000000000000"
TASK = "22222222-0000-4000-8000-000000000000"
SUBFLOW = "33333333-0000-4000-8000-000000000000"


def seeded_store() -> Store:
    """A flow run with a task run, which has a subflow."""
    runs = [
        FlowRun(id=RUN, name="nightly"),
        FlowRun(id=SUBFLOW, name="sub", parent_task_run_id=TASK),
    ]
    state = State(StateType.RUNNING, "Running")
    return Store(Base(runs, task_runs=[TaskRun(TASK, RUN, "t", "t", "0", state=state)]))


@pytest.fixture
def client() -> Iterator[Client]:
    with serve_store(seeded_store(), Settings()) as client:
        yield client


def log_of(run_id: str | None, task_run_id: str | None, message: str) -> dict[str, Any]:
    about = {"flow_run_id": run_id, "task_run_id": task_run_id, "message": message}
    return {"name": "a", "level": 20, "timestamp": "2026-01-31T08:00:00Z", **about}


def test_a_deleted_task_run_leaves_its_subflow_and_other_logs(client: Client) -> None:
    """The subflow has no parent, task run or flow run, from then on."""
    logs = [log_of(RUN, TASK, "a"), log_of(RUN, None, "b"), log_of(None, TASK, "c")]
    client.ask("POST", "/logs/", logs)
    by_parent = {"flow_runs": {"parent_flow_run_id": {"any_": [RUN]}}}
    assert client.ask("POST", "/flow_runs/count", by_parent).json == 1
    assert client.ask("DELETE", f"/task_runs/{TASK}").status == 204
    assert client.ask("GET", f"/flow_runs/{SUBFLOW}").json["parent_task_run_id"] is None
    assert client.ask("POST", "/flow_runs/count", by_parent).json == 0
    assert [log["message"] for log in client.ask("POST", "/logs/filter", {}).json] == ["b"]


def test_a_task_run_gets_a_new_name_or_a_made_up_one(client: Client) -> None:
    """Null and an empty text are none."""
    names = []
    for body in ({"name": "new"}, {}, {"name": ""}):
        assert client.ask("PATCH", f"/task_runs/{TASK}", body).status == 204
        names.append(client.ask("GET", f"/task_runs/{TASK}").json["name"])
    assert names[:2] == ["new", "new"]
    assert "-" in names[2]


def test_states_of_a_seed_have_ids_and_can_be_read(client: Client) -> None:
    """Derived ones; a task run keeps the state that it was in before its subflow changed."""
    client.ask("POST", f"/flow_runs/{SUBFLOW}/set_state", {"state": {"type": "RUNNING"}})
    listed = client.ask("GET", f"/task_run_states/?task_run_id={TASK}").json
    assert [state["type"] for state in listed] == ["RUNNING", "RUNNING"]
    for state in listed:
        assert client.ask("GET", f"/task_run_states/{state['id']}").json == state


def event(number: int, kind: str) -> dict[str, Any]:
    """An event of a client about the task run, so many seconds from now."""
    return {
        "id": f"{number}4444444-0000-4000-8000-000000000000",
        "occurred": (NOW + timedelta(seconds=number)).isoformat(),
        "event": f"prefect.task-run.{kind}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{TASK}",
            "prefect.orchestration": "client",
        },
        "related": [
            {"prefect.resource.id": f"prefect.flow-run.{RUN}", "prefect.resource.role": "flow-run"}
        ],
        "payload": {
            "task_run": {"task_key": "t", "dynamic_key": "0", "name": "t"},
            "validated_state": {"type": kind.upper(), "name": kind},
        },
    }


def test_states_that_events_report_are_all_kept() -> None:
    """Also one that comes too late, but each event once; they go with the flow run."""
    store = Store(Base([FlowRun(id=RUN, name="nightly")]))
    context = Context(store, SPEC, NOW, lambda: "new")
    for one in (event(0, "Pending"), event(2, "Completed"), event(1, "Running")) * 2:
        task_run_events.record_event(context, one)
    listed = states.read_states(context, TASK).value
    assert [state["type"] for state in listed] == ["PENDING", "RUNNING", "COMPLETED"]
    for state in listed:
        assert states.read_state(context, state["id"]).value == state
    fork = store.fork()
    store.delete([RUN])
    assert store.task_run_states == {}
    assert len(fork.task_run_states[TASK]) == 2


def test_a_task_run_without_a_state_has_none() -> None:
    """Only a seed has such task runs."""
    store = Store(Base([FlowRun(id=RUN, name="n")], task_runs=[TaskRun(TASK, RUN, "t", "t", "0")]))
    assert states.read_states(Context(store, SPEC, NOW, str), TASK).value == []


def test_a_background_task_keeps_the_parameters_that_its_state_names(client: Client) -> None:
    """They are not copied from the state before."""
    made = client.ask("POST", "/task_runs/", {"task_key": "k", "dynamic_key": "1"})
    path = f"/task_runs/{made.json['id']}/set_state"
    for kind, parameters in (("SCHEDULED", RUN), ("PENDING", TASK)):
        details = {"task_parameters_id": parameters, "deferred": True}
        reply = client.ask("POST", path, {"state": {"type": kind, "state_details": details}}).json
        assert reply["status"] == "ACCEPT"
        assert reply["state"]["state_details"]["task_parameters_id"] == parameters


def test_an_end_whose_result_was_not_kept_may_be_replaced() -> None:
    """Another with a result is the last word."""
    data = {"type": "unpersisted"}
    state = State(StateType.COMPLETED, "Completed", data=data)
    base = Base([FlowRun(id=RUN, name="a")], task_runs=[TaskRun(TASK, RUN, "t", state=state)])
    with serve_store(Store(base), Settings()) as client:
        path = f"/task_runs/{TASK}/set_state"
        assert client.ask("POST", path, {"state": {"type": "FAILED"}}).json["status"] == "ACCEPT"
