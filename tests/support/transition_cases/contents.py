"""What states carry: messages, data, details and leases, and how results are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.support.transition_cases.steps import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    CRASHED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    ONE_ID,
    OTHER_ID,
    PAST_TIME,
    PENDING,
    PERSISTED,
    RUNNING,
    SCHEDULED,
    STATE_TYPES,
    UNPERSISTED,
    Case,
    Json,
    set_state,
    single_run,
    state,
)

RESULTS: Mapping[str, Json] = {
    "none": None,
    "persisted": PERSISTED,
    "unpersisted": UNPERSISTED,
    "empty": {},
    "untyped": {"a": 1},
    "null type": {"type": None},
    "list": [1, {"type": "x"}],
    "false": False,
    "text": "x",
    "number": 1.5,
    "empty list": [],
    "zero": 0,
    "empty text": "",
}


def completed_results() -> Iterator[Case]:
    """Results of COMPLETED, and which transitions keep them."""
    for name, data in RESULTS.items():
        done = state("COMPLETED", data=data)
        for kind in ("COMPLETED", "RUNNING", "SCHEDULED", "FAILED", "PENDING", "CANCELLED"):
            target = state(kind)
            yield single_run(f"result: {name} -> {kind}", RUNNING, done, target)
        yield single_run(
            f"result: {name} -> SCHEDULED, deployed", RUNNING, done, SCHEDULED, run=DEPLOYED
        )
        yield single_run(f"result: {name} -> CRASHED", RUNNING, done, CRASHED)
        yield single_run(f"result: {name}, of the creation", done, COMPLETED, RUNNING)
        yield single_run(f"result: {name}, on the way", state("RUNNING", data=data), done, RUNNING)
    done = state("COMPLETED", data=PERSISTED)
    for name, data in RESULTS.items():
        yield single_run(
            f"result: persisted -> {name}", RUNNING, done, state("COMPLETED", data=data)
        )
    for kind in STATE_TYPES:
        yield single_run(
            f"result: persisted -> {kind}, force", RUNNING, done, set_state(state(kind), True)
        )
    other = state("COMPLETED", "Cached", data={"type": "y"}, message="other")
    yield single_run("result: persisted, twice", RUNNING, done, other, done, COMPLETED)
    yield single_run(
        "result: persisted, twice, force", RUNNING, done, set_state(other, True), RUNNING
    )
    unkept = set_state(state("COMPLETED", data=UNPERSISTED), force=True)
    yield single_run("result: persisted -> unpersisted, force", RUNNING, done, unkept)
    through = (set_state(RUNNING, force=True), COMPLETED, RUNNING)
    yield single_run("result: persisted, lost through RUNNING", RUNNING, done, *through)
    yield single_run("result: persisted, lost through FAILED", RUNNING, done, FAILED, COMPLETED)
    yield single_run("result: of FAILED", RUNNING, state("FAILED", data=PERSISTED), FAILED, RUNNING)


def messages_and_data() -> Iterator[Case]:
    """Messages and data of a state."""
    yield single_run(
        "message: kept",
        state("PENDING", message="first"),
        state("RUNNING", message="second"),
        PENDING,
    )
    yield single_run(
        "message: empty and null",
        PENDING,
        state("RUNNING", message=""),
        state("RUNNING", message=None),
    )
    yield single_run("message: long", PENDING, state("RUNNING", message="é\n" * 300))
    for name, data in RESULTS.items():
        given = state("RUNNING", data=data)
        yield single_run(f"data: {name}", PENDING, given, PENDING, set_state(given, force=True))


def state_details() -> Iterator[Case]:
    """Details of a state, all of them and one by one."""
    for kind in ("RUNNING", "SCHEDULED", "PAUSED", "COMPLETED"):
        details = {
            "flow_run_id": ONE_ID,
            "task_run_id": OTHER_ID,
            "child_flow_run_id": ONE_ID,
            "scheduled_time": FUTURE_TIME,
            "cache_key": "c",
            "cache_expiration": PAST_TIME,
            "deferred": True,
            "untrackable_result": True,
            "pause_timeout": FUTURE_TIME,
            "pause_reschedule": False,
            "pause_key": "p",
            "run_input_keyset": {"a": "b"},
            "refresh_cache": False,
            "retriable": True,
            "transition_id": ONE_ID,
            "task_parameters_id": ONE_ID,
            "traceparent": "t",
            "deployment_concurrency_lease_id": ONE_ID,
        }
        full = state(kind, "Full", message="m", data=PERSISTED, **details)
        yield single_run(f"details: all, {kind}", RUNNING, full, COMPLETED)
        yield single_run(f"details: all, created {kind}", full, COMPLETED)
        subflow = {"parent_task_run_id": "{task0}"}
        yield single_run(f"details: all, {kind}, subflow", RUNNING, full, run=subflow, tasks=1)
    yield single_run("details: null deferred", PENDING, state("RUNNING", deferred=None))
    yield single_run("details: unknown key", PENDING, state("RUNNING", unheard="of"))


def leases() -> Iterator[Case]:
    """Which transitions carry the lease of a concurrency slot along."""
    lease = state("PENDING", deployment_concurrency_lease_id=ONE_ID)
    yield single_run("lease: carried along", lease, RUNNING, COMPLETED, RUNNING)
    yield single_run(
        "lease: another one", lease, state("RUNNING", deployment_concurrency_lease_id=OTHER_ID)
    )
    yield single_run("lease: null", lease, state("RUNNING", deployment_concurrency_lease_id=None))
    yield single_run("lease: force", lease, set_state(RUNNING, force=True))
    yield single_run("lease: PENDING", lease, state("PENDING", "Submitting"), CANCELLING, CANCELLED)
    other = state("PENDING", "Submitting", deployment_concurrency_lease_id=OTHER_ID)
    yield single_run("lease: PENDING, another one", lease, other)
    held = state("RUNNING", deployment_concurrency_lease_id=ONE_ID)
    run = {"empirical_policy": {"retries": 1}}
    yield single_run("lease: retried", held, FAILED, RUNNING, FAILED, run=run)
    yield single_run(
        "lease: paused, timed out", held, state("PAUSED", pause_timeout=PAST_TIME), RUNNING
    )
    yield single_run("lease: deployed", held, COMPLETED, run=DEPLOYED)
    yield single_run("lease: deployed, force", held, set_state(FAILED, force=True), run=DEPLOYED)
    waiting = state("SCHEDULED", deployment_concurrency_lease_id=ONE_ID)
    yield single_run("lease: CANCELLING without infrastructure", waiting, CANCELLING)


GROUPS = (
    completed_results,
    messages_and_data,
    state_details,
    leases,
)
