"""Counts by value and by time. Invariant: they are those of looking at the runs one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.filters.predicates import MATCH_ALL
from mockserver.prefect.records import FlowRun
from mockserver.seeds.loading import read_seeds
from mockserver.store import Base, Rows, Store, value_counts
from mockserver.store.columns.compact_columns import DictionaryColumn
from mockserver.store.indexes.grouping import MAX_SEARCHES
from tests.store.test_store import encoded, predicate_of
from tests.support.strategies import START, bases, filters, flow_runs, ids

VALUE_COLUMNS = (
    "state_type", "state_name", "state_key", "flow_id", "deployment_id", "work_queue_name", "tags",
    "created_by", "created_by_type", "parent_flow_run_id", "parent_task_run_id",
)  # fmt: skip
# Two in the same 71 minutes, and one in others.
BOUNDS = [START + timedelta(microseconds=step) for step in (-1 << 40, 0, 2)]
TIMES = ("end_time", "start_or_expected_time")


def counted_values(runs: Iterable[FlowRun], column: str) -> dict[Any, int]:
    """A slow count: one run after the other."""
    counts: dict[Any, int] = {}
    for run in runs:
        value = getattr(run, column)
        for one in (set(value) or {None}) if column == "tags" else (value,):
            counts[one] = counts.get(one, 0) + 1
    return counts


def counted_times(runs: Iterable[FlowRun]) -> list[int]:
    counts = [0] * (len(BOUNDS) + 1)
    for run in runs:
        found = run.end_time or run.start_time or run.expected_start_time
        counts[0 if found is None else sum(bound <= found for bound in BOUNDS)] += 1
    return counts


@pytest.mark.parametrize("as_columns", [False, True])
@pytest.mark.parametrize("max_searches", [MAX_SEARCHES, 1])
@given(bases(), filters, st.lists(ids), st.lists(flow_runs, max_size=3))
def test_counts_are_those_of_a_full_scan(
    as_columns: bool,
    max_searches: int,
    base: Base,
    filter_: Any,
    deleted: list[str],
    added: list[FlowRun],
) -> None:
    """Whatever was deleted, orphaned and added, and however the columns are kept: a column of many
    values is counted by its codes, one of few by its index.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_counts, "MAX_SEARCHES", max_searches)
        _compare_counts(as_columns, base, filter_, deleted, added)


def _compare_counts(
    as_columns: bool, base: Base, filter_: Any, deleted: list[str], added: list[FlowRun]
) -> None:
    store = Store(encoded(base) if as_columns else base)
    store.delete(deleted)
    for run in added:
        store.put(run)
    predicate = predicate_of(filter_)
    selected = [run for run in store if predicate(run)]
    for column in VALUE_COLUMNS:
        assert store.count_values(predicate, column) == counted_values(selected, column), column
    found = store.count_times([predicate, MATCH_ALL], TIMES, BOUNDS)
    assert found == [counted_times(selected), counted_times(store)]


def test_the_nearest_runs_are_those_of_a_sort() -> None:
    """The earliest and the latest, in segments and in the buffer; equal ones by their ids."""
    steps = [5, 1, 2, 4, 3, 1]
    runs = [
        FlowRun(id=str(at), name="n", end_time=START + timedelta(seconds=step))
        for at, step in enumerate(steps)
    ]
    store = Store(Base(runs[:3]))
    for run in runs[3:]:
        store.put(run)
    ended = predicate_of({"end_time": {"is_null_": False}})
    earliest = store.nearest(ended, "end_time", 3, latest=False)
    assert [run.id for run in earliest] == ["5", "1", "2"]
    latest = store.nearest(ended, "end_time", 2, latest=True)
    assert [run.id for run in latest] == ["0", "3"]


def test_runs_in_the_order_of_their_ids_are_counted_by_code() -> None:
    """Of all runs, and of some of them."""
    columns: dict[str, Any] = {
        "id": [f"{digit}" for digit in "9876"],
        "name": list("abcd"),
        "tags": DictionaryColumn([("x", "x"), ()], [0, 1, 0, 0]),
    }
    store = Store(Base(Rows(columns)))
    assert store.count_values(MATCH_ALL, "tags") == Counter({"x": 3, None: 1})
    store.delete(["9"])
    assert store.count_values(MATCH_ALL, "tags") == Counter({"x": 2, None: 1})


def test_loaded_seeds_are_counted() -> None:
    """A store of seeds as they are read."""
    seeds = read_seeds(
        {"flow_runs": [{"name": "a", "tags": ["x"]}, {"name": "b"}]}, START, name="s"
    )
    store = Store(seeds.base())
    assert store.count_values(MATCH_ALL, "tags") == {"x": 1, None: 1}
    assert store.count_times([MATCH_ALL], TIMES, BOUNDS) == [[2, 0, 0, 0]]
