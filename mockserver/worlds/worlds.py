"""Worlds: a store with its clock, journal and faults; and the sessions that give out one each.

Invariant: whatever is done in a world is seen in no other. A new world costs as much as the one
it starts from has changed since its load, however much was loaded.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from itertools import count
from uuid import UUID, uuid4

from ..errors import Conflict, NotFound, UsageError, to_single_line
from ..seeds import Seeds
from ..store import Store
from .clock import Clock
from .faults import Faults
from .journal import MAX_EXCHANGES, Journal
from .plan_cache import PlanCache
from .run_factory import Factory, insert_seeds
from .settings import Settings

MAX_SESSIONS = 10_000
SESSION_IDLE_SECONDS = 3_600.0
MAX_SNAPSHOTS = 100
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_EXPECTED_NAME = "1 to 100 of A-Z a-z 0-9 . _ ~ -"


def deterministic_ids(seed: object = 0) -> Callable[[], str]:
    """Ids that look random and are the same ones each time, for the same seed."""
    numbers = count(1)

    def new_id() -> str:
        drawn = blake2b(f"{seed}:{next(numbers)}".encode(), digest_size=16).digest()
        return str(UUID(bytes=drawn, version=4))

    return new_id


class World:
    """What one user of a server sees. Not for several threads at once."""

    __slots__ = (
        "clock",
        "factory",
        "faults",
        "initial_clock",
        "initial_store",
        "journal",
        "new_id",
        "now",
        "plans",
        "settings",
        "snapshots",
        "store",
    )  # fmt: skip

    def __init__(self, store: Store, settings: Settings, clock: Clock | None = None) -> None:
        """`store` is what the world changes, and what `reset` goes back to is how it is now."""
        self.store = store
        self.settings = settings
        self.clock = clock or Clock(settings.now)
        self.now = self.clock.now
        self.new_id = settings.new_id
        self.factory = Factory(self.now, self.new_id)
        self.journal = Journal(settings.journal) if settings.journal else None
        self.faults = Faults()
        self.plans = PlanCache()
        self.initial_store = store.fork()
        self.initial_clock = self.clock.copy()
        self.snapshots: dict[str, Store] = {}

    @property
    def observed(self) -> bool:
        """Whether what is asked has to be looked at, for a journal or because it may go wrong."""
        return self.journal is not None or bool(self.faults.rules)

    def load(self, seeds: Seeds) -> None:
        """Add what seeds hold. Raises SeedError, and then nothing is added."""
        if len(self.store) or len(self.store.task_runs) or self.store.base.runs:
            insert_seeds(seeds, self.store)
        else:  # as a base it is indexed
            self.store = Store(seeds.base())

    def begin_here(self) -> None:
        """Let `reset` go back to what the store holds and the clock shows now."""
        self.initial_store = self.store.fork()
        self.initial_clock = self.clock.copy()

    def reset(self) -> None:
        """Back to how it initial_clock: flow runs, clock, journal and faults. Snapshots stay."""
        self.store = self.initial_store.fork()
        self.clock.copy_from(self.initial_clock)
        self.faults.clear(seed=0)
        if self.journal is not None:
            self.journal.clear()

    def snapshot(self, name: str) -> None:
        """Keep what the store holds now under a name. Raises UsageError."""
        _check_name("a snapshot", name)
        if name not in self.snapshots and len(self.snapshots) >= MAX_SNAPSHOTS:
            raise UsageError(f"there are {MAX_SNAPSHOTS} snapshots already; drop one")
        self.snapshots[name] = self.store.fork()

    def restore(self, name: str) -> None:
        """Hold again what a snapshot holds, which stays. Raises NotThere for an unknown one."""
        self.store = self._get_snapshot(name).fork()

    def drop_snapshot(self, name: str) -> None:
        """Forget a snapshot. Raises NotThere for an unknown one."""
        self._get_snapshot(name)
        del self.snapshots[name]

    def _get_snapshot(self, name: str) -> Store:
        found = self.snapshots.get(name)
        if found is None:
            known = ", ".join(self.snapshots) or "there is none"
            raise NotFound(f"no snapshot {to_single_line(name)!r}; expected one of: {known}")
        return found

    def fork(self, settings: Settings | None = None) -> World:
        """A world that starts with the flow runs and the time of this one, and nothing else."""
        return World(self.store.fork(), settings or self.settings, self.clock.copy())


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:100]!r} is no name for {what}; expected {_EXPECTED_NAME}")


class Sessions:
    """Worlds by name, below one server. The one that nobody asked for longest goes first."""

    def __init__(
        self,
        origin: World,
        *,
        max_sessions: int = MAX_SESSIONS,
        idle_seconds: float = SESSION_IDLE_SECONDS,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`origin` is the world that new ones start from unless told otherwise."""
        self.origin = origin
        self.dropped = 0
        self.max_sessions = max_sessions
        self.idle_seconds = idle_seconds
        self._monotonic = seconds
        self._worlds: OrderedDict[str, tuple[World, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._worlds)

    def __iter__(self) -> Iterator[tuple[str, World]]:
        """Names and worlds, the one that was used last at the end."""
        self._expire()
        return iter([(name, world) for name, (world, _) in self._worlds.items()])

    def get(self, name: str) -> World | None:
        """The world of a session, which is used by that; None if there is none (any more)."""
        found = self._worlds.get(name)
        if found is None:
            return None
        now = self._monotonic()
        if now - found[1] > self.idle_seconds:
            self._expire()
            return None
        self._worlds[name] = (found[0], now)
        self._worlds.move_to_end(name)
        return found[0]

    def open(self, world: World, name: str | None = None) -> str:
        """Give a world out under a name, or one that is made up. Raises Conflict if it is taken.

        The sessions that are idle, or too many, are dropped.
        """
        if name is not None:
            _check_name("a session", name)
        self._expire()
        if name in self._worlds:
            raise Conflict(f"there is a session {name!r} already; drop it first")
        while len(self._worlds) >= self.max_sessions:
            self._worlds.popitem(last=False)
            self.dropped += 1
        name = name or uuid4().hex[:16]
        self._worlds[name] = (world, self._monotonic())
        return name

    def drop(self, name: str) -> bool:
        """End a session; False if there is none of that name."""
        with suppress(KeyError):
            del self._worlds[name]
            return True
        return False

    def _expire(self) -> None:
        oldest = self._monotonic() - self.idle_seconds
        while self._worlds:
            name, (_, used) = next(iter(self._worlds.items()))
            if used >= oldest:
                break
            del self._worlds[name]
            self.dropped += 1


def session_settings(origin: Settings) -> Settings:
    """The settings of a session below a server with these: a journal, and ids that repeat."""
    journal = max(origin.journal, MAX_EXCHANGES)
    return replace(origin, journal=journal, new_id=deterministic_ids())
