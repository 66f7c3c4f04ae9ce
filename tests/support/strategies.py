"""Strategies for flow runs, filters and bodies over few values, so that filters match runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from mockserver.prefect.records import CreatedBy, FlowRun, State, StateType, TaskRun
from mockserver.store.base import Base

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
IDS = [f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "0123456789abcdef"]
TASK_IDS = [f"{digit * 8}-1111-4000-8000-{digit * 12}" for digit in "01234567"]
TEXTS = ["", "a", "etl", "ETL-Marvin", "100%", "a_b", "a\\b", "straße", "STRASSE", "İx", "ſ", "\0k"]
TYPES = list(StateType)


def scaled_max_examples(count: int) -> int:
    """Scale a test's number of examples by that of the current profile, such as `thorough`."""
    return count * settings().max_examples // 100


ids = st.sampled_from(IDS)
texts = st.sampled_from(TEXTS)
times = st.integers(-3, 3).map(lambda step: START + timedelta(microseconds=step))


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


states = st.builds(State, st.sampled_from(TYPES), texts)
flow_runs = st.builds(
    FlowRun,
    id=ids,
    name=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    deployment_id=_or_none(ids),
    work_queue_name=_or_none(texts),
    state=_or_none(states),
    flow_version=_or_none(texts),
    start_time=_or_none(times),
    end_time=_or_none(times),
    expected_start_time=_or_none(times),
    next_scheduled_start_time=_or_none(times),
    parent_task_run_id=_or_none(st.sampled_from(TASK_IDS)),
    idempotency_key=_or_none(texts),
    created_by=_or_none(st.builds(CreatedBy, _or_none(ids), _or_none(texts))),
)
task_runs = st.builds(TaskRun, st.sampled_from(TASK_IDS), _or_none(ids))


@st.composite
def bases(draw: st.DrawFn) -> Base:
    """A base of a few runs whose parent task runs exist."""
    drawn = draw(st.lists(flow_runs, max_size=12, unique_by=lambda run: run.id))
    tasks = draw(st.lists(task_runs, max_size=6, unique_by=lambda task: task.id))
    there = {run.id for run in drawn}
    tasks = [task for task in tasks if task.flow_run_id is None or task.flow_run_id in there]
    known = {task.id for task in tasks}
    runs = [
        run if run.parent_task_run_id in known else replace(run, parent_task_run_id=None)
        for run in drawn
    ]
    return Base(runs, tasks)


_OPERATOR = st.sampled_from(["and_", "or_"])
_TEXT_LISTS = _or_none(st.lists(texts, max_size=4))
_ID_LISTS = _or_none(st.lists(ids, max_size=4))
_FLAGS = st.none() | st.booleans()
_TIMES = _or_none(times.map(datetime.isoformat))


def _optional_object(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return _or_none(st.fixed_dictionaries({}, optional=keys))


_STATE_TYPES = {key: _or_none(st.lists(st.sampled_from(TYPES).map(str), max_size=4))
                for key in ("any_", "not_any_")}  # fmt: skip
_BOTH_TEXTS = {"any_": _TEXT_LISTS, "not_any_": _TEXT_LISTS}
_RANGE = {"before_": _TIMES, "after_": _TIMES}
CRITERIA: dict[str, st.SearchStrategy[Any]] = {
    "id": _optional_object({"any_": _ID_LISTS, "not_any_": _ID_LISTS}),
    "name": _optional_object({"any_": _TEXT_LISTS, "like_": _or_none(texts)}),
    "tags": _optional_object(
        {"operator": _OPERATOR, "all_": _TEXT_LISTS, "any_": _TEXT_LISTS, "is_null_": _FLAGS}
    ),
    "deployment_id": _optional_object(
        {"operator": _OPERATOR, "any_": _ID_LISTS, "is_null_": _FLAGS}
    ),
    "work_queue_name": _optional_object(
        {"operator": _OPERATOR, "any_": _TEXT_LISTS, "is_null_": _FLAGS}
    ),
    "state": _optional_object(
        {
            "operator": _OPERATOR,
            "type": _optional_object(_STATE_TYPES),
            "name": _optional_object(_BOTH_TEXTS),
        }
    ),
    "flow_version": _optional_object({"any_": _TEXT_LISTS}),
    "start_time": _optional_object({**_RANGE, "is_null_": _FLAGS}),
    "end_time": _optional_object({**_RANGE, "is_null_": _FLAGS}),
    "expected_start_time": _optional_object(_RANGE),
    "next_scheduled_start_time": _optional_object(_RANGE),
    "parent_flow_run_id": _optional_object({"operator": _OPERATOR, "any_": _ID_LISTS}),
    "parent_task_run_id": _optional_object(
        {
            "operator": _OPERATOR,
            "any_": _or_none(st.lists(st.sampled_from(TASK_IDS), max_size=4)),
            "is_null_": _FLAGS,
        }
    ),
    "idempotency_key": _optional_object(_BOTH_TEXTS),
    "created_by": _optional_object(
        {"operator": _OPERATOR, "id_": _ID_LISTS, "type_": _TEXT_LISTS, "is_null_": _FLAGS}
    ),
}
filters = st.fixed_dictionaries({}, optional={"operator": _OPERATOR, **CRITERIA})
bodies = st.fixed_dictionaries(
    {}, optional={"flow_runs": _or_none(filters), "limit": st.integers(1, 50)}
)
