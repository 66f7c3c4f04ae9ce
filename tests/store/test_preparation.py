"""What takes long is made in the caller's thread, or left to the caller."""

from __future__ import annotations

from threading import Thread

import pytest

from mockserver.filters import MATCH_ALL
from mockserver.prefect.records import FlowRun, TaskRun
from mockserver.store import NotPrepared, SortBy, deferring
from mockserver.store.base import Base
from mockserver.store.indexes import preparation
from mockserver.store.indexes.preparation import Prepared
from mockserver.store.store import Store
from tests.store.test_store import predicate_of
from tests.support.strategies import IDS, TASK_IDS


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every store counts as a large one."""
    monkeypatch.setattr(preparation, "MIN_DEFERRED_RUNS", 1)


@pytest.mark.usefixtures("large")
def test_what_takes_long_is_left_to_the_caller() -> None:
    """Inside `deferring()` it is not made: whoever prepares it gets the answer the next time."""
    store = Store(Base([FlowRun(id=IDS[0], name="etl")]))
    with deferring(), pytest.raises(NotPrepared) as raised:
        store.page(MATCH_ALL, SortBy("name"), 0, 1)
    raised.value.prepare()
    with deferring():
        assert [run.name for run in store.page(MATCH_ALL, SortBy("name"), 0, 1)] == ["etl"]


@pytest.mark.usefixtures("large")
def test_a_thread_makes_it_at_once() -> None:
    """`deferring()` is about the code that it encloses, not about the threads it starts."""
    prepared, found = Prepared(1), []
    with deferring():
        thread = Thread(target=lambda: found.append(prepared.get("key", lambda: 1)))
        thread.start()
        thread.join()
    assert found == [1]


def test_what_is_short_is_made_at_once() -> None:
    """Even inside `deferring()`."""
    with deferring():
        assert Store(Base([FlowRun(id=IDS[0], name="etl")])).count(predicate_of({})) == 1


@pytest.mark.usefixtures("large")
def test_a_cascade_that_is_not_prepared_is_still_pending() -> None:
    """A delete whose cascade needs an index is not half done when it raises."""
    runs = [
        FlowRun(id=IDS[0], name="parent"),
        FlowRun(id=IDS[1], name="child", parent_task_run_id=TASK_IDS[0]),
    ]
    store = Store(Base(runs, [TaskRun(TASK_IDS[0], IDS[0])]))
    store.delete_found(store.find(predicate_of({"name": {"any_": ["parent"]}}), 1))
    for _ in range(9):
        try:
            with deferring():
                (child,) = store
        except NotPrepared as missing:
            missing.prepare()
    assert child.parent_task_run_id is None
    assert list(store.task_runs) == []
