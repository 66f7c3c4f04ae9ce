"""From every state to every other; names of states; scheduled times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from tests.support.transition_cases.steps import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    LATE,
    LATER_TIME,
    PAST_TIME,
    PAUSED,
    PENDING,
    RUNNING,
    SCHEDULED,
    STATE_TYPES,
    Case,
    Json,
    set_state,
    single_run,
    state,
)

ORIGINS: Mapping[str, Json] = {"nothing": None, **{kind: state(kind) for kind in STATE_TYPES}}


def transition_matrix() -> Iterator[Case]:
    """From each state to each other: proposed, forced, and of a deployed run."""
    for (origin, first), kind in product(ORIGINS.items(), STATE_TYPES):
        target = state(kind)
        yield single_run(f"matrix: {origin} -> {kind}", first, target)
        yield single_run(f"matrix: {origin} -> {kind}, force", first, set_state(target, force=True))
        yield single_run(f"matrix: {origin} -> {kind}, deployed", first, target, run=DEPLOYED)
    for origin, first in ORIGINS.items():
        yield single_run(f"late: {origin} -> Late", first, LATE)
        yield single_run(f"late: {origin} -> Late, deployed", first, LATE, run=DEPLOYED)
        to_suspended = f"suspend: {origin} -> Suspended"
        yield single_run(to_suspended, first, state("PAUSED", "Suspended"), run=DEPLOYED)
        yield single_run(
            f"deployment exists: {origin} -> PENDING -> RUNNING",
            *(first, PENDING, RUNNING),
            run={"deployment_id": "{deployment}"},
            deployment={},
        )


def state_names() -> Iterator[Case]:
    """Names of states, given or left to the server."""
    for name in (None, "", "Late", "scheduled", "Ünï ✓", " padded "):
        yield single_run(f"name: {name!r}", PENDING, state("RUNNING", name), state("FAILED", name))
        yield single_run(f"name: SCHEDULED {name!r}", state("SCHEDULED", name), PENDING)


def late_states() -> Iterator[Case]:
    """Late: a name that only a SCHEDULED run gets."""
    late_at = state("SCHEDULED", "Late", scheduled_time=PAST_TIME)
    yield single_run("late: Late -> Late", LATE, LATE, set_state(LATE, force=True))
    yield single_run(
        "late: keeps its time", state("SCHEDULED", scheduled_time=PAST_TIME), late_at, PENDING
    )
    yield single_run(
        "late: loses its time", state("SCHEDULED", scheduled_time=FUTURE_TIME), LATE, RUNNING
    )
    yield single_run("late: -> Scheduled -> Late", LATE, SCHEDULED, LATE)
    yield single_run(
        "late: Late, wrongly typed", state("PENDING", "Late"), LATE, state("RUNNING", "Late")
    )
    yield single_run("late: -> PENDING -> RUNNING", late_at, PENDING, RUNNING, COMPLETED)


def pending_states() -> Iterator[Case]:
    """PENDING under its different names."""
    for first, second in product(("Pending", "Submitting", "InfrastructurePending"), repeat=2):
        pending = (state("PENDING", first), state("PENDING", second))
        yield single_run(f"pending: {first} -> {second}", *pending, RUNNING)
    yield single_run(
        "pending: keeps the scheduled time, whatever is given",
        state("SCHEDULED", scheduled_time=FUTURE_TIME),
        PENDING,
        state("PENDING", "Submitting", scheduled_time=LATER_TIME),
        state("PENDING", "InfrastructurePending"),
        RUNNING,
    )
    yield single_run(
        "pending: no scheduled time, whatever is given",
        PENDING,
        state("PENDING", "Submitting", scheduled_time=FUTURE_TIME),
        RUNNING,
    )
    yield single_run("pending: null name", state("PENDING", "Submitting"), state("PENDING", None))
    yield single_run("pending: cancelling", PENDING, CANCELLING, PENDING, CANCELLED, PENDING)


def scheduled_names() -> Iterator[Case]:
    """Other names of SCHEDULED states."""
    for name in ("AwaitingRetry", "AwaitingConcurrencySlot", "Resuming", "Custom"):
        named = state("SCHEDULED", name, scheduled_time=PAST_TIME)
        yield single_run(
            f"name: {name} to RUNNING", named, state("RUNNING", "Retrying"), named, PENDING
        )
        yield single_run(f"name: {name} to CANCELLING", named, CANCELLING, run={**DEPLOYED})


def scheduled_times() -> Iterator[Case]:
    """Runs scheduled in the past and in the future, and who has to wait."""
    for name, when in (("past", PAST_TIME), ("future", FUTURE_TIME)):
        at = state("SCHEDULED", scheduled_time=when)
        yield single_run(f"scheduled: {name} -> RUNNING twice", at, RUNNING, RUNNING)
        yield single_run(
            f"scheduled: {name} -> PENDING -> RUNNING twice", at, PENDING, RUNNING, RUNNING
        )
        yield single_run(
            f"scheduled: {name} -> RUNNING, force", at, set_state(RUNNING, force=True), FAILED
        )
        yield single_run(
            f"scheduled: {name} -> PENDING, force", at, set_state(PENDING, True), RUNNING
        )
        yield single_run(f"scheduled: nothing -> {name}", None, at, SCHEDULED, at, PENDING)
        yield single_run(
            f"scheduled: RUNNING -> {name}", RUNNING, at, RUNNING, set_state(RUNNING, True)
        )
        yield single_run(
            f"scheduled: {name} -> PAUSED", at, PAUSED, set_state(PAUSED, True), RUNNING
        )
        yield single_run(f"scheduled: {name} -> COMPLETED", at, COMPLETED, SCHEDULED)
        given = state("PENDING", scheduled_time=when)
        yield single_run(f"scheduled: now -> PENDING {name}", SCHEDULED, given, RUNNING)
        yield single_run(f"scheduled: PENDING {name} -> RUNNING", given, RUNNING, COMPLETED)
        other = state("RUNNING", scheduled_time=when)
        yield single_run(
            f"scheduled: RUNNING {name} -> RUNNING", other, RUNNING, PENDING, COMPLETED
        )
        yield single_run(
            f"scheduled: {name}, deployed", at, RUNNING, PENDING, CANCELLING, run=DEPLOYED
        )


def scheduled_time_formats() -> Iterator[Case]:
    """A scheduled time that is missing, null or in an unusual format."""
    yield single_run("scheduled: now -> PENDING -> RUNNING", SCHEDULED, PENDING, RUNNING, COMPLETED)
    yield single_run("scheduled: null", None, state("SCHEDULED", scheduled_time=None), PENDING)
    yield single_run(
        "scheduled: odd spellings",
        *(None, state("SCHEDULED", scheduled_time="2091-02-03T06:05:06+02:00")),
        state("SCHEDULED", scheduled_time="2091-02-03T04:05:06.5"),
        *(state("SCHEDULED", scheduled_time=3821313906), state("SCHEDULED", scheduled_time="soon")),
        state("SCHEDULED", scheduled_time="2091-02-03"),
    )


GROUPS = (
    transition_matrix,
    state_names,
    late_states,
    pending_states,
    scheduled_names,
    scheduled_times,
    scheduled_time_formats,
)
