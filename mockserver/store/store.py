"""The store: flow runs that can be changed, over a base that never changes.

What it holds is in three files, and what it can be asked is here: `merge_tree.py` has the flow
runs, in segments and a write buffer; `related_records.py` the other records; and
`cascading_deletes.py` what a delete does to both. Nearly every question is put to each segment and
to the buffer, and the answers are merged; before, a cascade is done that would change them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import merge, nlargest, nsmallest
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from pyroaring import BitMap

from ..filters import MATCH_ALL, Predicate
from ..prefect import FlowRun, TaskRun
from .base import Base
from .cascading_deletes import CascadingDeletes, Selection
from .columns import to_microseconds
from .flow_run_index import NO_ORDINALS, FlowRunIndex, depends_on_parents, id_of
from .segments import Segment, sorted_matches
from .sort_orders import BufferMatches, Matches, SortBy, page_of
from .value_counts import count_run_times, count_run_values

MAX_BUFFERED = 256
"""Most runs in the write buffer, where a query tests them one by one."""
MAX_PENDING = 50_000
"""Most deleted runs whose cascade is deferred: where each has a task run and a subflow, theirs take
0.1 s (measured)."""
MAX_PUT_ONE_BY_ONE = 2_000
"""More runs that are added together become a segment at once; chosen: fewer take 0.1 s to put."""
LARGE_PART = 10_000  # runs; chosen: to free so many takes 8 ms


class Store(CascadingDeletes):
    """A view of a base that can be changed without changing the base. Not thread-safe.

    Ids are compared as text, so uuids must be in lower case.
    """

    def __init__(self, base: Base) -> None:
        super().__init__(base)
        self.reset()

    def reset(self) -> None:
        """Undo every change: the store holds what the base holds."""
        self._reset_runs()
        self._reset_records()

    def fork(self) -> Store:
        """An independent store that starts with the same content."""
        if self._pending_cascade is not None:
            self._run_pending_cascade()
        other: Store = Store.__new__(Store)  # faster: `__init__` makes what is replaced here
        self._copy_runs_to(other)
        self._copy_records_to(other)
        return other

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

    def large_parts(self) -> list[list[FlowRun]]:
        """The runs that are kept as objects in large parts, for who lets go of them in slices."""
        held = (segment.index.runs for segment in self._segments)
        return [list(one) for one in held if isinstance(one, tuple) and len(one) >= LARGE_PART]

    def _matching(self, predicate: Predicate, limit: int | None) -> Iterator[FlowRun]:
        """At least the first `limit` runs that satisfy a predicate (None: all), in order."""
        self._run_pending_cascade()
        found: list[Iterable[FlowRun]] = [
            segment.runs(segment.first_matching(predicate, limit)) for segment in self._segments
        ]
        if self._buffer:
            found.append(self._match_buffer(predicate))
        return iter(found[0]) if len(found) == 1 else merge(*found, key=id_of, reverse=True)


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
