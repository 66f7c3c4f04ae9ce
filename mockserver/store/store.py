"""The store: flow runs that can be changed, over a base that never changes.

It works like a log-structured merge tree, or the index of a search engine:

* Added and changed runs go into a *write buffer*, where queries test them one by one.
* A full buffer is *flushed*: it becomes an immutable *segment* with an index of its own. The base
  is the first segment.
* A flush *merges* the last segments into the new one if they are not much larger, so that there
  are few. The base is never merged.
* A delete marks runs in the *deletion bitmap* of their segment.
* A segment keeps *search cursors*: a drain, which sends the same bulk delete until nothing is
  left, goes on where its last call ended.
* The *cascade* of a bulk delete is deferred. As on a Prefect server, the task runs of a deleted
  flow run are deleted, too, and its subflows stay with null parents. This is done before the
  first call that would show the difference, for many deletes at once.

Invariants: an id is that of one run at most, in one segment or in the buffer. A run in a segment
is as it was, an orphan (its parents are null now) or deleted. The time of a fork or a reset
depends on what has changed, not on the size of the base.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import merge, nlargest, nsmallest
from itertools import chain, islice
from operator import attrgetter
from typing import Any, NamedTuple

from pyroaring import BitMap

from ..filters import MATCH_ALL, ONE_OF, Comparison, Predicate
from ..prefect import Deployment, Flow, FlowRun, State, TaskRun, WorkPool, WorkQueue
from ..prefect.objects import ConcurrencyLease, FlowRunInput
from .base import Base
from .columns import to_microseconds
from .flow_run_index import NO_ORDINALS, FlowRunIndex, depends_on_parents, id_of
from .overlay import Overlay, R
from .segments import Segment, sorted_matches, with_parent_nulled, with_queue_nulled
from .sort_orders import BufferMatches, Matches, SortBy, page_of
from .value_counts import count_run_times, count_run_values


class Selection(NamedTuple):
    """The ids of the first flow runs that satisfy a predicate, and whether there are `more`.

    `ordinals`: for each segment, the ordinals of those of these runs that are in it.
    """

    ids: list[str]
    more: bool
    ordinals: list[list[int]]


MAX_BUFFERED = 256
"""Most runs in the write buffer, where a query tests them one by one."""
# Each segment is left with 4 times the runs of the next, so that a million added runs lie in at
# most 6.
MAX_PENDING = 50_000
"""Most deleted runs whose cascade is deferred: where each has a task run and a subflow, theirs take
0.1 s (measured)."""
MAX_PUT_ONE_BY_ONE = 2_000
"""More runs that are added together become a segment at once; chosen: fewer take 0.1 s to put."""
LARGE_PART = 10_000  # runs; chosen: to free so many takes 8 ms
MERGE_FACTOR = 4
"""A flush merges a segment that has fewer than so many times the runs it has gathered so far."""


class Store:
    """A view of a base that can be changed without changing the base. Not thread-safe.

    Ids are compared as text, so uuids must be in lower case.
    """

    def __init__(self, base: Base) -> None:
        self.base = base
        # Shared by all forks; no run of it is ever deleted (see `_writable_segments`).
        self._base_segments = [Segment(base)]
        self.reset()

    def reset(self) -> None:
        """Undo every change: the store holds what the base holds."""
        self._segments = self._base_segments
        # Deleted runs of the buffer whose cascade is pending (ids); segments have their own.
        # None: no cascade is pending, in the segments neither.
        self._pending_cascade: list[str] | None = None
        self._pending_count = 0
        # The last predicate that was found not to depend on parents.
        self._independent_predicate: Predicate | None = None
        self._buffer: dict[str, FlowRun] = {}
        self._overlays: dict[str, Overlay[Any]] = {}
        self._states: dict[str, tuple[State, ...]] = {}
        self.leases: dict[str, ConcurrencyLease] = {}
        self.logs = self.base.logs.fork()
        self.run_inputs: dict[str, tuple[FlowRunInput, ...]] = {}
        self.task_run_states: dict[str, tuple[State, ...]] = {}

    def _writable_segments(self) -> list[Segment]:
        """The segments, made anew if they are shared with other forks."""
        if self._segments is self._base_segments:
            self._segments = [Segment(self.base)]
        return self._segments

    @property
    def is_large(self) -> bool:
        """Whether something made of its runs may raise NotPrepared inside `deferring()`."""
        segments = self._segments
        return len(segments) > 1 or segments[0].index.prepared.is_large

    def __len__(self) -> int:
        return sum(map(len, self._segments)) + len(self._buffer)

    def __contains__(self, flow_run_id: object) -> bool:
        if not isinstance(flow_run_id, str):
            return False
        return flow_run_id in self._buffer or any(
            segment.ordinal_of(flow_run_id) is not None for segment in self._segments
        )

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return self._matching(MATCH_ALL, None)

    def get(self, flow_run_id: str) -> FlowRun | None:
        """The run with this id, or None."""
        self._run_pending_cascade()
        buffered = self._buffer.get(flow_run_id)
        if buffered is not None:
            return buffered
        for segment in self._segments:
            ordinal = segment.ordinal_of(flow_run_id)
            if ordinal is not None:
                return segment.run(ordinal)
        return None

    @property
    def task_runs(self) -> Overlay[TaskRun]:
        """The task runs. They are deleted with their flow run."""
        self._run_pending_cascade()
        return self._overlay("task_runs")

    @property
    def flows(self) -> Overlay[Flow]:
        """The flows."""
        return self._overlay("flows")

    @property
    def deployments(self) -> Overlay[Deployment]:
        """The deployments."""
        return self._overlay("deployments")

    @property
    def work_pools(self) -> Overlay[WorkPool]:
        """The work pools."""
        return self._overlay("work_pools")

    @property
    def work_queues(self) -> Overlay[WorkQueue]:
        """The work queues."""
        return self._overlay("work_queues")

    def objects(self, kind: type[R]) -> Overlay[R]:
        """The objects of a kind that no filter on flow runs knows: a class of `prefect.objects`."""
        name = kind.__name__
        overlay = self._overlays.get(name)
        if overlay is None:
            overlay = self._overlays[name] = Overlay(self.base.objects.get(kind, {}))
        return overlay

    def _overlay(self, name: str) -> Overlay[Any]:
        overlay = self._overlays.get(name)
        if overlay is None:
            overlay = self._overlays[name] = Overlay(getattr(self.base, name))
        return overlay

    def task_runs_of(self, flow_run_id: str) -> list[TaskRun]:
        """The task runs that belong to a flow run."""
        overlay = self.task_runs
        ids = dict.fromkeys(self.base.task_runs_of.get(flow_run_id, ()))
        ids.update(
            (task_run.id, None)
            for task_run in overlay.changed
            if task_run.flow_run_id == flow_run_id
        )
        found = (overlay.get(task_run_id) for task_run_id in ids)
        return [
            task_run
            for task_run in found
            if task_run is not None and task_run.flow_run_id == flow_run_id
        ]

    def parent_task_run_ids(self) -> frozenset[str]:
        """The ids of the task runs that are the parent of a flow run."""
        self._run_pending_cascade()
        found = [segment.parent_task_run_ids() for segment in self._segments]
        buffered = (run.parent_task_run_id for run in self._buffer.values())
        return _united([*found, frozenset(filter(None, buffered))])

    def select(self, predicate: Predicate, limit: int | None = None) -> list[FlowRun]:
        """The first `limit` runs that satisfy a predicate, highest id first (None: all)."""
        return list(islice(self._matching(predicate, limit), limit))

    def page(self, predicate: Predicate, sort_by: SortBy, start: int, stop: int) -> list[FlowRun]:
        """The runs from one place to another among all that satisfy a predicate, sorted."""
        self._run_pending_cascade()
        parts: list[Matches] = [
            segment.sorted_matches(predicate, sort_by) for segment in self._segments
        ]
        parts.append(BufferMatches(filter(predicate, self._buffer.values()), sort_by))
        return page_of(parts, start, stop)

    def select_ids(self, predicate: Predicate, limit: int | None = None) -> list[str]:
        """The ids of the runs that `select` returns. Faster: no run is made."""
        self._run_cascade_before(predicate)
        id_lists = [
            segment.index.ids_of(segment.first_matching(predicate, limit))
            for segment in self._segments
        ]
        if self._buffer:
            id_lists.append([run.id for run in self._match_buffer(predicate)])
        return _merge_descending(id_lists)[:limit]

    def find(self, predicate: Predicate, limit: int) -> Selection:
        """The first `limit` runs that satisfy a predicate, for `delete_found`."""
        # Before the delete that follows: what the cascade needs may have to be prepared.
        if self._pending_count > MAX_PENDING:
            self._run_pending_cascade()
        self._run_cascade_before(predicate)
        ordinals, id_lists = [], []
        for segment in self._segments:
            segment_ordinals = segment.first_matching(predicate, limit + 1)  # one tells `more`
            ordinals.append(segment_ordinals)
            id_lists.append(segment.index.ids_of(segment_ordinals))
        if self._buffer:
            id_lists.append([run.id for run in self._match_buffer(predicate)])
        ids = _merge_descending(id_lists)
        more = len(ids) > limit
        if more:
            first_left = ids[limit]
            del ids[limit:]
            # Cut each segment's ordinals where its ids, which descend, reach the first left out.
            # The last of `id_lists` may be the buffer's, which has no ordinals.
            for segment_ordinals, segment_ids in zip(ordinals, id_lists, strict=False):
                del segment_ordinals[bisect_left(segment_ids, True, key=first_left.__ge__) :]
        return Selection(ids, more, ordinals)

    def count(self, predicate: Predicate) -> int:
        """How many runs satisfy a predicate."""
        self._run_cascade_before(predicate)
        loaded = sum(segment.count(predicate) for segment in self._segments)
        return loaded + sum(map(predicate, self._buffer.values()))

    def count_values(self, predicate: Predicate, column: str) -> Counter[Any]:
        """How many of the runs that satisfy a predicate have each value of a column.

        None stands for no value. Of `tags` each tag counts. Not for columns of times.
        """
        self._run_pending_cascade()
        counts = count_run_values(self._match_buffer(predicate), column)
        for segment in self._segments:
            counts.update(segment.count_values(predicate, column))
        return counts

    def count_times(
        self,
        predicates: Sequence[Predicate],
        columns: Sequence[str],
        bounds: Sequence[datetime],
    ) -> list[list[int]]:
        """How many of the runs that satisfy each predicate have no instant, or one before the
        first bound; from each bound to the next; from the last on. A run's instant is that of the
        first of the columns where it has one. `bounds` ascend; there are at most 250.
        """
        self._run_pending_cascade()
        edges = list(map(to_microseconds, bounds))
        parts = [[count_run_times(self._match_buffer(one), columns, edges) for one in predicates]]
        parts += [segment.count_times(predicates, columns, edges) for segment in self._segments]
        return [list(map(sum, zip(*each, strict=True))) for each in zip(*parts, strict=True)]

    def nearest(
        self, predicate: Predicate, column: str, count: int, *, latest: bool
    ) -> list[FlowRun]:
        """The runs that satisfy a predicate and have the earliest or latest instants, in order.

        Each of them must have an instant in the column; of the same, the highest id comes first.
        """
        self._run_pending_cascade()
        found = [segment.nearest(predicate, column, count, latest) for segment in self._segments]
        found.append(self._match_buffer(predicate))
        candidates = sorted(chain.from_iterable(found), key=id_of, reverse=True)
        return (nlargest if latest else nsmallest)(count, candidates, key=attrgetter(column))

    def matches(self, predicate: Predicate) -> Iterator[tuple[FlowRunIndex, BitMap]]:
        """The runs that satisfy a predicate: parts of the store, and their ordinals in each."""
        self._run_cascade_before(predicate)
        for segment in self._segments:
            yield segment.index, segment.all_matching(predicate)
        if self._buffer:
            buffered = FlowRunIndex(filter(predicate, self._buffer.values()), passing=True)
            yield buffered, buffered.all_ordinals

    def values_of(self, predicate: Predicate, column: str) -> frozenset[str]:
        """The values that the runs which satisfy a predicate have in a column."""
        return _values_of(self.matches(predicate), column)

    def owner_ids(self, predicate: Predicate) -> frozenset[str]:
        """The ids of the flow runs that have a task run which satisfies a predicate."""
        return _values_of(self.task_run_matches(predicate), "flow_run_id")

    def ids_with_task_runs(self, predicate: Predicate) -> frozenset[str]:
        """The ids of at least those runs that satisfy a predicate and have a task run."""
        changed = [task_run.flow_run_id for task_run in self.task_runs.changed]
        found: list[frozenset[str]] = []
        for index, members in self.matches(predicate):
            if index is self.base and not changed and members == index.all_ordinals:
                found.append(self.base.ids_with_task_runs)
                continue
            if index is self.base:
                members = members & self.base.related_ordinals(changed)
            found.append(frozenset(index.ids_of(members.to_array())))
        return _united(found)

    def task_run_matches(self, predicate: Predicate) -> Iterator[tuple[FlowRunIndex, BitMap]]:
        """The task runs that satisfy a predicate, as `matches` has flow runs."""
        overlay, loaded = self.task_runs, self.base.task_run_index
        found = loaded.look_up(predicate, NO_ORDINALS).within(None)
        if overlay.hidden:
            found = found - BitMap(list(map(loaded.ordinal_by_id.__getitem__, overlay.hidden)))
        yield loaded, found
        # An index of flow runs takes other records with the same columns as well.
        changed: list[Any] = list(filter(predicate, overlay.changed))
        if changed:
            index = FlowRunIndex(changed, passing=True)
            yield index, index.all_ordinals

    def task_run_page(
        self, predicate: Predicate, sort_by: SortBy, start: int, stop: int
    ) -> list[Any]:
        """The task runs from one place to another among all that satisfy a predicate, sorted."""
        parts = [
            sorted_matches(index, members, sort_by, index.runs.__getitem__)
            for index, members in self.task_run_matches(predicate)
        ]
        return page_of(parts, start, stop)

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the wider predicate and not the narrower one."""
        if self._pending_cascade is not None and depends_on_parents((wider, narrower)):
            self._run_pending_cascade()
        return any(segment.any_more(wider, narrower) for segment in self._segments) or any(
            wider(run) and not narrower(run) for run in self._buffer.values()
        )

    def difference(self, one: Predicate, other: Predicate, limit: int) -> tuple[int, list[FlowRun]]:
        """How many runs satisfy `one` and not `other`, and the first `limit` of them."""
        self._run_pending_cascade()
        found = [segment.difference(one, other, limit) for segment in self._segments]
        buffered = [run for run in self._match_buffer(one) if not other(run)]
        first = merge(*(runs for _, runs in found), buffered, key=id_of, reverse=True)
        return sum(count for count, _ in found) + len(buffered), list(islice(first, limit))

    def delete(self, flow_run_ids: Iterable[str]) -> list[str]:
        """Delete runs, with the cascade. Returns the ids that existed, in the order given.

        Task runs of the deleted runs are deleted, too; runs whose parent was such a task run
        stay, with null parents. If it raises, nothing is deleted.
        """
        # The iterable may raise, so it is read before anything changes.
        wanted = dict.fromkeys(flow_run_ids)
        if not wanted:
            return []
        self._run_pending_cascade()
        self._prepare_cascade()
        deleted = self._drop(wanted)
        self._forget(deleted)
        self._cascade(set(deleted))
        return deleted

    def delete_found(self, selection: Selection) -> None:
        """Delete what `find` returned, as `delete` does. Nothing may have changed in between."""
        if not selection.ids:
            return
        for segment, ordinals in zip(self._writable_segments(), selection.ordinals, strict=True):
            segment.delete_deferred(ordinals)
        self._pending_cascade = pending_cascade = self._pending_cascade or []
        self._pending_count += len(selection.ids)
        if self._buffer:
            buffer = self._buffer
            pending_cascade += [run_id for run_id in selection.ids if buffer.pop(run_id, None)]
        # More matches: a drain will come back, and would test the buffered runs in each call.
        if self._buffer and selection.more:
            self._flush()
        self._forget(selection.ids)

    def _run_pending_cascade(self) -> None:
        """Do the cascades that are pending. Raises NotPrepared, and then nothing has changed.

        They are deferred because doing them in each call took more than half the time of deleting
        50 runs.
        """
        if self._pending_cascade is not None:
            related = self._prepare_cascade()
            deleted, self._pending_cascade = self._pending_cascade, None
            self._pending_count = 0
            loaded, *others = self._segments
            deleted += loaded.pop_pending_cascade(related)
            self._cascade(
                set(chain(deleted, *(segment.pop_pending_cascade() for segment in others)))
            )

    def _prepare_cascade(self) -> BitMap:
        """Look up what a cascade needs; returns the loaded runs that a cascade may be about."""
        overlay, (_, *others) = self._overlays.get("task_runs"), self._segments
        related = {run.parent_flow_run_id for run in self._buffer.values()}
        related.update(*(segment.index.parent_ids() for segment in others))
        if overlay is not None:
            related.update(task_run.flow_run_id for task_run in overlay.changed)
        return self.base.related_ordinals(related)

    def _run_cascade_before(self, predicate: Predicate) -> None:
        """Do the pending cascades if the predicate would show the difference."""
        # A drain passes the same object in each call: whether it depends on parents is found once.
        if self._pending_cascade is not None and predicate is not self._independent_predicate:
            if depends_on_parents(predicate):
                self._run_pending_cascade()
            else:
                self._independent_predicate = predicate

    def _forget(self, deleted: Iterable[str]) -> None:
        """Delete the earlier states and the inputs of deleted runs (ids)."""
        if self._states:
            for flow_run_id in deleted:
                self._states.pop(flow_run_id, None)
        if self.run_inputs:
            for flow_run_id in deleted:
                self.run_inputs.pop(flow_run_id, None)

    def _cascade(self, deleted: set[str]) -> None:
        """Delete the task runs of deleted flow runs (ids), and orphan their subflows."""
        # Rule M11. Prefect leaves both to foreign keys: TaskRun.flow_run_id with ON DELETE CASCADE,
        # FlowRun.parent_task_run_id with ON DELETE SET NULL (database/orm_models.py).
        self._drop_task_runs(deleted)
        self._orphan_children(deleted)

    def _drop(self, flow_run_ids: Collection[str]) -> list[str]:
        """Delete runs without a cascade. Returns the ids that existed, in the order given."""
        dropped = {run_id for run_id in flow_run_ids if self._buffer.pop(run_id, None)}
        dropped.update(*(segment.drop(flow_run_ids) for segment in self._writable_segments()))
        return [run_id for run_id in flow_run_ids if run_id in dropped]

    def _drop_task_runs(self, flow_run_ids: set[str]) -> None:
        overlay, loaded_ids = self._overlays.get("task_runs"), self.base.task_runs_of
        changed = {} if overlay is None else {each.id: each for each in overlay.changed}
        ids = [each.id for each in changed.values() if each.flow_run_id in flow_run_ids]
        for flow_run_id in loaded_ids.keys() & flow_run_ids:
            # One that was changed may belong to another flow run by now.
            ids += [each for each in loaded_ids[flow_run_id] if each not in changed]
        if ids:
            self._overlay("task_runs").drop(ids)
            if self.task_run_states:
                for task_run_id in ids:
                    self.task_run_states.pop(task_run_id, None)

    def _orphan_children(self, parents: set[str]) -> None:
        for segment in self._writable_segments():
            segment.orphan_children(parents)
        orphaned = [run for run in self._buffer.values() if run.parent_flow_run_id in parents]
        self._buffer.update((run.id, with_parent_nulled(run)) for run in orphaned)

    def drop_work_queues(self, ids: frozenset[str]) -> None:
        """Delete work queues. Flow runs and deployments stay, without a queue.

        The time it takes depends on the number of deployments, and hardly on that of flow runs.
        """
        test = Comparison("work_queue_id", ONE_OF, ids)
        # All are looked up before anything changes: this may raise NotPrepared.
        found = [segment.all_matching(test) for segment in self._segments]
        deployments = list(filter(test, self.deployments))
        queues = self.work_queues
        for segment, ordinals in zip(self._writable_segments(), found, strict=True):
            if ordinals:
                segment.forget_queues(ordinals)
        for run in filter(test, list(self._buffer.values())):
            self._buffer[run.id] = with_queue_nulled(run)
        # Prefect: orm_models.py, Deployment.work_queue_id is ON DELETE SET NULL as well.
        for one in deployments:
            nulled = replace(one, work_queue_id=None, work_pool_id=None, work_pool_name=None)
            self.deployments.put(nulled)
        queues.drop(ids)

    def put(self, run: FlowRun) -> None:
        """Add a run, or replace the one with its id.

        Its `parent_flow_run_id` is taken from its parent task run.
        """
        # Rule M8: whatever the record says of its parent.
        task_run = self.task_runs.get(run.parent_task_run_id)
        parent = task_run.flow_run_id if task_run else None
        self._drop((run.id,))
        self._buffer[run.id] = replace(run, parent_flow_run_id=parent)
        if len(self._buffer) > MAX_BUFFERED:
            self._flush()

    def put_many(self, index: FlowRunIndex) -> None:
        """Add the runs of an index, as `put` does; no run may have one of their ids.

        Many become a segment: the index itself, unless some have other parents here.
        """
        runs = index.runs
        if len(runs) <= MAX_PUT_ONE_BY_ONE:
            for run in runs:
                self.put(run)
            return
        task_runs = self.task_runs
        parents = {
            run.id: task_run.flow_run_id
            for run in runs
            if run.parent_task_run_id is not None
            and (task_run := task_runs.get(run.parent_task_run_id)) is not None
            and task_run.flow_run_id != run.parent_flow_run_id
        }
        if parents:
            index = FlowRunIndex(
                replace(run, parent_flow_run_id=parents[run.id]) if run.id in parents else run
                for run in runs
            )
        self._writable_segments().append(Segment(index))

    def existing_ids(self, ids: Mapping[str, object]) -> list[str]:
        """Those of the ids that runs here have."""
        found = [run_id for run_id in self._buffer if run_id in ids]
        for segment in self._segments:
            held = segment.index.ordinal_by_id.keys() & ids.keys()
            found += [run_id for run_id in held if segment.ordinal_of(run_id) is not None]
        return sorted(found)

    def large_parts(self) -> list[list[FlowRun]]:
        """The runs that are kept as objects in large parts, for who lets go of them in slices."""
        held = (segment.index.runs for segment in self._segments)
        return [list(one) for one in held if isinstance(one, tuple) and len(one) >= LARGE_PART]

    def _flush(self) -> None:
        """Make a segment of the buffer and of the last segments that are small beside it."""
        runs = list(self._buffer.values())
        segments = self._writable_segments()
        while len(segments) > 1 and len(segments[-1]) < MERGE_FACTOR * len(runs):
            segment = segments.pop()
            if self._pending_cascade is not None:  # as ids: the ordinals go with the segment
                self._pending_cascade += segment.pop_pending_cascade()
            runs.extend(segment)
        segments.append(Segment(FlowRunIndex(runs)))
        self._buffer = {}

    def states_of(self, run: FlowRun) -> tuple[State, ...]:
        """The known states that a run has been in, oldest first, its present one last."""
        before = self._states.get(run.id, ())
        return before if run.state is None else (*before, run.state)

    @property
    def remembered(self) -> Mapping[str, tuple[State, ...]]:
        """The states that runs were in before their present ones, by the runs' ids."""
        return self._states

    def remember(self, flow_run_id: str, states: tuple[State, ...]) -> None:
        """Set the states that a run was in before its present one, oldest first."""
        self._states[flow_run_id] = states

    def fork(self) -> Store:
        """An independent store that starts with the same content."""
        if self._pending_cascade is not None:
            self._run_pending_cascade()
        other: Store = Store.__new__(Store)  # faster: `__init__` makes what is replaced here
        other.base = self.base
        other._pending_cascade = None
        other._pending_count = 0
        other._independent_predicate = None
        other._base_segments = segments = self._base_segments
        if self._segments is not segments:
            segments = [segment.copy() for segment in self._segments]
        other._segments = segments
        other._buffer = self._buffer.copy()
        overlays = self._overlays
        other._overlays = {name: overlays[name].fork() for name in overlays} if overlays else {}
        other._states = self._states.copy()
        other.leases = self.leases.copy()
        other.logs = self.logs.fork()
        other.run_inputs = self.run_inputs.copy()
        other.task_run_states = self.task_run_states.copy()
        return other

    def _matching(self, predicate: Predicate, limit: int | None) -> Iterator[FlowRun]:
        """At least the first `limit` runs that satisfy a predicate (None: all), in order."""
        self._run_pending_cascade()
        found: list[Iterable[FlowRun]] = [
            segment.runs(segment.first_matching(predicate, limit)) for segment in self._segments
        ]
        if self._buffer:
            found.append(self._match_buffer(predicate))
        return iter(found[0]) if len(found) == 1 else merge(*found, key=id_of, reverse=True)

    def _match_buffer(self, predicate: Predicate) -> list[FlowRun]:
        """The runs of the buffer that satisfy a predicate, highest id first."""
        return sorted(filter(predicate, self._buffer.values()), key=id_of, reverse=True)


def _values_of(parts: Iterable[tuple[FlowRunIndex, BitMap]], column: str) -> frozenset[str]:
    return _united([index.value_index(column).values_of(members) for index, members in parts])


def _united(parts: Iterable[frozenset[str]]) -> frozenset[str]:
    """The members of all parts: that part itself where only one has any."""
    filled = list(filter(None, parts))
    return filled[0] if len(filled) == 1 else frozenset().union(*filled)


def _merge_descending(id_lists: list[list[str]]) -> list[str]:
    """The ids of all lists in one, highest first. Each list is in this order already."""
    if len(id_lists) == 1:
        return id_lists[0]
    # Python's sort finds the lists as ordered runs and only merges them.
    return sorted(chain.from_iterable(id_lists), reverse=True)
