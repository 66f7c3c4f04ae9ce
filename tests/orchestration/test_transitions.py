"""Transitions that no recorded case covers: runs without a state, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from mockserver.orchestration.orchestrate import orchestrate
from mockserver.orchestration.transition import SetStateStatus
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import FlowRun, State, StateType

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RUN = FlowRun(id="a", name="a")
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def ids() -> Iterator[str]:
    return map(str, count())


def state(kind: StateType, at: datetime = NOW) -> State:
    return State(kind, kind.default_name, kind.value, at)


def enter(run: FlowRun, kind: StateType, ids: Iterator[str], now: datetime = NOW) -> FlowRun:
    """The run after it has proposed a state of this type, which must be accepted."""
    proposed = state(kind, now)
    outcome = orchestrate(run, proposed, SPEC, force=False, now=now, new_id=lambda: next(ids))
    assert outcome.status is SetStateStatus.ACCEPT
    return outcome.run


@pytest.mark.parametrize("kind", StateType)
def test_a_run_without_a_state_can_enter_any(kind: StateType, ids: Iterator[str]) -> None:
    """No rule applies where there is no initial state."""
    run = enter(RUN, kind, ids)
    assert run.state_type is kind
    assert run.expected_start_time == (None if kind is StateType.SCHEDULED else NOW)
    assert (run.start_time is None) == (kind is not StateType.RUNNING and not kind.is_final)


def test_each_state_has_its_own_time_though_the_clock_stands_still(ids: Iterator[str]) -> None:
    """Each is a microsecond later, so that states have an order; the run time counts it."""
    run = RUN
    for step, kind in enumerate((StateType.PENDING, StateType.RUNNING, StateType.COMPLETED)):
        run = enter(run, kind, ids)
        assert run.state is not None
        assert run.state.timestamp == NOW + step * MICROSECOND
    assert run.total_run_time == 1e-6
    assert (run.start_time, run.end_time) == (NOW + MICROSECOND, NOW + 2 * MICROSECOND)


def test_a_state_that_lies_a_day_ahead_does_not_move_the_clock(ids: Iterator[str]) -> None:
    """A run of a seed can have a state in the future; its next state has the clock's time."""
    run = replace(RUN, state=state(StateType.PENDING, NOW + timedelta(days=1)))
    assert enter(run, StateType.COMPLETED, ids).end_time == NOW


def test_a_state_without_a_time_adds_no_run_time(ids: Iterator[str]) -> None:
    """A seed can leave out when a state began; no run time is invented for it."""
    run = replace(RUN, state=State(StateType.RUNNING, "Running"))
    assert enter(run, StateType.COMPLETED, ids).total_run_time == 0.0
