"""Requests about an unknown run, or with an invalid body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tests.support.transition_cases.steps import (
    ONE_ID,
    PAST_TIME,
    PENDING,
    RUNNING,
    UNKNOWN_RUN_ID,
    Case,
    Json,
    Step,
    set_state,
    single_run,
    state,
)


def unknown_runs() -> Iterator[Case]:
    """Ids of no run, and unusual spellings of an id."""
    for run in (
        UNKNOWN_RUN_ID,
        "nope",
        UNKNOWN_RUN_ID.replace("-", ""),
        UNKNOWN_RUN_ID.upper(),
        f"{{{UNKNOWN_RUN_ID}}}",
        "0",
    ):
        yield single_run(f"refused: run {run!r}", PENDING, set_state(RUNNING, run=run))
    force = set_state(state("SCHEDULED"), force=True, run=UNKNOWN_RUN_ID)
    yield single_run("refused: run unknown, force", PENDING, force)
    yield single_run(
        "refused: run unknown, state wrong", PENDING, set_state({}, run=UNKNOWN_RUN_ID)
    )
    yield single_run(
        "accepted: other spellings of the id", PENDING, set_state(RUNNING, run="{RUN0}")
    )


def invalid_states() -> Iterator[Case]:
    """Bodies whose state is invalid."""
    wrong: Sequence[Json] = (
        *(
            None,
            {},
            [],
            "RUNNING",
            1,
            {"type": None},
            {"type": "running"},
            {"type": 1},
            {"type": ""},
        ),
        *({"name": "Running"}, {"type": "LOST"}, {**RUNNING, "timestamp": PAST_TIME}),
        *({**RUNNING, "id": ONE_ID}, {**RUNNING, "name": 1}, {**RUNNING, "message": 1}),
        *({**RUNNING, "state_details": None}, {**RUNNING, "state_details": []}),
        *({**RUNNING, "state_details": {"transition_id": "x"}},),
        *({**RUNNING, "state_details": {"pause_reschedule": "yes", "retriable": "off"}},),
        *({**RUNNING, "state_details": {"pause_reschedule": None}},),
        *({**RUNNING, "state_details": {"untrackable_result": 2}},),
        *({**RUNNING, "state_details": {"run_input_keyset": {"a": 1}}},),
        *({**RUNNING, "state_details": {"pause_key": 1}},),
        *({"type": "LOST", "name": 1, "extra": 1},),
    )
    for body in wrong:
        yield single_run(f"body: state {json.dumps(body)}", PENDING, set_state(body))


def invalid_bodies() -> Iterator[Case]:
    """Other invalid bodies of set_state."""
    values: Sequence[Json] = (None, "yes", "maybe", 0, 1, 2, "", [])
    for value in values:
        yield single_run(f"body: force {value!r}", RUNNING, set_state(PENDING, force=value))
    path = "/flow_runs/{run0}/set_state"
    for name, body in (
        *(("none", None), ("empty", {}), ("a list", []), ("the state itself", RUNNING)),
        *(("extra key", {"state": RUNNING, "unheard": "of"}), ("force alone", {"force": True})),
    ):
        yield single_run(f"body: {name}", PENDING, Step("POST", path, body))


GROUPS = (
    unknown_runs,
    invalid_states,
    invalid_bodies,
)
