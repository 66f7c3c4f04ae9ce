"""Pausing, suspending and resuming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from tests.support.transition_cases.steps import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    CRASHED,
    DEPLOYED,
    FAILED,
    FUTURE_TIME,
    LATE,
    NO_HEADERS,
    PAST_TIME,
    PAUSED,
    PENDING,
    RESUMING,
    RUNNING,
    SCHEDULED,
    SUSPENDED,
    Case,
    Json,
    Step,
    api_version_header,
    set_state,
    single_run,
    state,
)


def pausing() -> Iterator[Case]:
    """PAUSED with and without a pause key."""
    keyed = state("PAUSED", pause_key="a")
    other = state("PAUSED", pause_key="b")
    yield single_run(
        "pause: key twice", RUNNING, keyed, RUNNING, keyed, other, RUNNING, other, COMPLETED
    )
    yield single_run("pause: no key twice", RUNNING, PAUSED, RUNNING, PAUSED, RUNNING, FAILED)
    yield single_run(
        "pause: key twice, force", RUNNING, *(set_state(keyed, True), RUNNING) * 2, keyed
    )
    named = state("PAUSED", "Suspended", pause_key="a")
    yield single_run(
        "pause: key twice, named Suspended", RUNNING, named, RUNNING, named, run=DEPLOYED
    )
    yield single_run("pause: empty key", RUNNING, *(state("PAUSED", pause_key=""), RUNNING) * 2)
    yield single_run("pause: custom name", PENDING, state("PAUSED", "Waiting for input"))
    yield single_run("pause: key from elsewhere", PENDING, keyed, RUNNING, keyed)
    retried = {"empirical_policy": {"retries": 1}}
    yield single_run(
        "pause: key after a retry", RUNNING, keyed, RUNNING, FAILED, RUNNING, keyed, run=retried
    )
    yield single_run("pause: key after an end", RUNNING, keyed, RUNNING, FAILED, RUNNING, keyed)
    nulls = {"empirical_policy": {"pause_keys": None, "resuming": None}}
    yield single_run(
        "pause: null keys", RUNNING, keyed, set_state(keyed, True), RUNNING, FAILED, run=nulls
    )


def suspending() -> Iterator[Case]:
    """Pauses that reschedule: only of deployed runs that are not subflows."""
    keyed = state("PAUSED", pause_key="a")
    plain = state("PAUSED", pause_reschedule=True, pause_key="a")
    yield single_run("suspend: no deployment", RUNNING, plain, SUSPENDED, keyed, RUNNING, plain)
    yield single_run(
        "suspend: deployed", RUNNING, SUSPENDED, RESUMING, RUNNING, SUSPENDED, run=DEPLOYED
    )
    yield single_run("suspend: deployed, PENDING", RUNNING, plain, RESUMING, PENDING, run=DEPLOYED)
    exists: dict[str, Json] = {"run": {"deployment_id": "{deployment}"}, "deployment": {}}
    life = (RUNNING, SUSPENDED, RESUMING, PENDING, RUNNING, SUSPENDED, COMPLETED)
    yield single_run("suspend: deployment exists", *life, **exists)
    subflow = {"parent_task_run_id": "{task0}"}
    yield single_run("suspend: subflow", RUNNING, SUSPENDED, run={**subflow, **DEPLOYED}, tasks=1)
    yield single_run(
        "suspend: subflow without deployment", RUNNING, plain, PAUSED, run=subflow, tasks=1
    )


def leaving_pauses() -> Iterator[Case]:
    """From each kind of pause to each state."""
    forms: Mapping[str, Mapping[str, Json]] = {
        "PAUSED": {},
        "timeout past": {"pause_timeout": PAST_TIME},
        "timeout future": {"pause_timeout": FUTURE_TIME},
        "reschedule": {"pause_reschedule": True},
        "reschedule, timeout past": {"pause_reschedule": True, "pause_timeout": PAST_TIME},
    }
    targets = (
        *(SCHEDULED, RESUMING, PENDING, RUNNING, PAUSED, CANCELLING, COMPLETED, FAILED, CRASHED),
        *(CANCELLED, state("RUNNING", "Suspended"), state("COMPLETED", "Suspended"), LATE),
        *(state("PENDING", "Submitting"), SUSPENDED),
    )
    for (form, details), target in product(forms.items(), targets):
        first = state("PAUSED", **details)
        name = f"paused: {form} -> {target.get('name', 'plain')} {target['type']}"
        yield single_run(
            f"{name}, deployed", RUNNING, set_state(first, force=True), target, run=DEPLOYED
        )
        if details:
            yield single_run(name, RUNNING, set_state(first, force=True), target)
            yield single_run(f"{name}, force", first, set_state(target, force=True))


def resuming() -> Iterator[Case]:
    """How the run count and policy of a resumed run depend on the API version of the client."""
    for version in (None, "0.8.2", "0.8.3", "0.8.4", "0.8.10", "1.0.0"):
        headers = api_version_header(version) if version else NO_HEADERS
        name = f"resume: version {version}"

        def set_states(*states: Json, headers: Mapping[str, str] = headers) -> tuple[Step, ...]:
            return tuple(set_state(each, headers=headers) for each in states)

        yield single_run(
            f"{name}, paused", RUNNING, *set_states(PAUSED, RUNNING, PAUSED, RUNNING, COMPLETED)
        )
        yield single_run(
            f"{name}, paused to the end", RUNNING, *set_states(PAUSED, COMPLETED, RUNNING)
        )
        life = set_states(SUSPENDED, RESUMING, RUNNING, RUNNING, FAILED)
        yield single_run(f"{name}, suspended", RUNNING, *life, run=DEPLOYED)
        on: Json = {"empirical_policy": {"resuming": True}}
        forced = (set_state(each, True, headers=headers) for each in (RUNNING, PAUSED, COMPLETED))
        yield single_run(f"{name}, forced", PENDING, *forced, run=on)
        yield single_run(
            f"{name}, forced to the end", PENDING, set_state(FAILED, True, headers=headers), run=on
        )
    on = {"empirical_policy": {"resuming": True, "pause_keys": ["k"], "retries": 3}}
    yield single_run("resume: created RUNNING", RUNNING, RUNNING, run=on)
    yield single_run("resume: created COMPLETED", COMPLETED, RUNNING, run=on)
    yield single_run("resume: rejected, then RUNNING", RUNNING, PAUSED, PENDING, RUNNING, COMPLETED)
    yield single_run("resume: forced", RUNNING, PAUSED, set_state(RUNNING, force=True), COMPLETED)
    yield single_run("resume: via CANCELLING", RUNNING, PAUSED, CANCELLING, CANCELLED, RUNNING)
    for version in ("0.8", "x", "0.7.9", "0.8.4rc1", "99.0.0", ""):
        yield single_run(
            f"version: {version!r}",
            PENDING,
            set_state(RUNNING, headers=api_version_header(version)),
        )


GROUPS = (
    pausing,
    suspending,
    leaving_pauses,
    resuming,
)
