"""Flow runs in memory: an immutable base, and over it what has changed since.

Invariants: every id is that of one run at most, in one layer or among the fresh ones; what is in
a layer is untouched, orphaned (its parents are null now) or gone. Runs that are added or changed
are fresh until they are too many to be tested one by one; then they become a layer of their own,
and layers of like size become one, so that there are few. Forking and resetting cost as much as
has changed, however large the base is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from heapq import merge
from itertools import chain, islice
from typing import Any, NamedTuple

from ..filters import MATCH_ALL, Predicate
from ..prefect import Deployment, Flow, FlowRun, State, TaskRun, WorkPool, WorkQueue
from .flow_run_index import Base, FlowRunIndex, depends_on_parents
from .overlay import Overlay
from .segments import Segment, with_parent_nulled


class Selection(NamedTuple):
    """The ids of the first flow runs that satisfy a predicate, and whether there are `more`.

    `ordinals`: of these runs in each of the store's layers.
    """

    ids: list[str]
    more: bool
    ordinals: list[list[int]]


MAX_UNINDEXED = 256
"""So many runs are tested one by one at most."""
MERGE_FACTOR = 4


class Store:
    """A view on a base that can be changed without touching it. Not for several threads at once."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._untouched = [Segment(base)]  # forks share it; no run of it ever goes
        self.reset()

    def reset(self) -> None:
        """Back to the base: what was loaded and nothing else."""
        self._layers = self._untouched
        self._bereft: list[str] | None = None  # of the fresh ones; None: nothing is put off
        self._unrelated: Predicate | None = None  # what a drain asks for, and looks at no parents
        self._fresh: dict[str, FlowRun] = {}
        self._shelves: dict[str, Overlay[Any]] = {}
        self._states: dict[str, tuple[State, ...]] = {}
        self.leases: dict[str, None] = {}

    def _own_layers(self) -> list[Segment]:
        """The layers, to be changed."""
        if self._layers is self._untouched:
            self._layers = [Segment(self.base)]
        return self._layers

    def __len__(self) -> int:
        return sum(map(len, self._layers)) + len(self._fresh)

    def __contains__(self, flow_run_id: object) -> bool:
        if not isinstance(flow_run_id, str):
            return False
        return flow_run_id in self._fresh or any(
            layer.place(flow_run_id) is not None for layer in self._layers
        )

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return self._matching(MATCH_ALL, None)

    def get(self, flow_run_id: str) -> FlowRun | None:
        """The run with this id (lower-case text), or None."""
        self._settle()
        fresh = self._fresh.get(flow_run_id)
        if fresh is not None:
            return fresh
        for layer in self._layers:
            at = layer.place(flow_run_id)
            if at is not None:
                return layer.run(at)
        return None

    @property
    def task_runs(self) -> Overlay[TaskRun]:
        """The task runs. They go with their flow run."""
        self._settle()
        return self._shelf("task_runs")

    @property
    def flows(self) -> Overlay[Flow]:
        """The flows."""
        return self._shelf("flows")

    @property
    def deployments(self) -> Overlay[Deployment]:
        """The deployments."""
        return self._shelf("deployments")

    @property
    def work_pools(self) -> Overlay[WorkPool]:
        """The work pools."""
        return self._shelf("work_pools")

    @property
    def work_queues(self) -> Overlay[WorkQueue]:
        """The work queues."""
        return self._shelf("work_queues")

    def _shelf(self, name: str) -> Overlay[Any]:
        shelf = self._shelves.get(name)
        if shelf is None:
            shelf = self._shelves[name] = Overlay(getattr(self.base, name))
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
        self._settle()
        found = {run.parent_task_run_id for run in self._fresh.values()}
        found.update(*(layer.parent_task_run_ids() for layer in self._layers))
        return {parent for parent in found if parent is not None}

    def select(self, predicate: Predicate, limit: int | None = None) -> list[FlowRun]:
        """The runs that satisfy a predicate, highest id first, at most `limit` (None: all)."""
        return list(islice(self._matching(predicate, limit), limit))

    def select_ids(self, predicate: Predicate, limit: int | None = None) -> list[str]:
        """The ids of what `select` returns; no run is made for it."""
        self._settle_for(predicate)
        found = [layer.index.ids_of(layer.first(predicate, limit)) for layer in self._layers]
        if self._fresh:
            found.append([run.id for run in self._fresh_matching(predicate)])
        return _merge_descending(found)[:limit]

    def find(self, predicate: Predicate, limit: int) -> Selection:
        """The first so many runs that satisfy a predicate, to be deleted next."""
        self._settle_for(predicate)
        ordinals, found = [], []
        for layer in self._layers:
            ats = layer.first(predicate, limit + 1)
            ordinals.append(ats)
            found.append(layer.index.ids_of(ats))
        if self._fresh:
            found.append([run.id for run in self._fresh_matching(predicate)])
        ids = _merge_descending(found)
        more = len(ids) > limit
        if more:
            first_left = ids[limit]
            del ids[limit:]
            for ats, ids_there in zip(ordinals, found, strict=False):  # the fresh have no ordinals
                del ats[bisect_left(ids_there, True, key=first_left.__ge__) :]
        return Selection(ids, more, ordinals)

    def count(self, predicate: Predicate) -> int:
        """How many runs satisfy a predicate."""
        self._settle_for(predicate)
        loaded = sum(layer.count(predicate) for layer in self._layers)
        return loaded + sum(map(predicate, self._fresh.values()))

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the one and not the other."""
        if self._bereft is not None and depends_on_parents((wider, narrower)):
            self._settle()
        return any(layer.any_more(wider, narrower) for layer in self._layers) or any(
            wider(run) and not narrower(run) for run in self._fresh.values()
        )

    def delete(self, flow_run_ids: Iterable[str]) -> list[str]:
        """Delete runs, and what follows from it (M11); returns the ids that were there.

        Task runs that belonged to them are gone; runs whose parent was such a task run stay, and
        have no parent now. All of it or, when it raises, nothing.
        """
        wanted = dict.fromkeys(flow_run_ids)
        if not wanted:
            return []
        self._settle()
        doomed = self._drop(wanted)
        self._forget_states(doomed)
        self._drop_relatives(set(doomed))
        return doomed

    def delete_found(self, found: Selection) -> None:
        """Delete, as `delete` does, what `find` has just found: nothing has changed since."""
        if not found.ids:
            return
        for layer, ordinals in zip(self._own_layers(), found.ordinals, strict=True):
            layer.take(ordinals)
        self._bereft = bereft = self._bereft or []
        if self._fresh:
            fresh = self._fresh
            bereft += [run_id for run_id in found.ids if fresh.pop(run_id, None)]
        if self._fresh and found.more:  # a drain would test them in each call
            self._lay_down()
        self._forget_states(found.ids)

    def _settle(self) -> None:
        """Do what follows from deletes, which is put off until somebody looks there."""
        if self._bereft is not None:
            gone, self._bereft = self._bereft, None
            self._drop_relatives(set(chain(gone, *(layer.take_bereft() for layer in self._layers))))

    def _settle_for(self, asked: Predicate) -> None:
        if self._bereft is not None and asked is not self._unrelated:
            if depends_on_parents(asked):
                self._settle()
            else:
                self._unrelated = asked

    def _forget_states(self, doomed: Iterable[str]) -> None:
        if self._states:
            for flow_run_id in doomed:
                self._states.pop(flow_run_id, None)

    def _drop_relatives(self, of: set[str]) -> None:
        self._drop_task_runs(of)
        self._orphan_children(of)

    def _drop(self, flow_run_ids: Collection[str]) -> list[str]:
        """Take runs out, and nothing else; returns the ids that were there, as they came."""
        there = {run_id for run_id in flow_run_ids if self._fresh.pop(run_id, None)}
        there.update(*(layer.drop(flow_run_ids) for layer in self._own_layers()))
        return [run_id for run_id in flow_run_ids if run_id in there]

    def _drop_task_runs(self, of: set[str]) -> None:
        shelf, loaded = self._shelves.get("task_runs"), self.base.task_runs_of
        changed = () if shelf is None else shelf.changed
        ids = [one.id for one in changed if one.flow_run_id in of]
        for flow_run_id in loaded.keys() & of:
            ids += loaded[flow_run_id]
        if ids:
            task_runs = self._shelf("task_runs")
            found = map(task_runs.get, dict.fromkeys(ids))
            task_runs.drop([one.id for one in found if one is not None and one.flow_run_id in of])

    def _orphan_children(self, parents: set[str]) -> None:
        for layer in self._own_layers():
            layer.orphan_children(parents)
        orphaned = [run for run in self._fresh.values() if run.parent_flow_run_id in parents]
        self._fresh.update((run.id, with_parent_nulled(run)) for run in orphaned)

    def put(self, run: FlowRun) -> None:
        """Add a run, or replace the one with its id. Its parent follows from its task run."""
        self._drop((run.id,))
        task_run = self.task_runs.get(run.parent_task_run_id)
        parent = task_run.flow_run_id if task_run else None
        self._fresh[run.id] = replace(run, parent_flow_run_id=parent)
        if len(self._fresh) > MAX_UNINDEXED:
            self._lay_down()

    def _lay_down(self) -> None:
        """Make the fresh runs a layer, together with the layers over the base that are no larger
        than `MERGE_FACTOR` times what they are put on.
        """
        runs = list(self._fresh.values())
        layers = self._own_layers()
        while len(layers) > 1 and len(layers[-1]) < MERGE_FACTOR * len(runs):
            layer = layers.pop()
            if self._bereft is not None:
                self._bereft += layer.take_bereft()
            runs.extend(layer)
        layers.append(Segment(FlowRunIndex(runs)))
        self._fresh = {}

    def states_of(self, run: FlowRun) -> tuple[State, ...]:
        """The states that a run has been in, as far as they are known, the present one last."""
        before = self._states.get(run.id, ())
        return before if run.state is None else (*before, run.state)

    def remember(self, flow_run_id: str, states: tuple[State, ...]) -> None:
        """Keep the states that a run was in before its present one."""
        self._states[flow_run_id] = states

    def fork(self) -> Store:
        """A store that starts as this one is; nothing done on either is seen by the other."""
        if self._bereft is not None:
            self._settle()
        other: Store = Store.__new__(Store)  # `reset` would make what is replaced here
        other.base = self.base
        other._bereft = None
        other._unrelated = None
        other._untouched = layers = self._untouched
        if self._layers is not layers:
            layers = [layer.copy() for layer in self._layers]
        other._layers = layers
        other._fresh = self._fresh.copy()
        shelves = self._shelves
        other._shelves = {name: shelves[name].fork() for name in shelves} if shelves else {}
        other._states = self._states.copy()
        other.leases = self.leases.copy()
        return other

    def _matching(self, predicate: Predicate, limit: int | None) -> Iterator[FlowRun]:
        """At least the first so many that satisfy a predicate (None: all)."""
        self._settle()
        found: list[Iterable[FlowRun]] = [
            layer.runs(layer.first(predicate, limit)) for layer in self._layers
        ]
        if self._fresh:
            found.append(self._fresh_matching(predicate))
        return iter(found[0]) if len(found) == 1 else merge(*found, key=_id, reverse=True)

    def _fresh_matching(self, predicate: Predicate) -> list[FlowRun]:
        return sorted(filter(predicate, self._fresh.values()), key=_id, reverse=True)


def _id(run: FlowRun) -> str:
    return run.id


def _merge_descending(found: list[list[str]]) -> list[str]:
    """All of these ids, highest first, as each of the lists is."""
    if len(found) == 1:
        return found[0]
    return sorted(chain.from_iterable(found), reverse=True)
