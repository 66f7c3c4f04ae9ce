"""The store. For any base, changes and filter: the fast road answers what a full scan answers."""

from collections.abc import Callable, Sequence
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
from mockserver.prefect.dialects import DIALECTS, SPEC, Dialect
from mockserver.prefect.records import FlowRun, State, StateType, TaskRun
from mockserver.requests.body_models import BulkDeleteRequest
from mockserver.store import segments, trigram_index
from mockserver.store import store as store_module
from mockserver.store.flow_run_index import Base
from mockserver.store.rows import Rows
from mockserver.store.store import Store
from mockserver.store.trigram_index import NameIndex
from tests.support.recorded_cases import filter_base, filter_cases
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

dialects = st.sampled_from(list(DIALECTS.values()))


def predicate_of(filter_: Any, dialect: Dialect = SPEC) -> Predicate:
    request = BulkDeleteRequest.model_validate({"flow_runs": filter_})
    return compile_filter(request.flow_runs, dialect)


def scan(store: Store, predicate: Predicate) -> list[FlowRun]:
    return [run for run in store if predicate(run)]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_every_vector_holds_in_the_store(dialect: Dialect) -> None:
    """The indexes select what real servers selected, in id order, and count the same."""
    store = Store(filter_base())
    for case in filter_cases():
        predicate = predicate_of(case.flow_runs, dialect)
        expected = case.expected[dialect.name]
        assert [run.id for run in store.select(predicate)] == expected, str(predicate)
        assert store.count(predicate) == len(expected)
        assert [run.id for run in store.select(predicate, 7)] == expected[:7]


@pytest.fixture(params=["bounds as they are", "bounds of almost nothing"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with bounds so tight that a few runs take the roads of a million."""
    if request.param != "bounds as they are":
        tighten(monkeypatch.setattr)


def tighten(set_attribute: Callable[[Any, str, int], None]) -> None:
    set_attribute(store_module, "MAX_BUFFERED", 1)
    set_attribute(segments, "MIN_WINDOW", 3)
    set_attribute(segments, "WINDOW_GROWTH", 2)
    set_attribute(segments, "MAX_REMAINING", 2)
    set_attribute(segments, "MAX_CURSORS", 2)
    set_attribute(trigram_index, "MAX_EAGER_CANDIDATES", 1)
    set_attribute(trigram_index, "MAX_SCANNED_RUNS", 4)
    set_attribute(trigram_index, "MAX_CACHED_PATTERNS", 2)


Changes = list[list[str] | FlowRun]
"""Ids to be deleted, or a run to be put."""
changes: st.SearchStrategy[Changes] = st.lists(st.lists(ids, max_size=3) | flow_runs, max_size=6)


def rows_of(runs: Sequence[FlowRun]) -> Rows:
    """The same runs, in columns, as a file may hold them: of three or more, not in order."""
    found = [*runs[::2], *runs[1::2]]
    return Rows(
        {name: [getattr(run, name) for run in found] for name in FlowRun.__dataclass_fields__}
    )


def change(store: Store, made: Changes) -> None:
    for one in made:
        if isinstance(one, list):
            store.delete(one)
        else:
            store.put(one)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
@settings(
    max_examples=scaled_max_examples(300),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    base=bases(),
    in_rows=st.booleans(),
    before=changes,
    after=changes,
    wanted=st.lists(filters, min_size=3, max_size=3),
)
def test_the_fast_road_is_the_full_scan(
    base: Base,
    in_rows: bool,
    before: Changes,
    after: Changes,
    wanted: list[dict[str, Any]],
    dialect: Dialect,
) -> None:
    """For any base, filter and dialect, and forks with deletions, additions and changes, the
    indexes select and count what calling the predicate with every run selects.
    """
    if in_rows:
        base = Base(rows_of(base.runs), base.task_runs.values())
    store = Store(base)
    change(store, before)
    fork = store.fork()
    change(fork, after)
    predicates = [predicate_of(filter_, dialect) for filter_ in wanted]
    for one in (Store(base), store, fork):
        for predicate in predicates * 2:  # again: what was looked up is kept
            there = filter(None, map(one.get, reversed(IDS)))
            found = [run for run in there if predicate(run)]
            assert one.select(predicate, 2) == found[:2]
            assert one.select_ids(predicate) == [run.id for run in found]
            assert one.count(predicate) == len(found)


def test_deleting_a_parent_orphans_its_subflows() -> None:
    """M11: the parent's task run goes with it; the subflow stays, with no parent."""
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


def test_a_reset_costs_nothing_that_was_loaded() -> None:
    """After a reset everything that was deleted is back, and what was added is gone."""
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


def test_times_past_a_block_are_still_exact() -> None:
    """Ranges over more runs than an index block are as exact as small ones."""
    from datetime import timedelta

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


def test_few_candidates_are_read_by_name() -> None:
    """like_ joined with a narrow criterion answers as like_ over all names does."""
    runs = [FlowRun(id=f"{n:05}", name=f"run-{n}", flow_version=str(n % 50)) for n in range(500)]
    store = Store(Base(runs))
    predicate = predicate_of({"name": {"like_": "9"}, "flow_version": {"any_": ["9"]}})
    assert store.select(predicate) == scan(store, predicate)
    assert store.count(predicate) == 10


def test_a_new_pattern_among_few_runs_reads_their_names() -> None:
    """Where many names may match, and few runs are left: the same runs, found sooner."""
    runs = [FlowRun(id=f"{n:05}", name=f"run-{n}") for n in range(2000)]
    store = Store(Base(runs))
    predicate = predicate_of({"id": {"not_any_": []}, "name": {"like_": "u"}})
    narrow = AllOf((Comparison("id", ONE_OF, frozenset({"00005", "00060"})), predicate))
    for _ in range(3):  # from the second time on it is no new one
        assert [run.id for run in store.select(narrow)] == ["00060", "00005"]


def test_names_are_read_to_tell_whether_any_is_left_out() -> None:
    """A broad pattern that is new, held against what lies in a window."""
    runs = [FlowRun(id=f"{n:05}", name=f"run-{n}") for n in range(2000)]
    unlike = [FlowRun(id="00000-", name="other")]
    contains = predicate_of({"name": {"like_": "ru"}})
    assert not Store(Base(runs)).any_more(MATCH_ALL, contains)
    assert Store(Base(runs + unlike)).any_more(MATCH_ALL, contains)


def test_subflows_whose_parents_go_are_found_where_nothing_was_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A drain of what has no parent finds, above where it is, what has lost its parent since."""
    tighten(monkeypatch.setattr)  # so few runs are else looked through at once
    children = [
        FlowRun(id=id_, name="child", parent_task_run_id=parent)
        for id_, parent in zip("98", TASK_IDS, strict=False)
    ]
    others = [FlowRun(id=id_, name="parent") for id_ in "76543210"]
    task_runs = [TaskRun(TASK_IDS[0], "5"), TaskRun(TASK_IDS[1], "3")]
    store = Store(Base([*children, *others], task_runs))
    without = predicate_of({"parent_task_run_id": {"is_null_": True}})
    left = []
    while (found := store.find(without, 1)).ids:
        left += found.ids
        store.delete_found(found)
    assert left == [*"765", "9", *"43", "8", *"210"]
    assert not found.more


def test_what_follows_from_a_delete_is_done_though_its_layer_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A delete that makes one layer of several, one of which has lost a parent by it."""
    monkeypatch.setattr(store_module, "MAX_BUFFERED", 1)
    child = FlowRun(id="0", name="child", parent_task_run_id=TASK_IDS[0])
    store = Store(Base([child], [TaskRun(TASK_IDS[0], "9")]))
    for id_ in "9876":  # two layers, of two runs each
        store.put(FlowRun(id=id_, name="added"))
    store.put(FlowRun(id="5", name="added"))  # and one that is fresh
    found = store.find(MATCH_ALL, 1)
    assert (found.ids, found.more) == (["9"], True)
    store.delete_found(found)
    assert store.get("0") == FlowRun(id="0", name="child")


def test_a_fork_is_not_told_what_is_done_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither which parents go, nor how far a drain has come."""
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


def test_a_run_that_is_asked_for_by_its_id_has_lost_its_parent() -> None:
    """What a delete puts off is done before anybody sees it."""
    child = FlowRun(id="0", name="child", parent_task_run_id=TASK_IDS[0])
    store = Store(Base([child, FlowRun(id="9", name="parent")], [TaskRun(TASK_IDS[0], "9")]))
    store.delete_found(store.find(MATCH_ALL, 1))
    assert store.get("0") == FlowRun(id="0", name="child")


def test_what_is_left_out_is_told_after_parents_have_gone() -> None:
    """Also where only the narrower of two predicates asks for parents."""
    child = FlowRun(id="0", name="child", parent_task_run_id=TASK_IDS[0])
    store = Store(Base([child, FlowRun(id="9", name="parent")], [TaskRun(TASK_IDS[0], "9")]))
    without = predicate_of({"parent_task_run_id": {"is_null_": True}})
    store.delete_found(store.find(MATCH_ALL, 1))
    assert not store.any_more(MATCH_ALL, without)


def test_task_runs_made_since_the_load_go_with_their_flow_run() -> None:
    """Also where the flow run had none when it was loaded."""
    store = Store(Base([FlowRun(id="0", name="n")]))
    store.task_runs.put(TaskRun(TASK_IDS[0], "0"))
    store.delete_found(store.find(MATCH_ALL, 1))
    assert list(store.task_runs) == []


def test_a_new_pattern_of_many_names_is_looked_up_when_it_is_looked_for_again() -> None:
    """At first the names in a window are read; then all that match are found, and kept."""
    every = BitMap(range(600))
    column = NameIndex([f"run-{n}" for n in every], every)
    contains = column.look_up(Comparison("name", LIKE, compile_like("u", SPEC)))
    for window in (BitMap(range(5)), BitMap(range(9)), BitMap(range(7)), every):
        assert contains.within(window) == window
    assert column.look_up(Comparison("name", LIKE, compile_like("u", SPEC))).within(None) == every
