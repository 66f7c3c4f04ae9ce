"""Cancelling, and leaving terminal states."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.transition_cases.steps import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    CRASHED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    LATE,
    ONE_ID,
    PAST_TIME,
    PAUSED,
    PENDING,
    PERSISTED,
    RESUMING,
    RUNNING,
    SCHEDULED,
    SUSPENDED,
    TERMINAL,
    Case,
    Json,
    api_version_header,
    patch_run,
    set_state,
    single_run,
    state,
)


def cancelling() -> Iterator[Case]:
    """CANCELLING from each state, with and without infrastructure to stop."""
    pid = patch_run(infrastructure_pid="host:7")
    for name, first in (
        *(("SCHEDULED", SCHEDULED), ("Late", LATE), ("Resuming", RESUMING), ("PENDING", PENDING)),
        *(("RUNNING", RUNNING), ("PAUSED", PAUSED), ("Suspended", SUSPENDED)),
        *(("PAUSED, called Resuming", state("PAUSED", "Resuming")),),
        *(("PAUSED, called Suspended", state("PAUSED", "Suspended")),),
        *(("AwaitingRetry", state("SCHEDULED", "AwaitingRetry", scheduled_time=FUTURE_TIME)),),
        *(("RUNNING, called Resuming", state("RUNNING", "Resuming")),),
        *(("PENDING, called Resuming", state("PENDING", "Resuming")),),
        *(("PAUSED, timed out", state("PAUSED", pause_timeout=PAST_TIME)),),
        *(
            (
                "Suspended, timed out",
                state("PAUSED", pause_timeout=PAST_TIME, pause_reschedule=True),
            ),
        ),
    ):
        stopping = state("CANCELLING", message="stop", data=PERSISTED, transition_id=ONE_ID)
        forced = set_state(CANCELLING, force=True)
        yield single_run(f"cancelling: {name}", first, stopping, stopping)
        yield single_run(f"cancelling: {name}, deployed", first, stopping, CANCELLED, run=DEPLOYED)
        yield single_run(
            f"cancelling: {name}, infra", first, pid, stopping, CANCELLED, run=DEPLOYED
        )
        yield single_run(f"cancelling: {name}, force", first, forced, run=DEPLOYED)
        yield single_run(f"cancelling: {name}, infra, force", first, pid, forced, run=DEPLOYED)
    empty = patch_run(infrastructure_pid="")
    yield single_run("cancelling: SCHEDULED, empty infra", SCHEDULED, empty, CANCELLING)
    yield single_run(
        "cancelling: a whole life", PENDING, RUNNING, CANCELLING, RUNNING, CANCELLED, RUNNING
    )
    yield single_run(
        "cancelling: named", RUNNING, state("CANCELLING", "Stopping"), state("CANCELLED", "Gone")
    )
    crashed = set_state(CRASHED, force=True)
    yield single_run("cancelling: CRASHED", RUNNING, CANCELLING, CRASHED, crashed, CANCELLED)


def leaving_terminal_states() -> Iterator[Case]:
    """Out of each terminal state and back: times, run count and policy."""
    marked = {"resuming": True, "pause_keys": ["k"], "retry_type": "in_process"}
    run = {"empirical_policy": marked}
    for first in map(state, TERMINAL):
        name = f"terminal: {first['type']}"
        yield single_run(f"{name} -> RUNNING -> it", RUNNING, first, RUNNING, first)
        yield single_run(
            f"{name} -> SCHEDULED -> it, deployed", RUNNING, first, SCHEDULED, first, run=DEPLOYED
        )
        yield single_run(
            f"{name} -> COMPLETED -> FAILED", RUNNING, first, COMPLETED, FAILED, CANCELLED
        )
        yield single_run(
            f"{name}, marked -> RUNNING", None, set_state(first, True), RUNNING, run=run
        )
        deployed = {**run, **DEPLOYED}
        yield single_run(f"{name}, marked -> SCHEDULED", PENDING, first, SCHEDULED, run=deployed)
        yield single_run(f"{name}, marked -> PENDING", PENDING, first, PENDING, run=run)
        yield single_run(
            f"{name}, marked, force -> RUNNING", first, set_state(RUNNING, True), run=run
        )
        for version in ("0.8.3", "0.8.4"):
            steps = [
                set_state(each, headers=api_version_header(version))
                for each in (SCHEDULED, PENDING, RUNNING)
            ]
            for step in steps:
                kind = step.body["state"]["type"]
                # The creation in this state has cleared `resuming`: a patch brings the marks back.
                marks = patch_run(empirical_policy=marked)
                yield single_run(
                    f"{name}, marked -> {kind}, {version}", first, marks, step, run=deployed
                )


def restarts() -> Iterator[Case]:
    """Further ways out of terminal states, and runs that run more than once."""
    marked = {"resuming": True, "pause_keys": ["k"], "retry_type": "in_process"}
    marks = patch_run(empirical_policy=marked)
    exists: dict[str, Json] = {"run": {"deployment_id": "{deployment}"}, "deployment": {}}
    yield single_run(
        "terminal: marked -> PENDING, deployment exists", FAILED, marks, PENDING, **exists
    )
    yield single_run("terminal: marked -> FAILED -> CRASHED", FAILED, marks, FAILED, CRASHED)
    yield single_run("terminal: never started", PENDING, CRASHED, RUNNING, COMPLETED)
    yield single_run("terminal: never started, from SCHEDULED", SCHEDULED, CANCELLED, RUNNING)
    yield single_run("terminal: Late", FAILED, LATE, run=DEPLOYED)
    yield single_run("running: RUNNING thrice", RUNNING, RUNNING, RUNNING, COMPLETED)
    paused = set_state(PAUSED, force=True)
    yield single_run("running: on and off", RUNNING, paused, RUNNING, SCHEDULED, RUNNING, COMPLETED)


GROUPS = (
    cancelling,
    leaving_terminal_states,
    restarts,
)
