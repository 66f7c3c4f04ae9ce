"""Task runs. Invariant: the index finds those that calling the predicate finds."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.filters import IS_NULL, MATCH_ALL, NONE_OF, ONE_OF, Comparison, Predicate
from mockserver.prefect.records import TaskRun
from mockserver.store import SortBy
from mockserver.store.base import Base
from mockserver.store.columns.rows import ColumnBuilder, RecordsById, defaults_of
from mockserver.store.store import Store
from tests.store.test_store import predicate_of
from tests.support.strategies import IDS, START, TASK_IDS, bases, filters, ids, scaled_max_examples

task_ids = st.sampled_from(TASK_IDS)
task_runs = st.builds(
    TaskRun,
    id=task_ids,
    flow_run_id=st.none() | ids,
    name=st.sampled_from("ab"),
    end_time=st.sampled_from([None, START]),
)
changes = st.lists(task_runs | st.lists(ids, min_size=1, max_size=3), max_size=6)
predicates: st.SearchStrategy[Predicate] = st.sampled_from(
    [
        MATCH_ALL,
        Comparison("name", ONE_OF, frozenset("a")),
        Comparison("id", NONE_OF, frozenset(TASK_IDS[:2])),
        Comparison("end_time", IS_NULL),
        Comparison("flow_run_id", ONE_OF, frozenset(IDS[:5])),
    ]
)


def in_columns(base: Base) -> Base:
    """The same, with the task runs in columns, as a large seed has them."""
    builder = ColumnBuilder(defaults_of(TaskRun))
    records = list(base.task_runs.values())
    names = TaskRun.__dataclass_fields__ if records else ()
    columns: dict[str, Any] = {name: [getattr(one, name) for one in records] for name in names}
    builder.add(len(records), columns)
    return Base(base.runs, RecordsById(TaskRun, builder))


@settings(max_examples=scaled_max_examples(150))
@given(
    base=bases(),
    columns=st.booleans(),
    wanted=changes,
    predicate=predicates,
    filter_=filters,
    column=st.sampled_from(["id", "name", "end_time"]),
)
def test_task_runs_are_found_as_a_scan_finds_them(
    base: Base,
    columns: bool,
    wanted: list[TaskRun | list[str]],
    predicate: Predicate,
    filter_: dict[str, Any],
    column: str,
) -> None:
    """After any changes: the matches, their pages, and what flow runs they belong to."""
    store = Store(in_columns(base) if columns else base)
    for change in wanted:
        if isinstance(change, list):
            store.delete(change)
        else:
            store.task_runs.put(change)
    expected = sorted(
        filter(predicate, store.task_runs), key=lambda each: str(each.id), reverse=True
    )
    found: list[Any] = [
        each
        for index, members in store.task_run_matches(predicate)
        for each in map(index.runs.__getitem__, members)
    ]
    assert sorted(found, key=lambda each: str(each.id), reverse=True) == expected
    page = store.task_run_page(predicate, SortBy(column, descending=False), 1, 4)
    if column != "id":
        expected.sort(key=lambda each: (getattr(each, column) is None, str(getattr(each, column))))
    assert page == expected[1:4]
    runs = predicate_of(filter_)
    matching = {run.id for run in store if runs(run)}
    owners = store.ids_with_task_runs(runs)
    assert owners <= matching
    assert owners >= {each.flow_run_id for each in store.task_runs} & matching
    assert store.values_of(runs, "name") == {run.name for run in store if runs(run)}
