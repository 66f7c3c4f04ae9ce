"""Task runs by duration. Invariant: a page is a part of the list that sorting records gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.operations import Context
from mockserver.operations.queries import filter_task_runs
from mockserver.operations.replies import complete_state, estimated_run_time
from mockserver.prefect.dialects import PREFECT_POSTGRESQL, PREFECT_SQLITE, Dialect
from mockserver.prefect.records import State, StateType, TaskRun
from mockserver.requests import TaskRunFilterRequest
from mockserver.store import NotPrepared, deferring
from mockserver.store.base import Base
from mockserver.store.indexes import preparation
from mockserver.store.store import Store
from tests.support.strategies import START, TASK_IDS, scaled_max_examples

NOW = START + timedelta(seconds=100)
times = st.none() | st.sampled_from([START - timedelta(hours=1), START, START + timedelta(hours=1)])
states = st.none() | st.builds(
    State, st.sampled_from([StateType.RUNNING, StateType.COMPLETED]), st.just("x"), timestamp=times
)
task_runs = st.builds(
    TaskRun,
    id=st.sampled_from(TASK_IDS),
    state=states,
    start_time=times,
    expected_start_time=times,
    total_run_time=st.sampled_from([0.0, 1.5, 100.0, 3700.0]),
)
loaded = st.lists(task_runs, max_size=8, unique_by=lambda each: each.id)


def plainly_sorted(store: Store, *, descending: bool, nulls_high: bool) -> list[str]:
    """The ids in order: duration, then the latest expected start, then the highest id."""
    found = sorted(store.task_runs, key=lambda each: each.id, reverse=True)

    def due(each: TaskRun) -> tuple[bool, Any]:
        expected = each.expected_start_time
        return (expected is None) is nulls_high, expected or START

    found.sort(key=due, reverse=True)
    found.sort(
        key=lambda each: estimated_run_time(each, complete_state(each, store), NOW),
        reverse=descending,
    )
    return [each.id for each in found]


@pytest.mark.parametrize("dialect", [PREFECT_SQLITE, PREFECT_POSTGRESQL], ids=str)
@settings(
    max_examples=scaled_max_examples(150),
)
@given(base=loaded, changed=st.lists(task_runs, max_size=4), descending=st.booleans())
def test_a_page_by_duration_is_a_part_of_the_sorted_list(
    dialect: Dialect, base: list[TaskRun], changed: list[TaskRun], descending: bool
) -> None:
    """Wherever the task runs lie, whichever run, and for any clock of theirs."""
    store = Store(Base([], base, loaded_at=START))
    for task_run in changed:
        store.task_runs.put(task_run)
    body = TaskRunFilterRequest.model_validate(
        {"sort": f"DURATION_{'DESC' if descending else 'ASC'}", "offset": 1, "limit": 4},
        context={"dialect": dialect},
    )
    context = Context(store, dialect, NOW, lambda: "")
    found = [each["id"] for each in filter_task_runs(context, body).value]
    expected = plainly_sorted(store, descending=descending, nulls_high=dialect.nulls_high)
    assert found == expected[1:5]


def test_many_changed_task_runs_are_sorted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made of them serves one request: to wait for it would be to wait for ever."""
    monkeypatch.setattr(preparation, "MIN_DEFERRED_RUNS", 2)
    store = Store(Base([]))
    for task_id in TASK_IDS[:3]:
        store.task_runs.put(TaskRun(task_id))
    context = Context(store, PREFECT_SQLITE, NOW, lambda: "")
    for _ in range(2):
        try:
            with deferring():
                assert len(filter_task_runs(context, TaskRunFilterRequest()).value) == 3
                return
        except NotPrepared as missing:
            missing.prepare()
    raise AssertionError("there is always something more to prepare")
