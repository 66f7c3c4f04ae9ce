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
from typing import Any

from pyroaring import BitMap

from .index import Base
from .predicates import EVERY, Predicate
from .runs import Deployment, Flow, FlowRun, State, TaskRun, WorkPool, WorkQueue
from .shelf import Shelf


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
        self._shelves: dict[str, Shelf[Any]] = {}
        self._states: dict[str, tuple[State, ...]] = {}
        self.leases: dict[str, None] = {}

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

    @property
    def task_runs(self) -> Shelf[TaskRun]:
        """The task runs. They go with their flow run."""
        return self._shelf("task_runs")

    @property
    def flows(self) -> Shelf[Flow]:
        """The flows."""
        return self._shelf("flows")

    @property
    def deployments(self) -> Shelf[Deployment]:
        """The deployments."""
        return self._shelf("deployments")

    @property
    def work_pools(self) -> Shelf[WorkPool]:
        """The work pools."""
        return self._shelf("work_pools")

    @property
    def work_queues(self) -> Shelf[WorkQueue]:
        """The work queues."""
        return self._shelf("work_queues")

    def _shelf(self, name: str) -> Shelf[Any]:
        shelf = self._shelves.get(name)
        if shelf is None:
            shelf = self._shelves[name] = Shelf(getattr(self.base, name))
        return shelf

    def task_runs_of(self, flow_run_id: str) -> list[TaskRun]:
        """The task runs that belong to a flow run."""
        shelf = self.task_runs
        ids = dict.fromkeys(self.base.task_runs_of.get(flow_run_id, ()))
        ids.update((one.id, None) for one in shelf.changed if one.flow_run_id == flow_run_id)
        found = (shelf.get(task_run_id) for task_run_id in ids)
        return [one for one in found if one is not None and one.flow_run_id == flow_run_id]

    def parent_task_run_ids(self) -> set[str]:
        """The ids of the task runs that stand for a subflow."""
        found = self.base.parent_task_run_ids(without=self._gone | self._orphans)
        added = (run.parent_task_run_id for run in self._added.values())
        return found | {parent for parent in added if parent is not None}

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
            self._states.pop(flow_run_id, None)
            if self._added.pop(flow_run_id, None) is None:
                self._gone.add(self.base.ordinal[flow_run_id])
        self._drop_task_runs(doomed)
        self._orphan_children(doomed)
        return doomed

    def _drop_task_runs(self, doomed: list[str]) -> None:
        task_runs, of = self.task_runs, frozenset(doomed)
        ids = {one.id for one in task_runs.changed if one.flow_run_id in of}
        for flow_run_id in doomed:
            ids.update(self.base.task_runs_of.get(flow_run_id, ()))
        found = (task_runs.get(task_run_id) for task_run_id in ids)
        task_runs.drop([one.id for one in found if one is not None and one.flow_run_id in of])

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
        task_run = self.task_runs.get(run.parent_task_run_id)
        parent = task_run.flow_run_id if task_run else None
        self._added[run.id] = replace(run, parent_flow_run_id=parent)

    def states_of(self, run: FlowRun) -> tuple[State, ...]:
        """The states that a run has been in, as far as they are known, the present one last."""
        before = self._states.get(run.id, ())
        return before if run.state is None else (*before, run.state)

    def remember(self, flow_run_id: str, states: tuple[State, ...]) -> None:
        """Keep the states that a run was in before its present one."""
        self._states[flow_run_id] = states

    def fork(self) -> Store:
        """A store that starts as this one is; nothing done on either is seen by the other."""
        other = Store(self.base)
        other._gone = self._gone.copy()
        other._orphans = self._orphans.copy()
        other._added = self._added.copy()
        other._shelves = {name: shelf.fork() for name, shelf in self._shelves.items()}
        other._states = self._states.copy()
        other.leases = self.leases.copy()
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
