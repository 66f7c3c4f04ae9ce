"""Flow runs in memory: an immutable base, and an overlay of what has changed since.

Invariants: a base run is in exactly one of three states: untouched, orphaned (its parents are
null now) or gone; every run of the overlay has an id that is not an ungone run of the base.
Forking and resetting cost as much as the overlay holds, however large the base is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice

from pyroaring import BitMap

from .index import Base
from .predicates import EVERY, Predicate
from .runs import FlowRun, TaskRun


class Store:
    """A view on a base that can be changed without touching it. Not for several threads at once."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.reset()

    def reset(self) -> None:
        """Back to the base: what was loaded and nothing else."""
        self._gone = BitMap()
        self._orphans = BitMap()
        self._added: dict[str, FlowRun] = {}
        self._task_runs_gone: set[str] = set()
        self._task_runs_added: dict[str, TaskRun] = {}

    def __len__(self) -> int:
        return len(self.base.runs) - len(self._gone) + len(self._added)

    def __contains__(self, flow_run_id: object) -> bool:
        if not isinstance(flow_run_id, str):
            return False
        at = self.base.ordinal.get(flow_run_id)
        return flow_run_id in self._added if at is None or at in self._gone else True

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return self._matching(EVERY)

    def get(self, flow_run_id: str) -> FlowRun | None:
        """The run with this id (lower-case text), or None."""
        added = self._added.get(flow_run_id)
        if added is not None:
            return added
        at = self.base.ordinal.get(flow_run_id)
        return None if at is None or at in self._gone else self._run(at)

    def task_run(self, task_run_id: str) -> TaskRun | None:
        """The task run with this id, or None."""
        added = self._task_runs_added.get(task_run_id)
        if added is not None:
            return added
        return None if task_run_id in self._task_runs_gone else self.base.task_runs.get(task_run_id)

    def select(self, predicate: Predicate, limit: int | None = None) -> list[FlowRun]:
        """The runs that satisfy a predicate, highest id first, at most `limit` (None: all)."""
        return list(islice(self._matching(predicate), limit))

    def count(self, predicate: Predicate) -> int:
        """How many runs satisfy a predicate."""
        return len(self._ordinals(predicate)) + sum(map(predicate, self._added.values()))

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the one and not the other."""
        if self._ordinals(wider) - self._ordinals(narrower):
            return True
        return any(wider(run) and not narrower(run) for run in self._added.values())

    def delete(self, flow_run_ids: Iterable[str]) -> list[str]:
        """Delete runs, and what follows from it (M11); returns the ids that were there.

        Task runs that belonged to them are gone; runs whose parent was such a task run stay, and
        have no parent now. All of it or, when it raises, nothing.
        """
        doomed = [flow_run_id for flow_run_id in dict.fromkeys(flow_run_ids) if flow_run_id in self]
        if not doomed:
            return doomed
        for flow_run_id in doomed:
            if self._added.pop(flow_run_id, None) is None:
                self._gone.add(self.base.ordinal[flow_run_id])
        self._drop_task_runs(doomed)
        self._orphan_children(doomed)
        return doomed

    def _drop_task_runs(self, doomed: list[str]) -> None:
        for flow_run_id in doomed:
            self._task_runs_gone.update(self.base.task_runs_of.get(flow_run_id, ()))
        if self._task_runs_added:
            of = frozenset(doomed)
            self._task_runs_added = {
                task_run.id: task_run
                for task_run in self._task_runs_added.values()
                if task_run.flow_run_id not in of
            }

    def _orphan_children(self, doomed: list[str]) -> None:
        parents = frozenset(doomed)
        self._orphans |= self.base.children(parents)
        orphaned = [run for run in self._added.values() if run.parent_flow_run_id in parents]
        self._added.update((run.id, _without_parent(run)) for run in orphaned)

    def put(self, run: FlowRun) -> None:
        """Add a run, or replace the one with its id. Its parent follows from its task run."""
        at = self.base.ordinal.get(run.id)
        if at is not None:
            self._gone.add(at)
        task_run = run.parent_task_run_id and self.task_run(run.parent_task_run_id)
        parent = task_run.flow_run_id if task_run else None
        self._added[run.id] = replace(run, parent_flow_run_id=parent)

    def put_task_run(self, task_run: TaskRun) -> None:
        """Add a task run, or replace the one with its id."""
        self._task_runs_added[task_run.id] = task_run

    def fork(self) -> Store:
        """A store that starts as this one is; nothing done on either is seen by the other."""
        other = Store(self.base)
        other._gone = self._gone.copy()
        other._orphans = self._orphans.copy()
        other._added = self._added.copy()
        other._task_runs_gone = self._task_runs_gone.copy()
        other._task_runs_added = self._task_runs_added.copy()
        return other

    def _run(self, at: int) -> FlowRun:
        run = self.base.runs[at]
        return _without_parent(run) if at in self._orphans else run

    def _ordinals(self, predicate: Predicate) -> BitMap:
        found = self.base.ordinals(predicate, self._orphans)
        return found - self._gone if self._gone else found

    def _matching(self, predicate: Predicate) -> Iterator[FlowRun]:
        loaded = map(self._run, self._ordinals(predicate))
        if not self._added:
            return loaded
        added = sorted(filter(predicate, self._added.values()), key=_id, reverse=True)
        return merge(loaded, added, key=_id, reverse=True)


def _id(run: FlowRun) -> str:
    return run.id


def _without_parent(run: FlowRun) -> FlowRun:
    return replace(run, parent_task_run_id=None, parent_flow_run_id=None)
