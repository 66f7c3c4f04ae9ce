"""Subflows, whose parent task run follows them, and concurrency limits of deployments."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.transition_cases.steps import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    LATE,
    ONE_ID,
    PAUSED,
    PENDING,
    PERSISTED,
    RUNNING,
    SCHEDULED,
    STATE_TYPES,
    UNPERSISTED,
    Case,
    set_state,
    single_run,
    state,
)


def subflows() -> Iterator[Case]:
    """The task run that stands for a subflow takes over its state."""
    run = {"parent_task_run_id": "{task0}"}
    failed = state("FAILED", "Oops", message="why", data=PERSISTED)
    retried = {**run, "empirical_policy": {"retries": 1}}
    yield single_run(
        "subflow: a life", PENDING, RUNNING, COMPLETED, RUNNING, failed, run=run, tasks=1
    )
    yield single_run("subflow: default state", None, RUNNING, run=run, tasks=1)
    yield single_run("subflow: scheduled", SCHEDULED, PENDING, RUNNING, CANCELLED, run=run, tasks=1)
    at = state("SCHEDULED", scheduled_time=FUTURE_TIME)
    yield single_run("subflow: waits", at, RUNNING, PENDING, RUNNING, run=run, tasks=1)
    yield single_run("subflow: rejected", RUNNING, PENDING, CANCELLING, RUNNING, run=run, tasks=1)
    yield single_run("subflow: retried", RUNNING, failed, RUNNING, failed, run=retried, tasks=1)
    yield single_run(
        "subflow: paused", RUNNING, PAUSED, PENDING, RUNNING, COMPLETED, run=run, tasks=1
    )
    yield single_run("subflow: no infrastructure", SCHEDULED, CANCELLING, run=run, tasks=1)
    kept, unkept = (state("COMPLETED", data=data) for data in (PERSISTED, UNPERSISTED))
    yield single_run("subflow: result", RUNNING, kept, COMPLETED, RUNNING, run=run, tasks=1)
    yield single_run("subflow: unpersisted", RUNNING, unkept, COMPLETED, RUNNING, run=run, tasks=1)
    forced = (set_state(state(kind), force=True) for kind in STATE_TYPES)
    yield single_run("subflow: force", RUNNING, *forced, run=run, tasks=1)
    deployed = {**run, **DEPLOYED}
    yield single_run("subflow: deployed", FAILED, SCHEDULED, PENDING, LATE, run=deployed, tasks=1)
    unknown = {"parent_task_run_id": ONE_ID}
    yield single_run("subflow: of an unknown task run", RUNNING, COMPLETED, run=unknown)


def deployment_limits() -> Iterator[Case]:
    """Deployments with a concurrency limit."""
    run = {"deployment_id": "{deployment}", "state": SCHEDULED}
    options = {"collision_strategy": "CANCEL_NEW"}
    for name, body in (
        ("1", {"concurrency_limit": 1}),
        ("1, cancel new", {"concurrency_limit": 1, "concurrency_options": options}),
    ):
        first = (set_state(PENDING), set_state(RUNNING))
        second = set_state(PENDING, run=1)
        steps = (*first, second, set_state(COMPLETED), second, set_state(CANCELLING, run=1))
        yield Case(f"limit: {name}", steps, (run, run), deployment=body)


GROUPS = (
    subflows,
    deployment_limits,
)
