"""Deleting work queues: flow runs and deployments stay without one (ON DELETE SET NULL)."""

from __future__ import annotations

import pytest

from mockserver.filters.predicates import IS_NULL, NONE_OF, ONE_OF, AllOf, Comparison, Predicate
from mockserver.prefect.records import Deployment, FlowRun, WorkPool, WorkQueue
from mockserver.store.base import Base
from mockserver.store.indexes.preparation import NotPrepared, deferring
from mockserver.store.store import Store

ONE, TWO = (f"0000000{n}-0000-4000-8000-000000000000" for n in (1, 2))
POOL = "00000000-0000-4000-8000-00000000000a"


def run(number: int, queue: str | None) -> FlowRun:
    """A run of which the loaded ones are in a pool that has a name."""
    pool = POOL if queue else None
    return FlowRun(
        id=f"{number:08}-0000-4000-9000-000000000000",
        name=f"r{number}",
        work_queue_id=queue,
        work_queue_name="q" if queue else None,
        work_pool_id=pool,
        work_pool_name="p" if queue else None,
    )


def store_of(count: int = 6) -> Store:
    """Runs in the first queue, in the second and in none, in turn."""
    runs = [run(number, (ONE, TWO, None)[number % 3]) for number in range(count)]
    deployments = [Deployment(f"d{n}", f"d{n}", work_queue_id=q) for n, q in enumerate((ONE, TWO))]
    return Store(
        Base(
            runs,
            deployments=deployments,
            work_pools=[WorkPool(POOL, "p")],
            work_queues=[WorkQueue(ONE, "q", POOL), WorkQueue(TWO, "r", POOL)],
        )
    )


TESTS: list[Predicate] = [
    Comparison("work_queue_id", ONE_OF, frozenset((ONE,))),
    Comparison("work_queue_id", ONE_OF, frozenset((ONE, TWO))),
    Comparison("work_queue_id", NONE_OF, frozenset((TWO,))),
    Comparison("work_queue_id", IS_NULL),
    Comparison("work_pool_name", IS_NULL),
    Comparison("work_queue_name", ONE_OF, frozenset(("q",))),
    AllOf((Comparison("work_queue_id", IS_NULL), Comparison("name", ONE_OF, frozenset(("r0",))))),
]


@pytest.mark.parametrize("buffered", [0, 1, 400])
@pytest.mark.parametrize("test", TESTS, ids=str)
def test_filters_and_runs_see_null(test: Predicate, buffered: int) -> None:
    """Each filter selects what a scan selects, wherever the runs lie; asked before and after."""
    store = store_of()
    for number in range(100, 100 + buffered):
        store.put(run(number, ONE))
    before = store.find(test, 2)
    store.delete_found(before)
    store.find(test, 1)  # leaves a cursor
    store.drop_work_queues(frozenset((ONE,)))
    everything = list(store)
    assert not any(each.work_queue_id == ONE for each in everything)
    assert {each.work_queue_id for each in everything} == {None, TWO}
    assert store.select(test) == [each for each in everything if test(each)]
    assert store.find(test, 10**6).ids == store.select_ids(test)
    assert store.count(test) == len(store.select(test))


def test_the_name_of_the_queue_stays() -> None:
    """It is a column of the run; what a reply says of the pool comes from the queue."""
    store = store_of()
    store.drop_work_queues(frozenset((ONE,)))
    found = store.get(run(0, ONE).id)
    assert found is not None
    assert (found.work_queue_name, found.work_pool_id, found.work_pool_name) == ("q", None, None)
    assert store.work_queues.get(ONE) is None
    assert [each.work_queue_id for each in store.deployments] == [TWO, None]


def test_forks_are_independent() -> None:
    """A queue that is deleted in a fork is still there in what it was made from, and vice versa."""
    store = store_of()
    fork = store.fork()
    fork.drop_work_queues(frozenset((ONE,)))
    assert store.count(TESTS[0]) == 2
    assert fork.count(TESTS[0]) == 0
    assert fork.fork().count(TESTS[3]) == 4
    assert store.count(TESTS[3]) == 2


def test_a_queue_after_a_deleted_parent() -> None:
    """A run can have lost both."""
    store = store_of()
    store.put(run(7, ONE))
    store.drop_work_queues(frozenset((ONE,)))
    store.drop_work_queues(frozenset((TWO,)))
    assert {each.work_queue_id for each in store} == {None}


def test_nothing_changes_before_all_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long is made elsewhere first, and then the same call succeeds."""
    monkeypatch.setattr("mockserver.store.indexes.preparation.MIN_DEFERRED_RUNS", 2)
    store = store_of()
    queues = len(store.work_queues)
    while True:
        try:
            with deferring():
                store.drop_work_queues(frozenset((ONE,)))
        except NotPrepared as missing:
            assert len(store.work_queues) == queues
            missing.prepare()
        else:
            break
    assert store.count(TESTS[0]) == 0
