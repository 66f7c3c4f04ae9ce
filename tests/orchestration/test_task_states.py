"""Rules for the states of task runs: what the recorded requests do not show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from mockserver.errors import ServerFailure
from mockserver.operations import Context
from mockserver.operations.task_runs import set_state
from mockserver.orchestration import TaskOutcome, orchestrate_task
from mockserver.prefect import FlowRun, State, StateType, TaskRun
from mockserver.prefect.dialects import PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC
from mockserver.requests import SetStateRequest
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import serve_store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RUN, TASK = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"


def state(kind: str, name: str | None = None, data: Any = None, **details: Any) -> State:
    of = StateType(kind)
    return State(of, name or of.default_name, kind, NOW, data=data, details=details)


def outcome(run: TaskRun, proposed: State, owner: FlowRun | None = None) -> TaskOutcome:
    ids = count()
    return orchestrate_task(
        run, owner, proposed, SPEC, force=False, now=NOW, new_id=lambda: str(next(ids))
    )


def task_in(kind: str, **fields: Any) -> TaskRun:
    return TaskRun(TASK, RUN, "t", "t", "0", state=state(kind), **fields)


def test_a_run_without_a_state_enters_any() -> None:
    """Only a seed has one: no rule looks at it."""
    found = outcome(TaskRun(TASK, RUN, "t", "t", "0"), state("RUNNING"))
    assert (found.status, found.run.run_count) == ("ACCEPT", 1)


def test_a_flow_run_without_a_state_is_not_running() -> None:
    """Only a seed has one."""
    found = outcome(task_in("PENDING"), state("RUNNING"), FlowRun(id=RUN, name="n"))
    assert found.status == "ABORT"


def test_a_paused_flow_run_hands_on_what_its_pause_has() -> None:
    """Only the details that its state has."""
    owner = FlowRun(id=RUN, name="n", state=state("PAUSED", pause_reschedule=True))
    found = outcome(task_in("PENDING"), state("RUNNING"), owner)
    assert found.state is not None
    assert (found.state.name, found.state.details) == ("NotReady", {"pause_reschedule": True})


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 10), (2, 60), (3, 60)])
def test_the_last_of_the_delays_counts_for_all_later_retries(attempt: int, seconds: int) -> None:
    policy = {"retries": 5, "retry_delay": [10, 60]}
    run = task_in("RUNNING", run_count=attempt, empirical_policy=policy)
    found = outcome(run, state("FAILED"))
    assert found.state is not None
    assert found.state.details["scheduled_time"] == NOW + timedelta(seconds=seconds)


def test_a_refused_run_keeps_its_count() -> None:
    """Leaving a final state sets it to zero, and a pause of the flow run takes that back."""
    owner = FlowRun(id=RUN, name="n", run_count=1, state=state("PAUSED"))
    found = outcome(task_in("FAILED", run_count=4), state("RUNNING"), owner)
    assert (found.status, found.run.run_count) == ("REJECT", 4)


def propose(store: Store, body: dict[str, Any], dialect: Any = PREFECT_SQLITE) -> Any:
    context = Context(store, dialect, NOW, lambda: RUN)
    return set_state.set_state(context, TASK, SetStateRequest.model_validate(body))


def store_of(run: TaskRun) -> Store:
    return Store(Base([FlowRun(id=RUN, name="n", state=state("RUNNING"))], task_runs=[run]))


def test_a_retry_beyond_the_calendar_fails() -> None:
    policy = {"retries": 1, "retry_delay": 1e15}
    store = store_of(task_in("RUNNING", run_count=1, empirical_policy=policy))
    with pytest.raises(ServerFailure):
        propose(store, {"state": {"type": "FAILED"}})


@pytest.mark.parametrize("dialect", [PREFECT_SQLITE, PREFECT_POSTGRESQL])
def test_a_state_that_a_database_does_not_hold(dialect: Any) -> None:
    """PostgreSQL lets a client try again; SQLite aborts, and the run stays as it was."""
    store = store_of(task_in("RUNNING"))
    body = {"state": {"type": "COMPLETED", "message": "\ud800"}}
    if dialect is PREFECT_POSTGRESQL:
        with pytest.raises(ServerFailure):
            propose(store, body, dialect)
    else:
        assert propose(store, body).value["status"] == "ABORT"
    run = store.task_runs.get(TASK)
    assert run is not None
    assert run.state_type is StateType.RUNNING


def test_a_cache_key_means_nothing_but_for_running_and_completed() -> None:
    """Clients look results up themselves; a state with a key is set as any other."""
    with serve_store(store_of(task_in("RUNNING")), Settings()) as client:
        path = f"/task_runs/{TASK}/set_state"
        for kind, name in (
            ("FAILED", "Failed"),
            ("RUNNING", "Running"),
            ("COMPLETED", "Completed"),
        ):
            given = {"type": kind, "state_details": {"cache_key": "k"}}
            reply = client.ask("POST", path, {"state": given})
            assert (reply.status, reply.json["state"]["name"]) == (201, name)
        reply = client.ask("POST", path, {"state": {**given, "type": "RUNNING"}})
        assert (reply.json["status"], reply.json["state"]["name"]) == ("REJECT", "Cached")
