"""The store. Invariant: for any base, changes and filter, it selects what a full scan selects."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from mockserver.filters.like import compile_like
from mockserver.filters.predicates import (
    LIKE,
    MATCH_ALL,
    ONE_OF,
    AllOf,
    Comparison,
    Predicate,
    compile_filter,
)
from mockserver.prefect.deviations import POSTGRESQL, SQLITE
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.records import FlowRun, State, StateType, TaskRun
from mockserver.requests import BulkDeleteRequest
from mockserver.store import segments
from mockserver.store import store as store_module
from mockserver.store.base import Base
from mockserver.store.columns.compact_columns import DictionaryColumn, TimestampColumn
from mockserver.store.columns.rows import FLOW_RUN_DEFAULTS, Rows
from mockserver.store.indexes import (
    grouping,
    name_index,
    preparation,
    time_index,
    value_index,
)
from mockserver.store.indexes.name_index import NameIndex
from mockserver.store.store import Store
from tests.support.recorded_cases import FILTER_DIALECTS, filter_base, filter_cases
from tests.support.strategies import (
    IDS,
    START,
    TASK_IDS,
    bases,
    filters,
    flow_runs,
    ids,
    scaled_max_examples,
)

dialects = st.sampled_from(list(FILTER_DIALECTS.values()))


# The document, and three servers whose filters differ most.
ONE_OF_EACH_KIND = (
    SPEC,
    dialect_for(SQLITE, "3.6.22"),
    dialect_for(SQLITE, "3.8.8"),
    dialect_for(POSTGRESQL, "3.9.1"),
)


def predicate_of(filter_: Any, dialect: Dialect = SPEC) -> Predicate:
    request = BulkDeleteRequest.model_validate({"flow_runs": filter_})
    return compile_filter(request.flow_runs, dialect)


def scan(store: Store, predicate: Predicate) -> list[FlowRun]:
    return [run for run in store if predicate(run)]


@pytest.mark.parametrize("dialect", FILTER_DIALECTS.values(), ids=FILTER_DIALECTS)
def test_the_store_selects_what_real_servers_selected(dialect: Dialect) -> None:
    """For every recorded filter: the same runs in descending order of ids, and the same count."""
    store = Store(filter_base())
    for case in filter_cases():
        predicate = predicate_of(case.flow_runs, dialect)
        expected = case.expected[dialect.name]
        assert [run.id for run in store.select(predicate)] == expected, str(predicate)
        assert store.count(predicate) == len(expected)
        assert [run.id for run in store.select(predicate, 7)] == expected[:7]


@pytest.fixture(params=["real bounds", "tight bounds"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also run with bounds so tight that a few runs take the code paths of a million."""
    if request.param == "tight bounds":
        tighten(monkeypatch.setattr)


def tighten(set_attribute: Callable[[Any, str, int], None]) -> None:
    set_attribute(store_module, "MAX_BUFFERED", 1)
    set_attribute(segments, "MIN_WINDOW", 3)
    set_attribute(segments, "WINDOW_GROWTH", 2)
    set_attribute(segments, "MAX_REMAINING", 2)
    set_attribute(segments, "MAX_CURSORS", 2)
    set_attribute(preparation, "MIN_DEFERRED_RUNS", 1)
    set_attribute(time_index, "MAX_SCANS", 1)
    set_attribute(value_index, "MAX_SEARCHED", 1)
    set_attribute(grouping, "MAX_SEARCHES", 2)
    set_attribute(name_index, "MAX_NEW_PATTERNS", 1)
    set_attribute(name_index, "RUNS_PER_UNITED", 1)
    set_attribute(name_index, "MAX_EAGER_CANDIDATES", 1)
    set_attribute(name_index, "MAX_SCANNED_RUNS", 4)
    set_attribute(name_index, "MAX_CACHED_PATTERNS", 2)


Changes = list[list[str] | FlowRun]
"""Each is a list of ids to delete, or a run to put."""
changes: st.SearchStrategy[Changes] = st.lists(st.lists(ids, max_size=3) | flow_runs, max_size=6)


def rows_of(runs: Sequence[FlowRun]) -> Rows:
    """The same runs in columns; three or more are not in order of ids, as in a file."""
    shuffled = [*runs[::2], *runs[1::2]]
    return Rows(
        {name: [getattr(run, name) for run in shuffled] for name in FlowRun.__dataclass_fields__}
    )


def in_rows(base: Base) -> Base:
    """The same runs in columns of plain values."""
    return Base(rows_of(base.runs), base.task_runs.values())


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


def apply_changes(store: Store, wanted: Changes) -> None:
    for change in wanted:
        if isinstance(change, list):
            store.delete(change)
        else:
            store.put(change)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("dialect", ONE_OF_EACH_KIND, ids=lambda dialect: dialect.name)
@settings(
    max_examples=scaled_max_examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    base=bases(),
    kept=st.sampled_from([lambda base: base, in_rows, encoded]),
    before=changes,
    after=changes,
    wanted=st.lists(filters, min_size=3, max_size=3),
)
def test_the_indexes_answer_as_a_full_scan_does(
    base: Base,
    kept: Callable[[Base], Base],
    before: Changes,
    after: Changes,
    wanted: list[dict[str, Any]],
    dialect: Dialect,
) -> None:
    """For any base, filter and dialect, and for changed stores and forks: the indexes select and
    count what calling the predicate with every run selects and counts.
    """
    base = kept(base)
    store = Store(base)
    apply_changes(store, before)
    fork = store.fork()
    apply_changes(fork, after)
    predicates = [predicate_of(filter_, dialect) for filter_ in wanted]
    for one in (Store(base), store, fork):
        for predicate in predicates * 2:  # twice: the second time from caches
            runs = filter(None, map(one.get, reversed(IDS)))
            found = [run for run in runs if predicate(run)]
            assert one.select(predicate, 2) == found[:2]
            assert one.select_ids(predicate) == [run.id for run in found]
            assert one.count(predicate) == len(found)


def test_deleting_a_parent_orphans_its_subflows() -> None:
    """The parent's task run is deleted with it; the subflow stays, with null parents."""
    parent, child = (
        FlowRun(id=IDS[2], name="p"),
        FlowRun(id=IDS[1], name="c", parent_task_run_id=TASK_IDS[0]),
    )
    store = Store(Base([parent, child], [TaskRun(TASK_IDS[0], IDS[2])]))
    by_task = predicate_of({"parent_task_run_id": {"any_": [TASK_IDS[0]]}})
    by_run = predicate_of({"parent_flow_run_id": {"any_": [IDS[2]]}})
    without = predicate_of({"parent_task_run_id": {"is_null_": True}})
    assert [store.count(wanted) for wanted in (by_task, by_run, without)] == [1, 1, 1]
    assert store.delete([IDS[2]]) == [IDS[2]]
    assert store.task_runs.get(TASK_IDS[0]) is None
    assert [store.count(wanted) for wanted in (by_task, by_run, without)] == [0, 0, 1]
    orphan = store.get(IDS[1])
    assert orphan is not None
    assert (orphan.parent_task_run_id, orphan.parent_flow_run_id) == (None, None)


def test_a_reset_restores_the_base() -> None:
    """Deleted runs are back, added ones are gone."""
    base = filter_base()
    store = Store(base)
    store.delete(run.id for run in store.select(MATCH_ALL))
    store.put(FlowRun(id="new", name="n", state=State(StateType.PENDING, "Pending")))
    assert len(store) == 1
    assert "new" in store
    assert base.runs[0].id not in store
    assert 7 not in store
    store.reset()
    assert list(store) == list(base.runs)


def test_time_ranges_of_several_blocks_are_exact() -> None:
    """With more runs than an index block holds, and bounds on and beside a block's end."""
    runs = [
        FlowRun(id=f"{n:05}", name="n", end_time=START + timedelta(seconds=n * 7919 % 5000))
        for n in range(5000)
    ]
    store = Store(Base(runs))
    for second in (*range(100, 1000, 100), 0, 1023, 1024, 1025, 2048, 4999):
        cut = (START + timedelta(seconds=second)).isoformat()
        for key in ("before_", "after_"):
            predicate = predicate_of({"end_time": {key: cut}})
            assert store.select(predicate) == scan(store, predicate)


def test_like_with_a_narrow_criterion_is_exact() -> None:
    """The other criterion leaves few runs, whose names are tested."""
    runs = [FlowRun(id=f"{n:05}", name=f"run-{n}", flow_version=str(n % 50)) for n in range(500)]
    store = Store(Base(runs))
    predicate = predicate_of({"name": {"like_": "9"}, "flow_version": {"any_": ["9"]}})
    assert store.select(predicate) == scan(store, predicate)
    assert store.count(predicate) == 10


def test_a_new_pattern_and_a_repeated_one_match_the_same_runs() -> None:
    """Many names are candidates: a new pattern tests the names of the few runs that are left."""
    runs = [FlowRun(id=f"{n:05}", name=f"run-{n}") for n in range(2000)]
    store = Store(Base(runs))
    predicate = predicate_of({"id": {"not_any_": []}, "name": {"like_": "u"}})
    narrow = AllOf((Comparison("id", ONE_OF, frozenset({"00005", "00060"})), predicate))
    for _ in range(3):  # new the first time, repeated after that
        assert [run.id for run in store.select(narrow)] == ["00060", "00005"]


def test_any_more_finds_a_name_that_a_broad_pattern_leaves_out() -> None:
    """The pattern is new and has many candidates: it is subtracted from a window of runs."""
    runs = [FlowRun(id=f"{n:05}", name=f"run-{n}") for n in range(2000)]
    other = [FlowRun(id="00000-", name="other")]
    contains = predicate_of({"name": {"like_": "ru"}})
    assert not Store(Base(runs)).any_more(MATCH_ALL, contains)
    assert Store(Base(runs + other)).any_more(MATCH_ALL, contains)


def test_a_drain_finds_runs_orphaned_behind_its_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A drain of runs without a parent also deletes subflows that lose theirs while it goes on."""
    tighten(monkeypatch.setattr)  # else so few runs need no cursor
    children = [
        FlowRun(id=id_, name="child", parent_task_run_id=parent)
        for id_, parent in zip("98", TASK_IDS, strict=False)
    ]
    others = [FlowRun(id=id_, name="parent") for id_ in "76543210"]
    task_runs = [TaskRun(TASK_IDS[0], "5"), TaskRun(TASK_IDS[1], "3")]
    store = Store(Base([*children, *others], task_runs))
    without = predicate_of({"parent_task_run_id": {"is_null_": True}})
    deleted = []
    while (found := store.find(without, 1)).ids:
        deleted += found.ids
        store.delete_found(found)
    assert deleted == [*"765", "9", *"43", "8", *"210"]
    assert not found.more


def test_a_cascade_is_done_though_its_segment_is_merged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The delete that leaves a cascade pending in a segment also merges that segment."""
    monkeypatch.setattr(store_module, "MAX_BUFFERED", 1)
    child = FlowRun(id="0", name="child", parent_task_run_id=TASK_IDS[0])
    store = Store(Base([child], [TaskRun(TASK_IDS[0], "9")]))
    for id_ in "9876":  # two segments of two runs each
        store.put(FlowRun(id=id_, name="added"))
    store.put(FlowRun(id="5", name="added"))  # and one run in the buffer
    found = store.find(MATCH_ALL, 1)
    assert (found.ids, found.more) == (["9"], True)
    store.delete_found(found)
    assert store.get("0") == FlowRun(id="0", name="child")


def test_a_fork_is_independent_of_a_drain_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shares neither orphans nor search cursors with the store it was made from."""
    tighten(monkeypatch.setattr)
    parents = [FlowRun(id=id_, name="parent") for id_ in "98765432"]
    children = [
        FlowRun(id=id_, name="child", parent_task_run_id=parent)
        for id_, parent in zip("10", TASK_IDS, strict=False)
    ]
    task_runs = [TaskRun(TASK_IDS[0], "9"), TaskRun(TASK_IDS[1], "6")]
    store = Store(Base([*parents, *children], task_runs))
    wanted = predicate_of({"name": {"any_": ["parent"]}})

    def drain(calls: int) -> None:
        for _ in range(calls):
            store.delete_found(store.find(wanted, 1))

    drain(2)
    assert store.get("1") == FlowRun(id="1", name="child")
    drain(1)
    fork = store.fork()
    drain(5)
    assert store.get("0") == FlowRun(id="0", name="child")
    assert fork.get("0") != FlowRun(id="0", name="child")
    assert fork.select_ids(wanted, 3) == [*"654"]


def test_get_does_a_pending_cascade_first() -> None:
    """A subflow read by id has lost the parent that a bulk delete took."""
    child = FlowRun(id="0", name="child", parent_task_run_id=TASK_IDS[0])
    store = Store(Base([child, FlowRun(id="9", name="parent")], [TaskRun(TASK_IDS[0], "9")]))
    store.delete_found(store.find(MATCH_ALL, 1))
    assert store.get("0") == FlowRun(id="0", name="child")


def test_any_more_does_a_pending_cascade_first() -> None:
    """Also if only the narrower of its two predicates depends on parents."""
    child = FlowRun(id="0", name="child", parent_task_run_id=TASK_IDS[0])
    store = Store(Base([child, FlowRun(id="9", name="parent")], [TaskRun(TASK_IDS[0], "9")]))
    without = predicate_of({"parent_task_run_id": {"is_null_": True}})
    store.delete_found(store.find(MATCH_ALL, 1))
    assert not store.any_more(MATCH_ALL, without)


def test_task_runs_added_later_are_deleted_with_their_flow_run() -> None:
    """Also if the flow run had none when it was loaded."""
    store = Store(Base([FlowRun(id="0", name="n")]))
    store.task_runs.put(TaskRun(TASK_IDS[0], "0"))
    store.delete_found(store.find(MATCH_ALL, 1))
    assert list(store.task_runs) == []


def test_lazy_matches_of_a_pattern_are_the_same_in_every_window() -> None:
    """The first window tests the names in it; a later one finds all matches, which are cached."""
    everything = BitMap(range(600))
    index = NameIndex([f"run-{n}" for n in everything], everything)
    contains = index.look_up(Comparison("name", LIKE, compile_like("u", SPEC)))
    for window in (BitMap(range(5)), BitMap(range(9)), BitMap(range(7)), everything):
        assert contains.within(window) == window
    assert (
        index.look_up(Comparison("name", LIKE, compile_like("u", SPEC))).within(None) == everything
    )
