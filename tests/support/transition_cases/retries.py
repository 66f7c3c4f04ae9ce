"""Retries after FAILED, and requests that are sent again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.support.transition_cases.steps import (
    CANCELLING,
    COMPLETED,
    CRASHED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    ONE_ID,
    OTHER_ID,
    PENDING,
    PERSISTED,
    RUNNING,
    SCHEDULED,
    UNPERSISTED,
    Case,
    Json,
    api_version_header,
    patch_run,
    set_state,
    single_run,
    state,
)


def retries() -> Iterator[Case]:
    """Which FAILED becomes AwaitingRetry."""
    again = (RUNNING, FAILED)
    for count, delay in product((None, 0, 1, 2), (None, 0, 3600)):
        policy = {"retries": count, "retry_delay": delay}
        name = f"retries: {count}, delay {delay}"
        run = {"empirical_policy": policy}
        yield single_run(name, *again, *again, *again, RUNNING, COMPLETED, run=run)
    one = {"empirical_policy": {"retries": 1}}
    two_hours = {"empirical_policy": {"retries": 1, "retry_delay": 3600}}
    forced = set_state(RUNNING, force=True)
    yield single_run("retries: forced on", RUNNING, FAILED, forced, FAILED, run=two_hours)
    yield single_run(
        "retries: forced FAILED", RUNNING, set_state(FAILED, force=True), *again, run=one
    )
    yield single_run("retries: via PENDING", RUNNING, FAILED, PENDING, *again, run=one)
    yield single_run("retries: CANCELLING", RUNNING, FAILED, CANCELLING, run=one)
    pid = patch_run(infrastructure_pid="7")
    yield single_run("retries: CANCELLING, infra", RUNNING, FAILED, pid, CANCELLING, run=one)
    yield single_run("retries: FAILED from elsewhere", PENDING, FAILED, RUNNING, FAILED, run=one)
    yield single_run(
        "retries: neither CRASHED nor COMPLETED", RUNNING, CRASHED, RUNNING, COMPLETED, run=one
    )
    yield single_run(
        "retries: deployed", *again, *again, SCHEDULED, *again, run={**one, **DEPLOYED}
    )


def retried_contents() -> Iterator[Case]:
    """Message and data of a retried state; deprecated and changed policies."""
    one = {"empirical_policy": {"retries": 1}}
    again = (RUNNING, FAILED)
    failure = state("FAILED", "Oops", message="why", data=PERSISTED, scheduled_time=FUTURE_TIME)
    yield single_run("retries: message and data", RUNNING, failure, RUNNING, failure, run=one)
    unkept = state("FAILED", data=UNPERSISTED, message="")
    yield single_run("retries: unpersisted data", RUNNING, unkept, RUNNING, unkept, run=one)
    old = {"max_retries": 1, "retry_delay_seconds": 3600.0}
    yield single_run(
        "retries: deprecated fields", RUNNING, FAILED, *again, run={"empirical_policy": old}
    )
    both = {**old, "retries": 0, "retry_delay": 0}
    yield single_run("retries: deprecated and new", RUNNING, FAILED, run={"empirical_policy": both})
    late = patch_run(empirical_policy={"retries": 5, "pause_keys": ["a", "b"], "resuming": True})
    yield single_run(
        "retries: patched on the way", RUNNING, FAILED, RUNNING, late, FAILED, RUNNING, run=one
    )


def retry_policies() -> Iterator[Case]:
    """Other fields of the policy, and API versions, when a run is retried."""
    again = (RUNNING, FAILED)
    marked = {"retries": 1, "resuming": True, "pause_keys": ["k"], "retry_type": "reschedule"}
    for version in ("0.8.2", "0.8.3", "0.8.4", "0.9.0"):
        steps = (
            set_state(each, headers=api_version_header(version))
            for each in (FAILED, RUNNING, FAILED)
        )
        name = f"retries: version {version}"
        yield single_run(name, RUNNING, *steps, run={"empirical_policy": marked})
    spent = {**marked, "retries": 0}
    yield single_run("retries: spent and marked", RUNNING, FAILED, run={"empirical_policy": spent})
    none = {**marked, "retries": None}
    yield single_run("retries: none and marked", RUNNING, *again, run={"empirical_policy": none})
    negative = {"empirical_policy": {"retries": 1, "retry_delay": -3600}}
    yield single_run("retries: negative delay", RUNNING, FAILED, RUNNING, run=negative)


def repeated_requests() -> Iterator[Case]:
    """A request that repeats the transition id of the last one."""

    def marked(kind: str, mark: Json = ONE_ID) -> Json:
        return state(kind, transition_id=mark)

    twice = (marked("RUNNING"), marked("RUNNING"))
    yield single_run("transition_id: twice", PENDING, *twice, marked("RUNNING", OTHER_ID), *twice)
    yield single_run(
        "transition_id: another type", PENDING, *twice[:1], marked("COMPLETED"), COMPLETED
    )
    yield single_run(
        "transition_id: null", PENDING, marked("RUNNING", None), marked("RUNNING", None)
    )
    yield single_run(
        "transition_id: one of two", PENDING, marked("RUNNING"), RUNNING, marked("RUNNING")
    )
    yield single_run("transition_id: force", PENDING, twice[0], set_state(twice[0], force=True))
    yield single_run("transition_id: of the creation", marked("RUNNING"), *twice)
    yield single_run("transition_id: PENDING", marked("PENDING"), marked("PENDING"))
    yield single_run(
        "transition_id: terminal", RUNNING, marked("COMPLETED"), marked("COMPLETED"), RUNNING
    )
    yield single_run("transition_id: into terminal", marked("COMPLETED"), marked("CANCELLING"))
    yield single_run(
        "transition_id: spelled differently",
        PENDING,
        twice[0],
        marked("RUNNING", ONE_ID.replace("-", "")),
    )
    one = {"empirical_policy": {"retries": 1}}
    failed = marked("FAILED")
    yield single_run(
        "transition_id: retried", RUNNING, failed, failed, RUNNING, failed, failed, run=one
    )
    yield single_run(
        "transition_id: waiting", state("SCHEDULED", scheduled_time=FUTURE_TIME), *twice
    )


GROUPS = (
    retries,
    retried_contents,
    retry_policies,
    repeated_requests,
)
