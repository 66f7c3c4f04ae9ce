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

    __slots__ = ("asked", "end", "kept", "left", "wanted")

    def __init__(self, asked: Query, wanted: OrdinalSet) -> None:
        self.asked = asked
        self.wanted = wanted
        self.left: BitMap | None = None
        self.end = 0
        self.kept = False

    def forget(self, at: int) -> None:
        """Seek again from an ordinal, if it was sought farther."""
        self.end = min(at, self.left.min() if self.left else self.end)
        self.left = None


class Segment:
    """A view on an index: without the runs that are `gone`, and without parents of `orphans`.

    What follows from a run's going (M11) has not been done yet for those of `bereft`.

    Copying it costs as much as is gone, however large the index is. Runs only ever go: what is
    asked for again is among what was found and not yet taken, or farther on. To begin there keeps
    the last call of a drain as fast as the first.
    """

    __slots__ = ("_last", "_sought", "bereft", "gone", "index", "orphans")

    def __init__(self, index: FlowRunIndex) -> None:
        self.index = index
        self.gone = BitMap()
        self.orphans = NO_ORDINALS
        self.bereft: BitMap | None = None
        self._sought: dict[Query, SearchCursor] = {}
        self._last: SearchCursor | None = None  # what is asked for again, sooner told by identity

    def __len__(self) -> int:
        return len(self.index.runs) - len(self.gone)

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return self.runs(self.index.every - self.gone)

    def place(self, run_id: str) -> int | None:
        """The ordinal of the run with an id; None when it is not here."""
        at = self.index.ordinal.get(run_id)
        return None if at is None or at in self.gone else at

    def run(self, at: int) -> FlowRun:
        """The run at an ordinal."""
        run = self.index.runs[at]
        return with_parent_nulled(run) if at in self.orphans else run

    def runs(self, ordinals: Iterable[int]) -> Iterator[FlowRun]:
        """The runs at ordinals."""
        return map(self.run if self.orphans else self.index.runs.__getitem__, ordinals)

    def drop(self, run_ids: Iterable[str]) -> list[str]:
        """Take runs out; returns the ids of those that were here."""
        ordinal, gone = self.index.ordinal, self.gone
        places = {run_id: ordinal[run_id] for run_id in run_ids if run_id in ordinal}
        dropped = [run_id for run_id, at in places.items() if at not in gone]
        gone.update(places.values())
        return dropped

    def take(self, ordinals: Iterable[int]) -> None:
        """Take runs out that are here, and leave what follows from it for later."""
        self.gone.update(ordinals)
        if self.bereft is None:
            self.bereft = BitMap(ordinals)
        else:
            self.bereft.update(ordinals)

    def take_bereft(self) -> list[str]:
        """The ids of the runs from whose going something is to follow; now it will."""
        bereft, self.bereft = self.bereft, None
        return [] if bereft is None else self.index.ids_of(bereft.to_array())

    def orphan_children(self, parents: set[str]) -> None:
        """Let the subflows of these flow runs have no parent."""
        children = self.index.children(parents)
        if not children:
            return
        self._last = None
        related = [asked for asked in self._sought if depends_on_parents(asked)]
        if self.orphans is NO_ORDINALS:
            self.orphans = children.copy()
            for asked in related:  # they were looked up without orphans
                del self._sought[asked]
            return
        self.orphans |= children
        for asked in related:  # which they may satisfy now
            self._sought[asked].forget(children.min())

    def parent_task_run_ids(self) -> set[str]:
        """The ids of the task runs that stand for a subflow."""
        return self.index.parent_task_run_ids(without=self.gone | self.orphans)

    def count(self, predicate: Predicate) -> int:
        """How many runs satisfy a predicate."""
        return len(self._all(predicate))

    def _all(self, predicate: Predicate) -> BitMap:
        return self._there(self.index.look_up(predicate, self.orphans).within(None))

    def first(self, predicate: Predicate, limit: int | None) -> list[int]:
        """The ordinals of the first so many runs that satisfy a predicate (None: all)."""
        if limit is None:
            return _first_ordinals(self._all(predicate), None)
        sought = self._last
        if sought is None or sought.asked is not predicate:
            sought = self._last = self._seeking(predicate)
        if sought.wanted.about <= limit or len(self.index.runs) <= MIN_WINDOW:
            return _first_ordinals(self._there(sought.wanted.within(None)), limit)
        return _first_ordinals(self._seek(sought, limit), limit)

    def _seeking(self, predicate: Predicate) -> SearchCursor:
        kept = self._sought.get(predicate) if self._sought else None
        return kept or SearchCursor(predicate, self.index.look_up(predicate, self.orphans))

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the one and not the other."""
        sought = self._sought.get((wider, narrower)) if self._sought else None
        if sought is None:
            all_of_it = self.index.look_up(wider, self.orphans)
            if is_known_empty(all_of_it):
                return False
            only = Difference(all_of_it, self.index.look_up(narrower, self.orphans))
            sought = SearchCursor((wider, narrower), only)
        return bool(self._seek(sought, 1))

    def _seek(self, sought: SearchCursor, limit: int) -> BitMap:
        """At least the first so many, or all that there are: sought in ever larger windows."""
        wanted, end, runs = sought.wanted, sought.end, len(self.index.runs)
        found = self._there(sought.left) if sought.left else None
        size = MIN_WINDOW + 2 * limit * runs // (wanted.about or 1)
        while end < runs and (found is None or len(found) < limit):
            begin, end = end, min(end + size, runs)
            window = BitMap(range(begin, end)) if end - begin < runs else None
            more = self._there(wanted.within(window))
            found = found | more if found else more
            size *= WINDOW_GROWTH
        found = BitMap() if found is None else found
        if self.gone:
            few = len(found) <= MAX_REMAINING
            sought.left, sought.end = (
                (found, end) if few else (found[:MAX_REMAINING], found[MAX_REMAINING])
            )
            self._keep(sought)
        return found

    def _there(self, found: BitMap) -> BitMap:
        return found - self.gone if self.gone else found

    def _keep(self, sought: SearchCursor) -> None:
        if not sought.kept:
            sought.kept = True
            self._sought[sought.asked] = sought
            if len(self._sought) > MAX_CURSORS:
                del self._sought[next(iter(self._sought))]

    def copy(self) -> Segment:
        """A view that starts as this one is, of which nothing is bereft."""
        other: Segment = Segment.__new__(Segment)  # `__init__` would make what is replaced here
        other.index = self.index
        other.gone = self.gone.copy()
        other.orphans = NO_ORDINALS if self.orphans is NO_ORDINALS else self.orphans.copy()
        other.bereft = None
        other._sought = {}
        other._last = None
        return other


def _first_ordinals(found: BitMap, limit: int | None) -> list[int]:
    """The first so many ordinals (None: all)."""
    few = found if len(found) <= MAX_REMAINING else found[:limit]  # dearer, but for few of many
    ordinals: list[int] = few.to_array()[:limit].tolist()
    return ordinals


def with_parent_nulled(run: FlowRun) -> FlowRun:
    """The run after its parent has been deleted (M11)."""
    return replace(run, parent_task_run_id=None, parent_flow_run_id=None)
