"""The background task runs of a world that wait for a worker, by the key of their task.

Prefect: server/task_queue.py, and models/task_workers.py for the workers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import TooLarge
from ..prefect import StateType, TaskRun
from .task_worker import TaskWorker

# Chosen. A real server has 1,000 of a task, and 100 that are tried again; who schedules one more
# waits until a worker takes one, and on SQLite all others that change something wait, too.
MAX_QUEUED = 10_000


@dataclass(frozen=True, slots=True)
class QueuedTaskRun:
    """A task run as it was when it was queued, and when that was.

    A worker gets it so, also if it was changed or deleted meanwhile (measured).
    """

    task_run: TaskRun
    queued_at: datetime


@dataclass(slots=True)
class _Queue:
    """The task runs of one task: those that are tried again go first."""

    retries: deque[QueuedTaskRun] = field(default_factory=deque)
    scheduled: deque[QueuedTaskRun] = field(default_factory=deque)


class TaskQueues:
    """Queues of task runs, and the workers that are connected, longest idle first.

    Invariant: a task run is in a queue, or held by one worker until that acknowledges it.
    """

    __slots__ = ("_count", "_held", "_queues", "_workers")

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._count = 0
        self._workers: dict[TaskWorker, None] = {}
        self._held: dict[TaskWorker, QueuedTaskRun] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def workers(self) -> Iterator[TaskWorker]:
        """The workers that are connected."""
        return iter(self._workers)

    def put(self, task_run: TaskRun, now: datetime) -> None:
        """Queue a task run for a worker, if it is in a new state that is scheduled and deferred.

        Prefect's EnqueueScheduledTasks. Raises TooLarge where MAX_QUEUED wait already.
        """
        state = task_run.state
        if state is None or state.type is not StateType.SCHEDULED:
            return
        if not state.details.get("deferred"):
            return
        if self._count >= MAX_QUEUED:
            raise TooLarge(f"{MAX_QUEUED:,} task runs wait for workers, which is the most")
        self._add(QueuedTaskRun(task_run, now), is_retry=state.name == "AwaitingRetry")

    def connect(self, worker: TaskWorker) -> None:
        """Note a worker that waits for task runs."""
        self._workers[worker] = None

    def take(self, worker: TaskWorker) -> QueuedTaskRun | None:
        """The next task run for a connected worker, or None; the worker holds it from now on.

        The next time, other workers come first.
        """
        for key in worker.task_keys:
            queue = self._queues.get(key)
            if queue is not None:
                found = (queue.retries or queue.scheduled).popleft()
                if not queue.retries and not queue.scheduled:
                    del self._queues[key]
                self._count -= 1
                self._held[worker] = found
                del self._workers[worker]
                self._workers[worker] = None
                return found
        return None

    def acknowledge(self, worker: TaskWorker) -> None:
        """Let the task run go that a worker holds, if any: it has begun to run it."""
        self._held.pop(worker, None)

    def disconnect(self, worker: TaskWorker) -> None:
        """Forget a worker; what it holds waits for another one, before those never tried."""
        del self._workers[worker]
        held = self._held.pop(worker, None)
        if held is not None:
            self._add(held, is_retry=True)

    def clear(self) -> None:
        """Forget all task runs; workers stay."""
        self._queues.clear()
        self._held.clear()
        self._count = 0

    def _add(self, queued: QueuedTaskRun, *, is_retry: bool) -> None:
        key = queued.task_run.task_key
        queue = self._queues.setdefault(key, _Queue())
        (queue.retries if is_retry else queue.scheduled).append(queued)
        self._count += 1
        for worker in self._workers:
            if key in worker.task_keys:
                worker.wake()
