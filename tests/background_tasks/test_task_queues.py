"""The queues of background task runs: what goes into them, and which worker gets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from mockserver.background_tasks import TaskQueues, TaskWorker, task_queues
from mockserver.errors import TooLarge
from mockserver.prefect import State, StateType, TaskRun

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_ids = map(str, count())


def task_run(
    key: str = "a",
    type_: StateType = StateType.SCHEDULED,
    name: str = "Scheduled",
    *,
    deferred: bool = True,
) -> TaskRun:
    state = State(type_, name, details={"deferred": deferred})
    return TaskRun(next(_ids), None, "t", key, state=state)


def put_all(queues: TaskQueues, *task_runs: TaskRun) -> None:
    for one in task_runs:
        queues.put(one, NOW)


def connected(
    queues: TaskQueues, *keys: str, wake: Callable[[], None] = lambda: None
) -> TaskWorker:
    worker = TaskWorker("w", keys, wake)
    queues.connect(worker)
    return worker


def taken(queues: TaskQueues, worker: TaskWorker) -> TaskRun | None:
    found = queues.take(worker)
    queues.acknowledge(worker)
    return None if found is None else found.task_run


def test_a_worker_gets_runs_of_its_tasks() -> None:
    """In the order of its keys, then in that in which they came; and as they were then."""
    queues = TaskQueues()
    first, other, second = task_run("b"), task_run("a"), task_run("b")
    put_all(queues, first, other, second, task_run("c"))
    worker = connected(queues, "a", "b", "a")
    assert [taken(queues, worker) for _ in range(4)] == [other, first, second, None]
    assert len(queues) == 1


@pytest.mark.parametrize(
    "other",
    [
        task_run(deferred=False),
        task_run(type_=StateType.PENDING, name="Pending"),
        TaskRun("1", None, "t", "a"),
    ],
)
def test_only_deferred_runs_that_are_scheduled_wait(other: TaskRun) -> None:
    """All others a client runs itself."""
    queues = TaskQueues()
    queues.put(other, NOW)
    assert len(queues) == 0


def test_runs_that_are_tried_again_go_first() -> None:
    """Those that await a retry, and those of a worker that went without a word."""
    queues = TaskQueues()
    never, lost = task_run(), task_run()
    put_all(queues, lost, never, retried := task_run(name="AwaitingRetry"))
    worker, gone = connected(queues, "a"), connected(queues, "a")
    assert taken(queues, worker) == retried
    found = queues.take(gone)
    assert found is not None
    assert (found.task_run, found.queued_at) == (lost, NOW)
    queues.disconnect(gone)
    assert [taken(queues, worker) for _ in range(3)] == [lost, never, None]
    queues.disconnect(worker)  # which holds nothing
    assert (len(queues), list(queues.workers)) == (0, [])


def test_workers_take_turns() -> None:
    """Whoever waits longest is woken first, and only by runs of its tasks."""
    queues, woken = TaskQueues(), list[str]()
    workers = [connected(queues, "a", wake=lambda n=name: woken.append(n)) for name in "xy"]  # type: ignore[misc]
    connected(queues, "b", wake=lambda: woken.append("b"))
    queues.put(task_run(), NOW)
    assert woken == ["x", "y"]
    queues.take(workers[0])
    queues.put(task_run(), NOW)
    assert woken == ["x", "y", "y", "x"]


def test_waiting_runs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused; one that a worker did not acknowledge always has a place."""
    monkeypatch.setattr(task_queues, "MAX_QUEUED", 2)
    queues = TaskQueues()
    put_all(queues, task_run(), task_run("b"))
    with pytest.raises(TooLarge, match="2 task runs wait for workers, which is the most"):
        queues.put(task_run("c"), NOW)
    worker = connected(queues, "a")
    queues.take(worker)
    queues.put(task_run("c"), NOW)
    queues.disconnect(worker)
    assert len(queues) == 3


def test_a_clear_forgets_also_what_workers_hold() -> None:
    """The workers stay."""
    queues = TaskQueues()
    put_all(queues, task_run(), task_run())
    worker = connected(queues, "a")
    queues.take(worker)
    queues.clear()
    assert list(queues.workers) == [worker]
    queues.disconnect(worker)
    assert (len(queues), queues.take(connected(queues, "a"))) == (0, None)
