"""States that clients propose to flow runs, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from observations import Json
from prefect.client.schemas.objects import State, StateType
from prefect.states import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Late,
    Paused,
    Pending,
    Retrying,
    Running,
    Scheduled,
)

HOUR = timedelta(hours=1)
RETRYING_FLOW = object()  # in place of a first state: create a run of the flow with retries


def transitions() -> list[tuple[Any, ...]]:
    """The first state, then (state, whether forced) of each proposal."""
    now = datetime.now(UTC)
    future: State[Any] = Scheduled(scheduled_time=now + HOUR)
    past: State[Any] = Scheduled(scheduled_time=now - HOUR)
    yes, no = True, False
    return [
        (None, (Running(), no), (Completed(message="done"), no), (Running(), no)),
        (None, (Running(), no), (Failed(message="oh"), no), (Pending(), no), (future, no)),
        (None, (Pending(), no), (Running(), no), (Pending(), no), (Pending(), yes)),
        (future, (Pending(), no), (Running(), no), (Running(), yes)),
        (past, (Pending(), no), (Running(), no), (Crashed(), no), (Running(), no)),
        (future, (Cancelling(), no), (Running(), no)),
        (future, (Cancelled(), no), (Completed(), no)),
        (None, (Running(), no), (Cancelling(), no), (Completed(), no), (Cancelled(), no)),
        (None, (Running(), no), (Paused(timeout_seconds=600), no), (Running(), no)),
        (None, (Paused(timeout_seconds=600), no), (Completed(), yes), (Running(), yes)),
        (None, (Retrying(), no), (State(type=StateType.COMPLETED, name="Odd"), no)),
        (None, (Late(scheduled_time=now - HOUR), no)),
        (
            RETRYING_FLOW,
            (Running(), no),
            (Failed(), no),
            (Running(), no),
            (Failed(message="end"), no),
        ),
    ]


def state_name(state: State[Any] | None) -> str:
    """The name of a state, or of its type."""
    return state.name or state.type.value if state else "nothing"


def normalize_result(result: Json) -> Json:
    """An orchestration result with a wait of about an hour as text: it depends on the clock."""
    details = result["details"]
    for key in ("delay_seconds", "retry_after_seconds"):
        if 3500 < details.get(key, 0) <= 3600:  # the run was scheduled in an hour
            details[key] = "almost an hour"
    return result
