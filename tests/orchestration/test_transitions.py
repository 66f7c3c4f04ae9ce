"""What the recorded cases cannot reach: runs of seeds that have no state, and a clock of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from mockserver.orchestration.rules import SetStateStatus
from mockserver.orchestration.transitions import orchestrate
from mockserver.prefect.records import FlowRun, State, StateType

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RUN = FlowRun(id="a", name="a")
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def ids() -> Iterator[str]:
    return map(str, count())


def state(kind: StateType, at: datetime = NOW) -> State:
    return State(kind, kind.default_name, kind.value, at)


def proposed(run: FlowRun, kind: StateType, ids: Iterator[str], now: datetime = NOW) -> FlowRun:
    made = orchestrate(run, state(kind, now), force=False, now=now, new_id=lambda: next(ids))
    assert made.status is SetStateStatus.ACCEPT
    return made.run


@pytest.mark.parametrize("kind", StateType)
def test_a_run_without_a_state_can_enter_any(kind: StateType, ids: Iterator[str]) -> None:
    """There is no transition that a rule could be about."""
    run = proposed(RUN, kind, ids)
    assert run.state_type is kind
    assert run.expected_start_time == (None if kind is StateType.SCHEDULED else NOW)
    assert (run.start_time is None) == (kind is not StateType.RUNNING and not kind.is_final)


def test_a_clock_that_stands_still_gives_each_state_its_own_time(ids: Iterator[str]) -> None:
    """A microsecond later each, so that states have an order; run time is counted by it."""
    run = RUN
    for step, kind in enumerate((StateType.PENDING, StateType.RUNNING, StateType.COMPLETED)):
        run = proposed(run, kind, ids)
        assert run.state is not None
        assert run.state.timestamp == NOW + step * MICROSECOND
    assert run.total_run_time == 1e-6
    assert (run.start_time, run.end_time) == (NOW + MICROSECOND, NOW + 2 * MICROSECOND)


def test_a_clock_behind_the_seeds_is_believed(ids: Iterator[str]) -> None:
    """A run that was put into its state in what is now the future is not held to that."""
    run = replace(RUN, state=state(StateType.PENDING, NOW + timedelta(days=1)))
    assert proposed(run, StateType.COMPLETED, ids).end_time == NOW


def test_a_state_of_unknown_time_ran_for_no_time(ids: Iterator[str]) -> None:
    """What a seed does not say is not made up."""
    run = replace(RUN, state=State(StateType.RUNNING, "Running"))
    assert proposed(run, StateType.COMPLETED, ids).total_run_time == 0.0
