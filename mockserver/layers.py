"""Layers: flow runs that do not change, and which of them are gone or have lost their parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from pyroaring import BitMap

from .index import Index
from .predicates import Predicate
from .runs import FlowRun

WINDOW = 1024
"""Among so many runs there mostly are those wanted, and it takes a few microseconds to look."""


@dataclass(slots=True)
class Layer:
    """A view on an index: without the runs that are `gone`, and without parents of `orphans`.

    Copying it costs as much as is gone, however large the index is.
    """

    index: Index
    gone: BitMap = field(default_factory=BitMap)
    orphans: BitMap = field(default_factory=BitMap)

    def __len__(self) -> int:
        return len(self.index.runs) - len(self.gone)

    def __iter__(self) -> Iterator[FlowRun]:
        """Every run, highest id first."""
        return map(self.run, self.index.every - self.gone)

    def place(self, run_id: str) -> int | None:
        """The ordinal of the run with an id; None when it is not here."""
        at = self.index.ordinal.get(run_id)
        return None if at is None or at in self.gone else at

    def run(self, at: int) -> FlowRun:
        """The run at an ordinal."""
        run = self.index.runs[at]
        return without_parent(run) if at in self.orphans else run

    def drop(self, run_ids: Iterable[str]) -> list[str]:
        """Take runs out; returns the ids of those that were here."""
        ordinal, gone = self.index.ordinal, self.gone
        dropped: list[str] = []
        for run_id in run_ids:
            at = ordinal.get(run_id)
            if at is not None and at not in gone:
                gone.add(at)
                dropped.append(run_id)
        return dropped

    def orphan_children(self, parents: Iterable[str]) -> None:
        """Let the subflows of these flow runs have no parent."""
        self.orphans |= self.index.children(parents)

    def parent_task_run_ids(self) -> set[str]:
        """The ids of the task runs that stand for a subflow."""
        return self.index.parent_task_run_ids(without=self.gone | self.orphans)

    def ordinals(self, predicate: Predicate) -> BitMap:
        """The runs that satisfy a predicate."""
        found = self.index.ordinals(predicate, self.orphans)
        return found - self.gone if self.gone else found

    def first(self, predicate: Predicate, limit: int | None) -> Iterator[int]:
        """The first so many of them (None: all)."""
        if limit is not None and limit < WINDOW < len(self.index.runs):
            window = (self.index.every - self.gone)[:WINDOW]
            found = self.index.ordinals(predicate, self.orphans, window)
            if len(found) >= limit:
                return islice(found, limit)
        return islice(self.ordinals(predicate), limit)

    def any_more(self, wider: Predicate, narrower: Predicate) -> bool:
        """Whether some run satisfies the one and not the other."""
        more = self.ordinals(wider) - self.index.ordinals(narrower, self.orphans)
        return bool(more)

    def copy(self) -> Layer:
        """A view that starts as this one is."""
        return Layer(self.index, self.gone.copy(), self.orphans.copy())


def without_parent(run: FlowRun) -> FlowRun:
    """The run after its parent has been deleted (M11)."""
    return replace(run, parent_task_run_id=None, parent_flow_run_id=None)
