"""bulk_set_state: which runs, in which order, and what a real server carries from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.support.transition_cases.steps import (
    CANCELLING,
    COMPLETED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    LATER_TIME,
    ONE_ID,
    PAST_TIME,
    PAUSED,
    PENDING,
    PERSISTED,
    RUNNING,
    SCHEDULED,
    STATE_TYPES,
    UNKNOWN_RUN_ID,
    Case,
    Json,
    Step,
    api_version_header,
    bulk_set_state,
    set_state,
    state,
)

ALL_RUNS = ("{run0}", "{run1}", "{run2}")
PENDING_RUNS: tuple[Json, ...] = ({"state": PENDING},) * 3


def bulk_transitions() -> Iterator[Case]:
    """Three runs in different states, set to each state."""
    # The order of the ids must not matter: runs are created alike, then put in their states.
    mixed = _force_states(SCHEDULED, RUNNING, COMPLETED)
    for kind in STATE_TYPES:
        yield Case(f"bulk: to {kind}", (*mixed, bulk_set_state(state(kind), ALL_RUNS)), ({},) * 3)
        forced = bulk_set_state(state(kind), ALL_RUNS, force=True)
        yield Case(f"bulk: to {kind}, force", (*mixed, forced), ({},) * 3)


def bulk_selection() -> Iterator[Case]:
    """Limits, unknown ids and old clients."""
    yield Case(
        "bulk: limit",
        (bulk_set_state(RUNNING, ALL_RUNS, limit=2), bulk_set_state(RUNNING, ALL_RUNS, limit=1)),
        PENDING_RUNS,
    )
    yield Case(
        "bulk: nothing matches",
        (bulk_set_state(RUNNING, [UNKNOWN_RUN_ID]), bulk_set_state(RUNNING, [])),
        PENDING_RUNS[:1],
    )
    yield Case(
        "bulk: some match",
        (bulk_set_state(RUNNING, ["{run0}", UNKNOWN_RUN_ID, "{run0}"]),),
        PENDING_RUNS[:1],
    )
    yield Case(
        "bulk: an old client",
        (
            Step(
                "POST",
                "/flow_runs/bulk_set_state",
                bulk_set_state(RUNNING, ALL_RUNS).body,
                api_version_header("0.8.3"),
            ),
        ),
        ({"state": PENDING, "empirical_policy": {"resuming": True}},) * 3,
    )
    for limit in (0, 51, "2", 1.0, None, True):
        yield Case(
            f"bulk: limit {limit!r}",
            (bulk_set_state(RUNNING, ["{run0}"], limit=limit),),
            PENDING_RUNS[:1],
        )


def invalid_bulk_requests() -> Iterator[Case]:
    """Bodies that are refused."""
    odd: Mapping[str, Json] = {
        "no state": ...,
        "null": None,
        "a text": "RUNNING",
        "unknown type": {"type": "LOST"},
        "extra key": {**RUNNING, "timestamp": PAST_TIME},
    }
    for name, invalid in odd.items():
        body = {"flow_runs": {"id": {"any_": ["{run0}"]}}, "state": invalid}
        sent = {key: value for key, value in body.items() if value is not ...}
        step = Step("POST", "/flow_runs/bulk_set_state", sent)
        yield Case(f"bulk: state is {name}", (step,), PENDING_RUNS[:1])
    yield Case(
        "bulk: broken filter",
        (
            Step("POST", "/flow_runs/bulk_set_state", {"flow_runs": {"id": 1}, "state": RUNNING}),
            bulk_set_state(RUNNING, ["nope"]),
            bulk_set_state(RUNNING, ["{run0}"], force="maybe"),
            bulk_set_state(RUNNING, ["{run0}"], force="yes"),
        ),
        PENDING_RUNS[:1],
    )


def bulk_scheduling() -> Iterator[Case]:
    """Scheduled times that one run takes over from another."""
    soon, later = (state("SCHEDULED", scheduled_time=when) for when in (FUTURE_TIME, LATER_TIME))
    at = _force_states(soon, FAILED, later)
    waits = tuple(set_state(RUNNING, run=number) for number in range(3))
    failed = ({"state": FAILED},) * 3
    yield Case(
        "bulk: PENDING leaks a scheduled time",
        (*at, bulk_set_state(PENDING, ALL_RUNS), *waits),
        failed,
    )
    submit = bulk_set_state(state("PENDING", "Submitting"), ALL_RUNS)
    soon, later = (state("PENDING", scheduled_time=when) for when in (FUTURE_TIME, LATER_TIME))
    pending = _force_states(soon, PENDING, later)
    yield Case("bulk: Submitting, scheduled", (*pending, submit, *waits), failed)


def bulk_leases() -> Iterator[Case]:
    """Leases, and a scheduled time that all runs share."""
    waits = tuple(set_state(RUNNING, run=number) for number in range(3))
    leased = set_state(state("PENDING", deployment_concurrency_lease_id=ONE_ID), True)
    yield Case(
        "bulk: RUNNING leaks no lease", (leased, bulk_set_state(RUNNING, ALL_RUNS)), PENDING_RUNS
    )
    stop = bulk_set_state(CANCELLING, ALL_RUNS)
    yield Case("bulk: CANCELLING leaks a lease", (leased, stop), PENDING_RUNS)
    yield Case(
        "bulk: SCHEDULED shares its time",
        (bulk_set_state(SCHEDULED, ALL_RUNS), *waits),
        PENDING_RUNS,
    )


def bulk_pauses_and_failures() -> Iterator[Case]:
    """Pauses, retries, repeated transition ids, subflows and deployed runs."""
    key = bulk_set_state(state("PAUSED", pause_key="k"), ALL_RUNS)
    yield Case(
        "bulk: PAUSED", (key, bulk_set_state(RUNNING, ALL_RUNS), key), ({"state": RUNNING},) * 3
    )
    yield Case(
        "bulk: PAUSED without a key", (bulk_set_state(PAUSED, ALL_RUNS),), ({"state": RUNNING},) * 3
    )
    retry = {"state": RUNNING, "empirical_policy": {"retries": 1}}
    failing = bulk_set_state(state("FAILED", message="m", data=PERSISTED), ALL_RUNS)
    yield Case("bulk: retried", (failing, bulk_set_state(RUNNING, ALL_RUNS), failing), (retry,) * 3)
    pair = ("{run0}", "{run1}")
    once = bulk_set_state(state("RUNNING", transition_id=ONE_ID), pair)
    yield Case("bulk: transition_id twice", (once, once), PENDING_RUNS[:2])
    nulls = {"state": RUNNING, "empirical_policy": {"pause_keys": None}}
    yield Case("bulk: one breaks", (bulk_set_state(PAUSED, pair),), (nulls, nulls))
    subflow = ({"state": RUNNING, "parent_task_run_id": "{task0}"},)
    yield Case("bulk: subflow", (bulk_set_state(COMPLETED, ["{run0}"]),), subflow, tasks=1)
    deployed = _force_states(SCHEDULED, FAILED, PENDING)
    yield Case(
        "bulk: PENDING, all aborted",
        (*deployed, bulk_set_state(PENDING, ALL_RUNS)),
        (DEPLOYED,) * 3,
    )
    yield Case(
        "bulk: SCHEDULED, deployed",
        (*deployed, bulk_set_state(SCHEDULED, ALL_RUNS)),
        (DEPLOYED,) * 3,
    )


def _force_states(*states: Json) -> tuple[Step, ...]:
    """Steps that force the first run into the first state, the second into the second, ..."""
    return tuple(set_state(each, force=True, run=number) for number, each in enumerate(states))


GROUPS = (
    bulk_transitions,
    bulk_selection,
    invalid_bulk_requests,
    bulk_scheduling,
    bulk_leases,
    bulk_pauses_and_failures,
)
