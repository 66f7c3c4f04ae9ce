"""The events of flow runs that enter states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.events import EventLog, FlowRunStateChange, StateSummary, event_reply
from mockserver.events.state_changes import MAX_MESSAGE, cut_message
from mockserver.operations.context import Context
from mockserver.operations.entered_states import emit_state_change
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import (
    CreatedBy,
    Deployment,
    Flow,
    FlowRun,
    State,
    StateType,
    TaskRun,
    WorkPool,
    WorkQueue,
)
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PENDING = State(StateType.PENDING, "Pending", "s1", NOW - timedelta(minutes=1))
RUNNING = State(StateType.RUNNING, "Running", "s2", NOW, "go")
RUN = FlowRun(id="r", name="run", flow_id="f", tags=("b", "a"), run_count=1)


def emitted(run: FlowRun, initial: State | None = None, entered: State = RUNNING) -> dict[str, Any]:
    """The event of a run in a store with one record of each kind."""
    store = Store(Base([], loaded_at=NOW))
    store.flows.put(Flow("f", "flow", ("z",)))
    store.deployments.put(Deployment("d", "deployment", "f", tags=("a",)))
    store.work_pools.put(WorkPool("p", "pool", "process"))
    store.work_queues.put(WorkQueue("q", "queue", "p"))
    store.task_runs.put(TaskRun("t", "other", "task", "k", "0", tags=("y",)))
    log = EventLog()
    context = Context(store, SPEC, NOW, lambda: "", events=log)
    emit_state_change(context, run, initial, entered)
    (event,) = log
    return event_reply(event)


def test_an_event_tells_of_both_states() -> None:
    """It has the id and the time of the new state, and follows that of the state before."""
    assert emitted(RUN, PENDING) == {
        "occurred": NOW,
        "event": "prefect.flow-run.Running",
        "resource": {
            "prefect.resource.id": "prefect.flow-run.r",
            "prefect.resource.name": "run",
            "prefect.run-count": "1",
            "prefect.state-message": "go",
            "prefect.state-name": "Running",
            "prefect.state-timestamp": "2026-06-01T12:00:00+00:00",
            "prefect.state-type": "RUNNING",
        },
        "related": [
            {
                "prefect.resource.id": "prefect.flow.f",
                "prefect.resource.role": "flow",
                "prefect.resource.name": "flow",
            },
            *(
                {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}
                for tag in "abz"
            ),
        ],
        "payload": {
            "intended": {"from": "PENDING", "to": "RUNNING"},
            "initial_state": {"type": "PENDING", "name": "Pending"},
            "validated_state": {"type": "RUNNING", "name": "Running", "message": "go"},
        },
        "id": "s2",
        "follows": "s1",
        "received": NOW,
    }


def test_an_event_names_what_a_run_belongs_to() -> None:
    """Everything that has tags adds them; a work pool has its type, too."""
    run = replace(
        RUN, deployment_id="d", work_queue_id="q", parent_task_run_id="t",
        created_by=CreatedBy("d", "DEPLOYMENT", "deployment"),
    )  # fmt: skip
    related = emitted(run)["related"]
    assert [one["prefect.resource.id"] for one in related] == [
        *("prefect.flow.f", "prefect.deployment.d", "prefect.work-queue.q", "prefect.work-pool.p"),
        *("prefect.task-run.t", "prefect.tag.a", "prefect.tag.b", "prefect.tag.y", "prefect.tag.z"),
        "prefect.deployment.d",
    ]
    assert related[3]["prefect.work-pool.type"] == "process"
    assert related[-1]["prefect.resource.role"] == "creator"
    assert related[-1]["prefect.resource.name"] == "deployment"


@pytest.mark.parametrize(
    ("creator", "named"),
    [
        (CreatedBy("x", "AUTOMATION"), ["prefect.automation.x"]),
        (CreatedBy("x", "USER"), []),
        (CreatedBy(), []),
    ],
)
def test_only_deployments_and_automations_are_creators(
    creator: CreatedBy, named: list[str]
) -> None:
    """What else has created a run is no resource; records that are gone are left out."""
    run = FlowRun(
        id="r", name="run", flow_id="x", deployment_id="x", work_queue_id="x",
        parent_task_run_id="x", created_by=creator,
    )  # fmt: skip
    assert [one["prefect.resource.id"] for one in emitted(run)["related"]] == named


def test_a_queue_may_lack_its_pool() -> None:
    """Then the event names the queue alone."""
    log = EventLog()
    store = Store(Base([], loaded_at=NOW))
    store.work_queues.put(WorkQueue("q", "queue", "p"))
    context = Context(store, SPEC, NOW, lambda: "", events=log)
    emit_state_change(context, FlowRun(id="r", name="run", work_queue_id="q"), None, RUNNING)
    (event,) = log
    assert [one["prefect.resource.id"] for one in event.related] == ["prefect.work-queue.q"]


@pytest.mark.parametrize(
    ("before", "follows"),
    [
        (None, None),
        (replace(PENDING, timestamp=None), None),
        (replace(PENDING, timestamp=NOW - timedelta(minutes=5)), None),
        (replace(PENDING, timestamp=NOW + timedelta(minutes=5)), None),
        (replace(PENDING, timestamp=NOW - timedelta(minutes=4, seconds=59)), "s1"),
    ],
)
def test_an_event_follows_only_one_of_the_last_minutes(
    before: State | None, follows: str | None
) -> None:
    """After five minutes the times alone tell the order."""
    event = emitted(RUN, before)
    assert event["follows"] == follows
    assert event["payload"]["intended"]["from"] == (before and "PENDING")


def test_a_paused_state_says_whether_it_is_rescheduled() -> None:
    """The payload of no other state does."""
    paused = State(StateType.PAUSED, "Suspended", "s", NOW, details={"pause_reschedule": True})
    payload = emitted(RUN, None, paused)["payload"]
    assert payload["validated_state"]["pause_reschedule"] == "true"
    assert payload["initial_state"] is None


def test_a_long_message_loses_its_middle() -> None:
    """A message that would not become shorter stays as it is."""
    long = "a" * MAX_MESSAGE + "b" * MAX_MESSAGE
    cut = StateSummary.of(replace(RUNNING, message=long)).message
    half = MAX_MESSAGE // 2
    assert cut == "a" * half + f"...{MAX_MESSAGE} additional characters..." + "b" * half
    little_longer = "a" * (MAX_MESSAGE + 5)
    assert cut_message(little_longer) == little_longer


def test_the_size_of_an_event_counts_its_messages() -> None:
    """Both states', because a client chooses them."""
    summary = StateSummary.of(replace(RUNNING, message="x" * 1_000))
    event = FlowRunStateChange("r", "run", 1, (), (), None, summary, summary, NOW, NOW)
    assert event.size > 2_000
