"""Layers: flow runs that do not change, and which of them are gone or have lost their parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pyroaring import BitMap

from ..filters import Predicate
from ..prefect import FlowRun
from .flow_run_index import FlowRunIndex, depends_on_parents
from .ordinal_sets import Difference, OrdinalSet, is_known_empty

MIN_WINDOW = 256
"""Among so many runs is looked first, at the least."""
WINDOW_GROWTH = 16
MAX_REMAINING = 1024  # of what was found
MAX_CURSORS = 16  # predicates

NO_ORDINALS = BitMap()  # is never changed

Query = Predicate | tuple[Predicate, Predicate]
"""A predicate, or a wider and a narrower one: what satisfies only the one."""


class SearchCursor:
    """What was asked for, and how far it was sought: what there is before `end` is among `left`."""

    __slots__ = ("cached", "end", "matches", "query", "remaining")

    def __init__(self, query: Query, matches: OrdinalSet) -> None:
        self.query = query
        self.matches = matches
        self.remaining: BitMap | None = None
        self.end = 0
        self.cached = False

    def rewind(self, ordinal: int) -> None:
        """Seek again from an ordinal, if it was sought farther."""
        self.end = min(ordinal, self.remaining.min() if self.remaining else self.end)
        self.remaining = None


class Segment:
    """A view on an index: without the runs that are `deleted`, and without parents of `orphans`.

    What follows from a run's going (M11) has not been done yet for those of `bereft`.

    Copying it costs as much as is gone, however large the index is. Runs only ever go: what is
    asked for again is among what was found and not yet taken, or farther on. To begin there keeps
    the last call of a drain as fast as the first.
    """

    __slots__ = ("_cursors", "_last_cursor", "deleted", "index", "orphans", "pending_cascade")

    def __init__(self, index: FlowRunIndex) -> None:
        self.index = index
        self.deleted = BitMap()
        self.orphans = NO_ORDINALS
        self.pending_cascade: BitMap | None = None
        self._cursors: dict[Query, SearchCursor] = {}
        # What is asked for again, sooner told by identity.
        self._last_cursor: SearchCursor | None = None

    def __len__(self) -> int:
        return len(self.index.runs) - len(self.deleted)

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return self.runs(self.index.all_ordinals - self.deleted)

    def ordinal_of(self, run_id: str) -> int | None:
        """The ordinal of the run with an id; None when it is not here."""
        ordinal = self.index.ordinal_by_id.get(run_id)
        return None if ordinal is None or ordinal in self.deleted else ordinal

    def run(self, ordinal: int) -> FlowRun:
        """The run at an ordinal."""
        run = self.index.runs[ordinal]
        return with_parent_nulled(run) if ordinal in self.orphans else run

    def runs(self, ordinals: Iterable[int]) -> Iterator[FlowRun]:
        """The runs at ordinals."""
        return map(self.run if self.orphans else self.index.runs.__getitem__, ordinals)

    def drop(self, run_ids: Iterable[str]) -> list[str]:
        """Take runs out; returns the ids of those that were here."""
        ordinal_by_id, deleted = self.index.ordinal_by_id, self.deleted
        ordinals = {run_id: ordinal_by_id[run_id] for run_id in run_ids if run_id in ordinal_by_id}
        dropped = [run_id for run_id, ordinal in ordinals.items() if ordinal not in deleted]
        deleted.update(ordinals.values())
        return dropped

    def delete_deferred(self, ordinals: Iterable[int]) -> None:
        """Take runs out that are here, and leave what follows from it for later."""
        self.deleted.update(ordinals)
        if self.pending_cascade is None:
            self.pending_cascade = BitMap(ordinals)
        else:
            self.pending_cascade.update(ordinals)

    def pop_pending_cascade(self) -> list[str]:
        """The ids of the runs from whose going something is to follow; now it will."""
        pending_cascade, self.pending_cascade = self.pending_cascade, None
        return [] if pending_cascade is None else self.index.ids_of(pending_cascade.to_array())

    def orphan_children(self, parents: set[str]) -> None:
        """Let the subflows of these flow runs have no parent."""
        children = self.index.children(parents)
        if not children:
            return
        self._last_cursor = None
        related = [query for query in self._cursors if depends_on_parents(query)]
        if self.orphans is NO_ORDINALS:
            self.orphans = children.copy()
            for query in related:  # they were looked up without orphans
                del self._cursors[query]
            return
        self.orphans |= children
        for query in related:  # which they may satisfy now
            self._cursors[query].rewind(children.min())

    def parent_task_run_ids(self) -> set[str]:
        """The ids of the task runs that stand for a subflow."""
        return self.index.parent_task_run_ids(excluding=self.deleted | self.orphans)

    def count(self, predicate: Predicate) -> int:
        """How many runs satisfy a predicate."""
        return len(self._all(predicate))

    def _all(self, predicate: Predicate) -> BitMap:
        return self._not_deleted(self.index.look_up(predicate, self.orphans).within(None))

    def first_matching(self, predicate: Predicate, limit: int | None) -> list[int]:
        """The ordinals of the first so many runs that satisfy a predicate (None: all)."""
        if limit is None:
            return _first_ordinals(self._all(predicate), None)
        cursor = self._last_cursor
        if cursor is None or cursor.query is not predicate:
            cursor = self._last_cursor = self._cursor_for(predicate)
        if cursor.matches.estimated_size <= limit or len(self.index.runs) <= MIN_WINDOW:
            return _first_ordinals(self._not_deleted(cursor.matches.within(None)), limit)
        return _first_ordinals(self._search(cursor, limit), limit)

    def _cursor_for(self, predicate: Predicate) -> SearchCursor:
        cached = self._cursors.get(predicate) if self._cursors else None
        return cached or SearchCursor(predicate, self.index.look_up(predicate, self.orphans))

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the one and not the other."""
        cursor = self._cursors.get((wider, narrower)) if self._cursors else None
        if cursor is None:
            wider_matches = self.index.look_up(wider, self.orphans)
            if is_known_empty(wider_matches):
                return False
            extra = Difference(wider_matches, self.index.look_up(narrower, self.orphans))
            cursor = SearchCursor((wider, narrower), extra)
        return bool(self._search(cursor, 1))

    def _search(self, cursor: SearchCursor, limit: int) -> BitMap:
        """At least the first so many, or all that there are: sought in ever larger windows."""
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
        if self.deleted:
            few = len(found) <= MAX_REMAINING
            cursor.remaining, cursor.end = (
                (found, end) if few else (found[:MAX_REMAINING], found[MAX_REMAINING])
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
        """A view that starts as this one is, of which nothing is bereft."""
        other: Segment = Segment.__new__(Segment)  # `__init__` would make what is replaced here
        other.index = self.index
        other.deleted = self.deleted.copy()
        other.orphans = NO_ORDINALS if self.orphans is NO_ORDINALS else self.orphans.copy()
        other.pending_cascade = None
        other._cursors = {}
        other._last_cursor = None
        return other


def _first_ordinals(found: BitMap, limit: int | None) -> list[int]:
    """The first so many ordinals (None: all)."""
    leading = found if len(found) <= MAX_REMAINING else found[:limit]  # dearer, but for few of many
    ordinals: list[int] = leading.to_array()[:limit].tolist()
    return ordinals


def with_parent_nulled(run: FlowRun) -> FlowRun:
    """The run after its parent has been deleted (M11)."""
    return replace(run, parent_task_run_id=None, parent_flow_run_id=None)
