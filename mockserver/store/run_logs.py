"""The logs of flow runs, bounded for each run and in all; the oldest go first.

Invariant: the list of a run's logs is only appended to, so that forks share it. Each sees the part
of it that its window says; where two forks add to the same list, the second copies its part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from ..prefect.objects import Log

# Chosen: a search of all of them takes a tenth of a second.
MAX_LOGS = 100_000
"""Most logs of a store."""
MAX_LOGS_OF_RUN = 10_000
"""Most logs of one flow run, and of all that have none together."""
MAX_BYTES = 64 << 20
"""Most memory of a store's logs, as `size_of_log` counts it."""
_KEPT = 0.9
"""The part of them that stays where they are too many."""
# Measured with Python 3.11 on x86-64: a log without its texts.
_LOG = 600


def size_of_log(log: Log) -> int:
    """About how many bytes of memory a log takes."""
    return _LOG + len(log.message) + len(log.name)


class _Window(NamedTuple):
    """The logs of a run: from `start` to `stop` of a list that may be shared, and their size."""

    logs: list[Log]
    start: int
    stop: int
    size: int

    def every_log(self) -> Iterator[Log]:
        """Its logs, oldest first."""
        return islice(self.logs, self.start, self.stop)

    def with_log(self, log: Log) -> _Window:
        """The window with one log more."""
        logs, start, stop, size = self.logs, self.start, self.stop, self.size
        # Another fork has added to the list, or half of it is no longer seen.
        if stop < len(logs) or start > MAX_LOGS_OF_RUN:
            logs = logs[start:stop]
            start, stop = 0, len(logs)
        logs.append(log)
        return _Window(logs, start, stop + 1, size + size_of_log(log))

    def without_oldest(self) -> _Window:
        """The window with one log less."""
        size = self.size - size_of_log(self.logs[self.start])
        return _Window(self.logs, self.start + 1, self.stop, size)


class RunLogs:
    """The logs of a store by flow run, in the order they came in. Not thread-safe.

    `added` counts all that ever came in, `dropped` those that were left out since for a bound.
    """

    __slots__ = ("_count", "_size", "_windows", "added", "dropped")

    def __init__(self, logs: Iterable[Log] = ()) -> None:
        """The logs that come first are the first to be dropped."""
        self._windows: dict[str | None, _Window] = {}
        self._count = 0
        self._size = 0
        self.added = 0
        self.dropped = 0
        for log in logs:
            self.add(log)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Log]:
        """Every log, those of a run together."""
        for window in self._windows.values():
            yield from window.every_log()

    def of(self, flow_run_ids: Iterable[str]) -> Iterator[Log]:
        """The logs of flow runs."""
        for flow_run_id in dict.fromkeys(flow_run_ids):
            window = self._windows.get(flow_run_id)
            if window is not None:
                yield from window.every_log()

    def add(self, log: Log) -> None:
        """Add a log. Beyond a bound older ones are dropped for it."""
        run_id = log.flow_run_id
        before = self._windows.get(run_id) or _Window([], 0, 0, 0)
        self._windows[run_id] = after = before.with_log(log)
        self.added += 1
        self._count += 1
        self._size += after.size - before.size
        if after.stop - after.start > MAX_LOGS_OF_RUN:
            self._drop_oldest_of(run_id)
        if self._count > MAX_LOGS or self._size > MAX_BYTES:
            self._make_room()

    def _make_room(self) -> None:
        """Drop logs until a tenth is free: those of the runs that were the first to have any."""
        # Not one at a time: a dict takes long to find its first key where many were deleted.
        for run_id, window in list(self._windows.items()):
            for _ in range(window.start, window.stop):
                if self._count <= MAX_LOGS * _KEPT and self._size <= MAX_BYTES * _KEPT:
                    return
                self._drop_oldest_of(run_id)

    def _drop_oldest_of(self, run_id: str | None) -> None:
        before = self._windows[run_id]
        after = before.without_oldest()
        if after.start < after.stop:
            self._windows[run_id] = after
        else:
            del self._windows[run_id]
        self._count -= 1
        self._size += after.size - before.size
        self.dropped += 1

    def drop(self, flow_run_ids: Iterable[str | None]) -> None:
        """Delete the logs of flow runs. Runs without logs are ignored."""
        if self._windows:
            for flow_run_id in flow_run_ids:
                window = self._windows.pop(flow_run_id, None)
                if window is not None:
                    self._count -= window.stop - window.start
                    self._size -= window.size

    def drop_task_run(self, task_run_id: str) -> None:
        """Delete the logs of a task run."""
        for run_id, window in list(self._windows.items()):
            left = [log for log in window.every_log() if log.task_run_id != task_run_id]
            if len(left) < window.stop - window.start:
                self.drop((run_id,))
                size = sum(map(size_of_log, left))
                self._windows[run_id] = _Window(left, 0, len(left), size)
                self._count += len(left)
                self._size += size

    def fork(self) -> RunLogs:
        """Independent logs that begin with the same. It takes time for each run, not each log."""
        other = RunLogs()
        other._windows = self._windows.copy()
        other._count, other._size = self._count, self._size
        other.added, other.dropped = self.added, self.dropped
        return other
