"""The states that runs have been in: what a look at each run and each state would find."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockserver.operations import Context
from mockserver.operations.server.observed_states import read_observed_states
from mockserver.prefect import FlowRun, State, StateType, TaskRun
from mockserver.prefect.dialects import SPEC
from mockserver.requests.objects import ObservedStatesQuery
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STATES = st.builds(
    lambda kind, name, minutes: State(
        kind, name, timestamp=minutes and NOW - timedelta(minutes=minutes)
    ),
    st.sampled_from([StateType.RUNNING, StateType.COMPLETED]),
    st.sampled_from(["Running", "Late", "Done"]),
    st.none() | st.integers(1, 9),
)


def observe(store: Store, **query: Any) -> list[dict[str, Any]]:
    context = Context(store, SPEC, NOW, lambda: "")
    found: list[dict[str, Any]]
    found = read_observed_states(context, ObservedStatesQuery.model_validate(query)).value
    return found


def flow_run(number: int, state: State | None) -> FlowRun:
    return FlowRun(
        id=f"{number:032}",
        name=f"run-{number}",
        state=state,
        created=NOW - timedelta(hours=1),
        start_time=NOW - timedelta(minutes=20),
    )


def expected(states: Iterable[State | None]) -> dict[tuple[str, str], Any]:
    """The bounds of states with times; without one, a run has entered its state by its start."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for state in states:
        if state is not None:
            began = NOW - timedelta(minutes=20)
            ended = NOW - timedelta(hours=1)  # a run without an end has been created by then
            at = state.timestamp or (ended if state.is_final else began)
            found.setdefault((state.type.value, state.name), []).append(at)
    return {key: (min(times), max(times)) for key, times in found.items()}


@given(st.lists(STATES | st.none(), max_size=8), st.sets(st.integers(0, 7)), st.lists(STATES))
def test_states_are_those_of_the_runs_that_are_left(
    states: list[State | None], deleted: set[int], earlier: list[State]
) -> None:
    """Of deleted runs nothing is left; states of earlier times count."""
    store = Store(Base([flow_run(number, state) for number, state in enumerate(states)]))
    store.delete([f"{number:032}" for number in sorted(deleted)])
    timed = tuple(state for state in earlier if state.timestamp)
    store.remember("another", timed)
    left = [state for number, state in enumerate(states) if number not in deleted]
    assert {
        (one["state_type"], one["state_name"]): (one["first_seen"], one["last_seen"])
        for one in observe(store)
    } == expected([*left, *timed])


def test_task_runs_count_with_the_states_that_they_have_left() -> None:
    """In one list with those of flow runs."""
    done = State(StateType.COMPLETED, "Done", timestamp=NOW)
    store = Store(Base([], task_runs=[TaskRun("t", None, "t", "t", "0", state=done)]))
    store.task_run_states["t"] = (State(StateType.RUNNING, "Working", timestamp=NOW),)
    assert [one["state_name"] for one in observe(store)] == ["Done", "Working"]
    assert [one["state_name"] for one in observe(store, query=" run ")] == ["Working"]
    assert [one["state_name"] for one in observe(store, limit=1)] == ["Done"]


def test_a_state_without_any_time_was_there_when_the_seed_was_loaded() -> None:
    """As replies tell it."""
    state = State(StateType.RUNNING, "Running")
    store = Store(Base([FlowRun(id="1", name="a", state=state)], loaded_at=NOW))
    assert observe(store)[0]["first_seen"] == NOW
