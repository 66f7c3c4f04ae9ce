"""Counts of task runs by the time they began: what a look at each of them would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.errors import ServerFailure
from mockserver.operations import Context
from mockserver.operations.task_runs.dashboard import PARTS, count_by_time
from mockserver.prefect import TERMINAL_STATES, State, StateType, TaskRun
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.requests.query_bodies import DashboardCountsRequest
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STARTS = st.integers(-3_000, 3_000)


def task_run(number: int, kind: StateType, seconds: int | None) -> TaskRun:
    began = None if seconds is None else NOW + timedelta(seconds=seconds)
    state = State(kind, kind.default_name)
    return TaskRun(str(number), None, "t", "t", str(number), state=state, start_time=began)


def count(
    task_runs: list[TaskRun], after: str, before: str | None = None, dialect: Dialect = SPEC
) -> list[dict[str, int]]:
    began = {"after_": after} if before is None else {"after_": after, "before_": before}
    body = DashboardCountsRequest.model_validate(
        {"task_runs": {"start_time": began, "state": {"type": {"any_": ["RUNNING"]}}}}
    )
    context = Context(Store(Base([], task_runs=task_runs)), dialect, NOW, lambda: "")
    found: list[dict[str, int]] = count_by_time(context, body).value
    return found


@given(
    st.lists(st.tuples(st.sampled_from(list(StateType)), st.none() | STARTS), max_size=9),
    STARTS,
    STARTS,
)
def test_each_ended_task_run_counts_in_its_part(
    given_runs: list[tuple[StateType, int | None]], first: int, last: int
) -> None:
    """Parts begin with a whole minute; a filter on states has no effect."""
    runs = [task_run(number, *each) for number, each in enumerate(given_runs)]
    after, before = (NOW + timedelta(seconds=each) for each in (first, last))
    found = count(runs, after.isoformat(), before.isoformat())
    start = after.replace(second=0)
    width = max(before.replace(second=59, microsecond=999_999) - start, timedelta(0)) / PARTS
    expected = [{"completed": 0, "failed": 0} for _ in range(PARTS)]
    for run in runs:
        if run.state_type not in TERMINAL_STATES or run.start_time is None:
            continue
        if after <= run.start_time <= before:
            part = (run.start_time - start) // width
            failed = run.state_type in (StateType.FAILED, StateType.CRASHED)
            expected[part]["failed" if failed else "completed"] += 1
    assert found == expected


def test_without_an_end_the_present_minute_is_the_last() -> None:
    """That is the default of a real server."""
    run = task_run(1, StateType.COMPLETED, 0)
    found = count([run], (NOW - timedelta(hours=1)).isoformat())
    assert found[-1] == {"completed": 1, "failed": 0}


def test_no_part_lies_outside_the_calendar() -> None:
    """A real server fails there, too."""
    with pytest.raises(ServerFailure):
        count([], "0001-01-01T00:00:00+00:01", dialect=dialect_for("sqlite", "3.9.1"))
