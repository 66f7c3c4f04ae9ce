"""Lateness and history of many runs. Invariant: they are what looking at each run gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.operations import Context
from mockserver.operations.history import history, lateness
from mockserver.operations.replies import (
    complete_state,
    estimated_run_time,
    estimated_start_time_delta,
)
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.requests.query_bodies import FilterParameters, HistoryRequest
from mockserver.store import run_history
from mockserver.store import store as store_module
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.store.test_store import Changes, rows_of
from tests.support.strategies import IDS, START, ids, scaled_max_examples

NOW = START + timedelta(microseconds=1_500_123)
DIALECTS = (SPEC, dialect_for("sqlite", "3.9.1"), dialect_for("sqlite", "3.8.5"))
moments = st.none() | st.builds(
    lambda seconds, part: START + timedelta(seconds=seconds, microseconds=part),
    st.integers(-5, 5),
    st.sampled_from([0, 1, 499, 500, 501, 999_499, 999_500, 999_999]) | st.integers(0, 999_999),
)
states = st.none() | st.builds(
    State,
    st.sampled_from([*StateType, StateType.RUNNING]),
    st.sampled_from(["a", "b"]),
    timestamp=moments,
)
runs = st.builds(
    FlowRun,
    id=ids,
    name=st.sampled_from("ab"),
    state=states,
    start_time=moments,
    expected_start_time=moments,
    total_run_time=st.sampled_from([0.0, -3.5, 0.0005, 1.999999, 12.3456, 9e9]),
)
lists = st.lists(runs, max_size=16, unique_by=lambda run: run.id)
FILTERS: tuple[dict[str, Any], ...] = ({}, {"name": {"any_": ["a"]}}, {"id": {"not_any_": IDS[:2]}})


@pytest.fixture(autouse=True, params=["real bounds", "tight bounds"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a buffer so small that there are several segments, and all places in stretches."""
    if request.param == "tight bounds":
        monkeypatch.setattr(store_module, "MAX_BUFFERED", 1)
        monkeypatch.setattr(run_history, "_PLACES_PER_STRETCH", 0)


def changed_store(loaded: Sequence[FlowRun], in_rows: bool, wanted: Changes) -> Store:
    store = Store(Base(rows_of(loaded) if in_rows and loaded else loaded, loaded_at=START))
    for change in wanted:
        if isinstance(change, list):
            store.delete(change)
        else:
            store.put(change)
    return store


def milliseconds(moment: datetime) -> int:
    """Rounded half up, as SQLite reads a time."""
    since = moment - datetime.fromisoformat("1970-01-01T00:00:00Z")
    return (since // timedelta(microseconds=500) + 1) // 2


def late_until(run: FlowRun, now: datetime) -> datetime | None:
    until = run.start_time
    if until is None and not (run.state and run.state.is_final):
        until = now
    expected = run.expected_start_time
    return until if expected and until and until > expected else None


def scanned_lateness(found: Sequence[FlowRun], dialect: Dialect) -> float | None:
    if not found:
        return None
    if not dialect.lateness_whole_seconds:
        return round(sum(estimated_start_time_delta(run, NOW) for run in found) / len(found), 6)
    total = 0
    for run in found:
        until = late_until(run, NOW.replace(microsecond=0))
        if until and run.expected_start_time:
            total += milliseconds(until) // 1000 - milliseconds(run.expected_start_time) // 1000
    return total / len(found)


changes = st.lists(st.lists(ids, max_size=3) | runs, max_size=6)
property_test = settings(
    max_examples=scaled_max_examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@property_test
@given(
    loaded=lists,
    in_rows=st.booleans(),
    wanted=changes,
    filter_=st.sampled_from(FILTERS),
    dialect=st.sampled_from(DIALECTS),
)
def test_lateness_is_the_average_of_all(
    loaded: list[FlowRun],
    in_rows: bool,
    wanted: Changes,
    filter_: dict[str, Any],
    dialect: Dialect,
) -> None:
    """For any runs, changes, filter and dialect."""
    store = changed_store(loaded, in_rows, wanted)
    body = FilterParameters.model_validate({"flow_runs": filter_})
    found = matching(store, filter_)
    answer = lateness(Context(store, dialect, NOW, lambda: ""), body).value
    assert answer == pytest.approx(scanned_lateness(found, dialect), abs=1.1e-6)


def matching(store: Store, filter_: dict[str, Any]) -> list[FlowRun]:
    names = filter_.get("name", {}).get("any_", ["a", "b"])
    unwanted = filter_.get("id", {}).get("not_any_", [])
    return [run for run in store if run.name in names and run.id not in unwanted]


def scanned_history(
    store: Store, found: Sequence[FlowRun], dialect: Dialect, edges: Sequence[datetime]
) -> list[dict[tuple[str, str], list[float]]]:
    """The count and both sums of each state of each interval."""
    intervals: list[dict[tuple[str, str], list[float]]] = [{} for _ in edges[1:]]
    for run in found:
        expected = run.expected_start_time
        if expected is None or run.state is None or not edges[0] <= expected < edges[-1]:
            continue
        place = sum(edge <= expected for edge in edges) - 1
        if dialect.lateness_whole_seconds and dialect.history_exact:
            place = (milliseconds(expected) - milliseconds(edges[0])) // 1000
        if place < len(intervals):
            cell = intervals[place].setdefault((run.state.type, run.state.name), [0, 0, 0])
            for at, number in enumerate(numbers_of(store, run, dialect)):
                cell[at] += number
    return intervals


def numbers_of(store: Store, run: FlowRun, dialect: Dialect) -> tuple[float, float, float]:
    ran = estimated_run_time(run, complete_state(run, store), NOW)
    if not dialect.lateness_whole_seconds:
        return 1, max(0.0, ran), estimated_start_time_delta(run, NOW)
    until, expected = late_until(run, NOW), run.expected_start_time
    late = milliseconds(until) - milliseconds(expected) if until and expected else 0
    zero = datetime.fromisoformat("1970-01-01T00:00:00Z")
    return 1, max(0, milliseconds(zero + timedelta(seconds=ran)) // 1000), late // 1000


@property_test
@given(
    loaded=lists,
    in_rows=st.booleans(),
    wanted=changes,
    filter_=st.sampled_from(FILTERS),
    dialect=st.sampled_from(DIALECTS),
    start=moments.filter(bool),
    seconds=st.integers(1, 9),
)
def test_a_history_has_the_totals_of_each_interval(
    loaded: list[FlowRun],
    in_rows: bool,
    wanted: Changes,
    filter_: dict[str, Any],
    dialect: Dialect,
    start: datetime,
    seconds: int,
) -> None:
    """For any runs, changes, filter, dialect and window."""
    store = changed_store(loaded, in_rows, wanted)
    body = {
        "history_start": start.isoformat(),
        "history_end": (start + timedelta(seconds=seconds)).isoformat(),
        "history_interval_seconds": 1,
        "flow_runs": filter_,
    }
    request = HistoryRequest.model_validate(body, context={"now": NOW})
    answer = history(Context(store, dialect, NOW, lambda: ""), request).value
    edges = [each["interval_start"] for each in answer] + [answer[-1]["interval_end"]]
    expected = scanned_history(store, matching(store, filter_), dialect, edges)
    for interval, cells in zip(answer, expected, strict=True):
        found = {
            (each["state_type"], each["state_name"]): [
                each["count_runs"],
                each["sum_estimated_run_time"],
                each["sum_estimated_lateness"],
            ]
            for each in interval["states"]
        }
        assert list(found) == sorted(found)
        assert found == {key: pytest.approx(cell, abs=1.1e-6) for key, cell in cells.items()}


def test_sums_may_have_more_than_64_bits() -> None:
    """9,999 years are 2**58 microseconds: the lateness of 100 such runs is no 64-bit integer."""
    first = datetime.fromisoformat("0001-01-01T00:00:00Z")
    last = datetime.fromisoformat("9999-12-31T00:00:00Z")
    state = State(StateType.COMPLETED, "Completed")
    stored = [
        FlowRun(
            id=f"{n:08}-0000-4000-8000-000000000000",
            name="late",
            state=state,
            expected_start_time=first,
            start_time=last,
        )
        for n in range(100)
    ]
    context = Context(Store(Base(stored)), SPEC, NOW, lambda: "")
    body = {
        "history_start": first.isoformat(),
        "history_end": "0002-01-01T00:00:00Z",
        "history_interval_seconds": 1e8,
    }
    request = HistoryRequest.model_validate(body, context={"now": NOW})
    (one,) = history(context, request).value[0]["states"]
    assert one["sum_estimated_lateness"] == 100 * (last - first).total_seconds()
    each = lateness(context, FilterParameters.model_validate({})).value
    assert each == (last - first).total_seconds()
