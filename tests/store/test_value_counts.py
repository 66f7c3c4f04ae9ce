"""Counts by value and by time. Invariant: they are those of looking at the runs one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.filters.predicates import MATCH_ALL
from mockserver.prefect.records import FlowRun
from mockserver.seeds.loading import read_seeds
from mockserver.store import Base, Rows, Store
from mockserver.store.columns.compact_columns import DictionaryColumn, TimestampColumn
from mockserver.store.columns.rows import FLOW_RUN_DEFAULTS
from tests.store.test_store import predicate_of
from tests.support.strategies import START, bases, filters, flow_runs, ids

VALUE_COLUMNS = (
    "state_type", "state_name", "flow_id", "deployment_id", "work_queue_name", "tags",
    "created_by", "created_by_type", "parent_flow_run_id", "parent_task_run_id",
)  # fmt: skip
BOUNDS = [START + timedelta(microseconds=step) for step in (-2, 0, 2)]
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


def encoded(base: Base) -> Base:
    """The same runs in columns, most of them dictionary-encoded, and not in order of the ids."""
    runs = sorted(base.runs, key=lambda run: (run.name, run.id))
    columns: dict[str, Any] = {}
    for name in FLOW_RUN_DEFAULTS:
        values = [getattr(run, name) for run in runs]
        if isinstance(next(filter(None, values), None), datetime):
            columns[name] = TimestampColumn.from_values(values)
        elif name in ("id", "work_queue_name", "parent_flow_run_id"):
            columns[name] = values
        else:
            distinct = list({repr(value): value for value in values}.values())
            codes = [list(map(repr, distinct)).index(repr(value)) for value in values]
            columns[name] = DictionaryColumn(distinct, codes)
    return Base(Rows(columns), base.task_runs.values())


@pytest.mark.parametrize("as_columns", [False, True])
@given(bases(), filters, st.lists(ids), st.lists(flow_runs, max_size=3))
def test_counts_are_those_of_a_full_scan(
    as_columns: bool, base: Base, filter_: Any, deleted: list[str], added: list[FlowRun]
) -> None:
    """Whatever was deleted, orphaned and added, and however the columns are kept."""
    store = Store(encoded(base) if as_columns else base)
    store.delete(deleted)
    for run in added:
        store.put(run)
    predicate = predicate_of(filter_)
    selected = [run for run in store if predicate(run)]
    for column in VALUE_COLUMNS:
        assert store.count_values(predicate, column) == counted_values(selected, column), column
    assert store.count_times(predicate, TIMES, BOUNDS) == counted_times(selected)


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
    assert store.count_times(MATCH_ALL, TIMES, BOUNDS) == [2, 0, 0, 0]
