"""Undo and redo in a session: what it held before each delete of the page.

Invariant: what is undone takes the deletes of scripts in between with it, as a snapshot does. A
state costs what has changed since the one before it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from ...insight.deletion_report import RequestTotals
from ...store import Store
from ...worlds import World

MAX_STATES = 100
"""How often a user can undo; chosen, as many as there are snapshots."""


@dataclass(frozen=True, slots=True)
class State:
    """What a world held: its store, that before its first delete, and what was deleted by whom."""

    store: Store
    before: Store | None
    totals: RequestTotals

    @classmethod
    def of(cls, world: World) -> State:
        """The state of a world now. Raises NotPrepared as a fork of its store does."""
        return cls(world.store.fork(), world.before, world.totals.copy())

    def restore(self, world: World) -> None:
        """Give the world this state, which can be restored again."""
        world.store, world.before, world.totals = self.store.fork(), self.before, self.totals.copy()


@dataclass(slots=True)
class History:
    """The states before the last changes, and those that were undone."""

    done: deque[State] = field(default_factory=lambda: deque(maxlen=MAX_STATES))
    undone: list[State] = field(default_factory=list)

    def note(self, world: World) -> None:
        """Keep the state of a world that is going to change."""
        self.done.append(State.of(world))
        self.undone.clear()

    def undo(self, world: World) -> bool:
        """Go one change back; False where there is none."""
        return self._go(world, self.done, self.undone)

    def redo(self, world: World) -> bool:
        """Undo the last undo; False where there is none."""
        return self._go(world, self.undone, self.done)

    @staticmethod
    def _go(
        world: World, there: deque[State] | list[State], here: deque[State] | list[State]
    ) -> bool:
        if not there:
            return False
        now = State.of(world)
        there.pop().restore(world)
        here.append(now)
        return True

    def forget(self) -> None:
        """After a reset there is nothing to undo."""
        self.done.clear()
        self.undone.clear()


class Histories:
    """The history of each world that the page has changed, for as long as the world is there."""

    def __init__(self) -> None:
        self._by_world: WeakKeyDictionary[World, History] = WeakKeyDictionary()

    def of(self, world: World) -> History:
        """The history of a world, empty at first."""
        return self._by_world.setdefault(world, History())
