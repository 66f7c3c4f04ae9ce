"""Segments: indexed flow runs, and which of them are deleted or have lost parent or work queue.

Invariant: `deleted` and `orphans` only grow. So a search can go on where the last one for the
same query ended, which keeps the last call of a drain as fast as the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import nlargest, nsmallest
from typing import Any

from pyroaring import BitMap

from ..filters import Predicate
from ..prefect import FlowRun
from .flow_run_index import NO_ORDINALS, PARENT_COLUMNS, FlowRunIndex, depends_on_parents
from .indexes import Difference, OrdinalSet, is_known_empty
from .sort_orders import SegmentMatches, SortBy
from .value_counts import count_values, find_spans

MIN_WINDOW = 256
"""Smallest number of ordinals that a search looks at first."""
# With it, four windows cover a million runs.
WINDOW_GROWTH = 16
"""How many times as large as the last window the next one is."""
MAX_REMAINING = 1024  # matches that a cursor keeps
MAX_CURSORS = 16  # that a segment keeps

Query = Predicate | tuple[Predicate, Predicate]
"""A predicate; or a wider and a narrower one, for the runs that satisfy only the wider."""


class SearchCursor:
    """A query, its lazy set of matches, and how far that set has been searched.

    Every match below the ordinal `end` that is not deleted is in `remaining`; None: there is
    none. Deletes keep this true, because they only take matches away. Orphaning may add matches
    below `end`; then the cursor is rewound.
    """

    __slots__ = ("cached", "end", "matches", "query", "remaining")

    def __init__(self, query: Query, matches: OrdinalSet) -> None:
        self.query = query
        self.matches = matches
        self.remaining: BitMap | None = None
        self.end = 0
        self.cached = False

    def rewind(self, ordinal: int) -> None:
        """Search again from an ordinal or the first remaining match, whichever comes first."""
        self.end = min(ordinal, self.remaining.min() if self.remaining else self.end)
        self.remaining = None


class Segment:
    """A view of an index: without `deleted` runs, with null parents for the `orphans`, and without
    a work queue for the `queueless`.

    All are bitmaps of ordinals, and so is `pending_cascade`: the deleted runs whose cascade has
    not been done yet (None: there are none).
    """

    __slots__ = (
        *("_cursors", "_last_cursor", "deleted", "index", "orphans", "pending_cascade"),
        "queueless",
    )

    def __init__(self, index: FlowRunIndex) -> None:
        self.index = index
        self.deleted = BitMap()
        self.orphans = NO_ORDINALS
        self.queueless = NO_ORDINALS
        self.pending_cascade: BitMap | None = None
        self._cursors: dict[Query, SearchCursor] = {}
        # A drain passes the same predicate again: comparing identities is faster than hashing it.
        self._last_cursor: SearchCursor | None = None

    def __len__(self) -> int:
        return len(self.index.runs) - len(self.deleted)

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return self.runs(self.index.all_ordinals - self.deleted)

    def ordinal_of(self, run_id: str) -> int | None:
        """The ordinal of the run with an id; None if there is none, or it is deleted."""
        ordinal = self.index.ordinal_by_id.get(run_id)
        return None if ordinal is None or ordinal in self.deleted else ordinal

    def run(self, ordinal: int) -> FlowRun:
        """The run at an ordinal, deleted or not."""
        run = self.index.runs[ordinal]
        if ordinal in self.queueless:
            run = with_queue_nulled(run)
        return with_parent_nulled(run) if ordinal in self.orphans else run

    def runs(self, ordinals: Iterable[int]) -> Iterator[FlowRun]:
        """The runs at these ordinals, in their order."""
        changed = self.orphans or self.queueless
        return map(self.run if changed else self.index.runs.__getitem__, ordinals)

    def drop(self, run_ids: Iterable[str]) -> list[str]:
        """Delete runs, without a cascade. Returns the ids of those that were here."""
        ordinal_by_id, deleted = self.index.ordinal_by_id, self.deleted
        ordinals = {run_id: ordinal_by_id[run_id] for run_id in run_ids if run_id in ordinal_by_id}
        dropped = [run_id for run_id, ordinal in ordinals.items() if ordinal not in deleted]
        deleted.update(ordinals.values())
        return dropped

    def delete_deferred(self, ordinals: Iterable[int]) -> None:
        """Delete runs that are here, and note that their cascade is pending."""
        self.deleted.update(ordinals)
        if self.pending_cascade is None:
            self.pending_cascade = BitMap(ordinals)
        else:
            self.pending_cascade.update(ordinals)

    def pop_pending_cascade(self, related: BitMap | None = None) -> list[str]:
        """The ids of the deleted runs whose cascade is pending; the caller does it now.

        `related`: the runs that have a task run or a subflow, if that is known.
        """
        pending, self.pending_cascade = self.pending_cascade, None
        if pending is None:
            return []
        return self.index.ids_of((pending if related is None else pending & related).to_array())

    def orphan_children(self, parents: set[str]) -> None:
        """Make orphans of the subflows of these flow runs (ids)."""
        children = self.index.children(parents)
        if not children:
            return
        self._last_cursor = None
        related = [query for query in self._cursors if depends_on_parents(query)]
        if self.orphans is NO_ORDINALS:
            # A copy: the bitmap may belong to the index.
            self.orphans = children.copy()
            for query in related:  # their matches do not refer to the new bitmap
                del self._cursors[query]
            return
        self.orphans |= children
        for query in related:  # which the new orphans may match now
            self._cursors[query].rewind(children.min())

    def forget_queues(self, ordinals: BitMap) -> None:
        """Leave these runs without a work queue."""
        self.queueless = self.queueless | ordinals
        # Their matches refer to the bitmap as it was.
        self._cursors = {}
        self._last_cursor = None

    def parent_task_run_ids(self) -> frozenset[str]:
        """The ids of the task runs that are the parent of a run here."""
        return self.index.parent_task_run_ids(excluding=self.deleted | self.orphans)

    def count(self, predicate: Predicate) -> int:
        """How many runs satisfy a predicate."""
        return len(self.all_matching(predicate))

    def all_matching(self, predicate: Predicate) -> BitMap:
        """The ordinals of all runs that satisfy a predicate. The bitmap must not be changed."""
        return self._not_deleted(self._look_up(predicate).within(None))

    def _look_up(self, predicate: Predicate) -> OrdinalSet:
        return self.index.look_up(predicate, self.orphans, self.queueless)

    def sorted_matches(self, predicate: Predicate, sort_by: SortBy) -> SegmentMatches:
        """The runs that satisfy a predicate, sorted."""
        return sorted_matches(self.index, self.all_matching(predicate), sort_by, self.run)

    def count_values(self, predicate: Predicate, column: str) -> Counter[Any]:
        """How many of the runs that satisfy a predicate have each value of a column."""
        found = self.all_matching(predicate)
        if column not in PARENT_COLUMNS:
            return count_values(self.index, column, found)
        counts = count_values(self.index, column, found - self.orphans)
        counts[None] += found.intersection_cardinality(self.orphans)
        return +counts

    def count_times(
        self, predicates: Iterable[Predicate], columns: Sequence[str], bounds: Sequence[int]
    ) -> list[list[int]]:
        """How many of the runs that satisfy each predicate have an instant between two bounds."""
        spans = find_spans(self.index, columns, bounds)
        return [
            [span.intersection_cardinality(found) for span in spans]
            for found in map(self.all_matching, predicates)
        ]

    def nearest(self, predicate: Predicate, column: str, count: int, latest: bool) -> list[FlowRun]:
        """The runs that satisfy a predicate and have the earliest or latest instants."""
        instants = self.index.microseconds(column).__getitem__
        members = self.all_matching(predicate).to_array()
        found = (nlargest if latest else nsmallest)(count, members, key=instants)
        return list(self.runs(found))

    def difference(
        self, one: Predicate, other: Predicate, limit: int
    ) -> tuple[int, Iterator[FlowRun]]:
        """How many runs satisfy `one` and not `other`, and the first `limit` of them."""
        found = self.all_matching(one) - self.all_matching(other)
        return len(found), self.runs(_first_ordinals(found, limit))

    def first_matching(self, predicate: Predicate, limit: int | None) -> list[int]:
        """The ordinals of the first `limit` runs that satisfy a predicate (None: of all)."""
        if limit is None:
            return _first_ordinals(self.all_matching(predicate), None)
        cursor = self._last_cursor
        if cursor is None or cursor.query is not predicate:
            cursor = self._last_cursor = self._cursor_for(predicate)
        # Few matches, or few runs: evaluating the whole set is faster than searching windows.
        if cursor.matches.estimated_size <= limit or len(self.index.runs) <= MIN_WINDOW:
            return _first_ordinals(self._not_deleted(cursor.matches.within(None)), limit)
        return _first_ordinals(self._search(cursor, limit), limit)

    def _cursor_for(self, predicate: Predicate) -> SearchCursor:
        cached = self._cursors.get(predicate) if self._cursors else None
        return cached or SearchCursor(predicate, self._look_up(predicate))

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the wider predicate and not the narrower one."""
        cursor = self._cursors.get((wider, narrower)) if self._cursors else None
        if cursor is None:
            wider_matches = self._look_up(wider)
            if is_known_empty(wider_matches):
                return False
            extra = Difference(wider_matches, self._look_up(narrower))
            cursor = SearchCursor((wider, narrower), extra)
        return bool(self._search(cursor, 1))

    def _search(self, cursor: SearchCursor, limit: int) -> BitMap:
        """At least the first `limit` matches that are not deleted, or all if there are fewer.

        Searches ever larger windows. The first one would hold twice as many as are wanted, and
        more, if the matches were spread evenly.
        """
        matches, end, runs = cursor.matches, cursor.end, len(self.index.runs)
        found = self._not_deleted(cursor.remaining) if cursor.remaining else None
        size = MIN_WINDOW + 2 * limit * runs // (matches.estimated_size or 1)
        while end < runs and (found is None or len(found) < limit):
            begin, end = end, min(end + size, runs)
            window = BitMap(range(begin, end)) if end - begin < runs else None
            more = self._not_deleted(matches.within(window))
            found = found | more if found else more
            size *= WINDOW_GROWTH
        found = BitMap() if found is None else found
        if self.deleted:  # else no drain is going on that would come back for the rest
            fits = len(found) <= MAX_REMAINING
            cursor.remaining, cursor.end = (
                (found, end) if fits else (found[:MAX_REMAINING], found[MAX_REMAINING])
            )
            self._cache(cursor)
        return found

    def _not_deleted(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.deleted if self.deleted else ordinals

    def _cache(self, cursor: SearchCursor) -> None:
        if not cursor.cached:
            cursor.cached = True
            self._cursors[cursor.query] = cursor
            if len(self._cursors) > MAX_CURSORS:
                del self._cursors[next(iter(self._cursors))]

    def copy(self) -> Segment:
        """An independent view that starts the same. This one must have no pending cascade.

        The time it takes depends on what was deleted, not on the size of the index.
        """
        other: Segment = Segment.__new__(Segment)  # faster: `__init__` makes what is replaced here
        other.index = self.index
        other.deleted = self.deleted.copy()
        other.orphans = NO_ORDINALS if self.orphans is NO_ORDINALS else self.orphans.copy()
        other.queueless = self.queueless  # never changed, only replaced
        other.pending_cascade = None
        other._cursors = {}
        other._last_cursor = None
        return other


def sorted_matches(
    index: FlowRunIndex, members: BitMap, sort_by: SortBy, run_at: Callable[[int], FlowRun]
) -> SegmentMatches:
    """Some runs of an index, sorted. `run_at`: the run at an ordinal."""
    order = index.sort_order(sort_by.column, descending=sort_by.descending)
    return SegmentMatches(order, members, sort_by, index.ids, run_at)


def _first_ordinals(found: BitMap, limit: int | None) -> list[int]:
    """The first `limit` ordinals of a bitmap (None: all)."""
    if not found:
        return []
    # Slicing a bitmap costs more than making a list, unless it holds many more than are wanted.
    leading = found if len(found) <= MAX_REMAINING else found[:limit]
    ordinals: list[int] = leading.to_array()[:limit].tolist()
    return ordinals


def with_parent_nulled(run: FlowRun) -> FlowRun:
    """The run as it is after its parent was deleted."""
    return replace(run, parent_task_run_id=None, parent_flow_run_id=None)


def with_queue_nulled(run: FlowRun) -> FlowRun:
    """The run as it is after its work queue was deleted."""
    return replace(run, work_queue_id=None, work_pool_id=None, work_pool_name=None)
