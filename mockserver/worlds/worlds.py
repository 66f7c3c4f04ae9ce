"""Worlds, and the sessions that keep worlds by name.

Invariants: a change in one world is not visible in any other. Forking a world costs as much as it
has changed since its load, however many runs were loaded.
"""

from __future__ import annotations

import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from ..background_tasks import TaskQueues
from ..errors import Conflict, NotFound, SeedError, UsageError, to_single_line
from ..events import EventLog
from ..insight.deletion_report import RequestTotals, find_unfinished
from ..prefect import LIMIT_REACHED
from ..seeds import Seeds
from ..store import Base, Store
from .clock import Clock
from .faults import Faults
from .journal import MAX_EXCHANGES, Journal
from .plan_cache import PlanCache
from .run_factory import Factory, holds_nothing, insert_seeds, settle_with
from .settings import Settings, id_source

# Chosen. A thousand sessions on 20,000 flow runs, with one deletion each, take less than 12 MB
# (test_sessions_take_memory_for_their_changes_only).
MAX_SESSIONS = 10_000
SESSION_IDLE_SECONDS = 3_600.0
MAX_SNAPSHOTS = 100
# No URL changes such a name: it needs no escapes (RFC 3986, section 2.3), and it is no dot segment,
# which clients remove (section 5.2.4).
_NAME = re.compile(r"(?=[.]*[^.])[A-Za-z0-9._-]{1,100}")
_EXPECTED_NAME = "1 to 100 of A-Z a-z 0-9 . _ -, and not dots alone"


class World:
    """A store with its own clock, journal, fault rules and snapshots.

    `journal` is None where the settings ask for none. `plans` are kept because the same request
    often comes again. `task_queues` are empty in a fork, and after `reset` and `restore`, as those
    of a server that was started again. `totals` count what requests deleted, and `before` is the
    store as it was before the first of them, with what was loaded since; None before any such
    request.
    `initial_store` and `initial_clock` are what `reset` restores. Not for several threads at once.
    """

    __slots__ = (
        "__weakref__",
        "before",
        "clock",
        "events",
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
        "task_queues",
        "totals",
    )

    def __init__(self, store: Store, settings: Settings, clock: Clock | None = None) -> None:
        """The world changes `store` itself; `reset` returns to the content that it has now."""
        self.store = store
        self.settings = settings
        self.clock = clock or Clock(settings.now)
        # Bound once, and again in the factory: the clock is changed in place and never replaced.
        self.now = self.clock.now
        self.new_id = settings.new_id
        self.factory = Factory(self.now, self.new_id)
        self.journal = Journal(settings.journal) if settings.journal else None
        self.events = EventLog()
        self.task_queues = TaskQueues()
        self.faults = Faults()
        # Also good after a reset: a plan depends on the body and the dialect alone.
        self.plans = PlanCache()
        self.initial_store = store.fork()
        self.initial_clock = self.clock.copy()
        self.snapshots: dict[str, Store] = {}
        self.totals = RequestTotals()
        self.before: Store | None = None

    def load(self, seeds: Seeds, base: Base | None = None) -> None:
        """Add the records of seeds. Raises SeedError, and then nothing is added.

        `base` is that of the seeds, if it is there already; `settle_with` comes before it.
        """
        if base is None:
            seeds = settle_with(seeds, self.store)
            base = seeds.base()
        if holds_nothing(self.store):  # it can be replaced, and a base has indexes
            self.store = Store(base)
        else:
            insert_seeds(seeds, self.store, base)
        if not self.totals.deleted:
            self.before = None
        if self.before is not None:
            # Refused are runs whose ids were there before; what is known of those stays.
            with suppress(SeedError):
                insert_seeds(seeds, self.before, base)

    def note_before(self) -> None:
        """Keep the store as it is now as `before`, unless an earlier one is kept."""
        if self.before is None:
            self.before = self.store.fork()

    def count_warnings(self) -> Counter[str]:
        """How often requests earned each warning, as far as there is a journal.

        A limit was reached as often as there are filters whose last call left runs that are still
        there: one for each drain that was left unfinished.
        """
        counts = Counter[str]() if self.journal is None else self.journal.warning_counts.copy()
        del counts[LIMIT_REACHED]
        unfinished = sum(1 for _ in find_unfinished(self.totals, self.store))
        return counts + Counter({LIMIT_REACHED: unfinished})

    def forget_requests(self) -> None:
        """Let totals and `before` begin anew."""
        self.totals.clear()
        self.before = None

    def begin_here(self) -> None:
        """Make the current store and clock the ones that `reset` restores."""
        self.initial_store = self.store.fork()
        self.initial_clock = self.clock.copy()
        self.forget_requests()

    def reset(self) -> None:
        """Restore the initial store and clock; clear the journal, totals and faults.

        Snapshots stay.
        """
        self.store = self.initial_store.fork()
        self.clock.copy_from(self.initial_clock)
        self.faults.clear(seed=0)
        self.forget_requests()
        self.events.clear()
        self.task_queues.clear()
        if self.journal is not None:
            self.journal.clear()

    def snapshot(self, name: str) -> None:
        """Keep the current content of the store under a name, in place of a snapshot of that name.

        Raises UsageError for an invalid name, and where there are MAX_SNAPSHOTS already.
        """
        _check_name("a snapshot", name)
        if name not in self.snapshots and len(self.snapshots) >= MAX_SNAPSHOTS:
            raise UsageError(f"there are {MAX_SNAPSHOTS} snapshots already; drop one")
        self.snapshots[name] = self.store.fork()

    def restore(self, name: str) -> None:
        """Give the store the content of a snapshot, which is kept; totals begin anew.

        Raises NotFound.
        """
        self.store = self._get_snapshot(name).fork()
        self.forget_requests()
        # They would tell a client that waits for a run of states that it never was in.
        self.events.clear()
        self.task_queues.clear()

    def drop_snapshot(self, name: str) -> None:
        """Delete a snapshot. Raises NotFound."""
        self._get_snapshot(name)
        del self.snapshots[name]

    def _get_snapshot(self, name: str) -> Store:
        snapshot = self.snapshots.get(name)
        if snapshot is None:
            known = ", ".join(self.snapshots) or "none exists"
            raise NotFound(f"no snapshot {to_single_line(name)!r}; expected one of: {known}")
        return snapshot

    def fork(self, settings: Settings | None = None) -> World:
        """A new world with this one's records and clock, without its journal, faults, snapshots."""
        return World(self.store.fork(), settings or self.settings, self.clock.copy())


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:100]!r} is not a name for {what}; expected {_EXPECTED_NAME}")


class Sessions:
    """The worlds of one server by session name, the least recently used first.

    `default_world` answers requests outside any session. A session that was idle for more than
    `idle_seconds` expires; where there are `max_sessions`, the least recently used one is dropped
    for a new one. `dropped` counts both.
    """

    def __init__(
        self,
        default_world: World,
        *,
        max_sessions: int = MAX_SESSIONS,
        idle_seconds: float = SESSION_IDLE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` is the clock, in seconds, by which sessions expire."""
        self.default_world = default_world
        self.dropped = 0
        self.max_sessions = max_sessions
        self.idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._worlds: OrderedDict[str, tuple[World, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._worlds)

    def __iter__(self) -> Iterator[tuple[str, World]]:
        """Pairs of name and world, the most recently used last. Iterating counts as no use."""
        self._expire()
        # A copy, so that sessions can be dropped while it is iterated.
        return iter([(name, world) for name, (world, _) in self._worlds.items()])

    def get(self, name: str) -> World | None:
        """The world of a session, or None. This counts as a use of the session."""
        entry = self._worlds.get(name)
        if entry is None:
            return None
        world, last_used = entry
        now = self._monotonic()
        if now - last_used > self.idle_seconds:
            self._expire()
            return None
        self._worlds[name] = (world, now)
        self._worlds.move_to_end(name)
        return world

    def open(self, world: World, name: str | None = None) -> str:
        """Start a session with a world and return its name, a random one where none is given.

        Raises UsageError for an invalid name, Conflict for one that is in use.
        """
        if name is not None:
            _check_name("a session", name)
        # First: the name of a session that has expired is free again.
        self._expire()
        if name in self._worlds:
            raise Conflict(f"session {name!r} already exists; drop it first")
        while len(self._worlds) >= self.max_sessions:
            self._worlds.popitem(last=False)
            self.dropped += 1
        name = name or uuid4().hex[:16]
        self._worlds[name] = (world, self._monotonic())
        return name

    def drop(self, name: str) -> bool:
        """End a session; returns False where no session has that name."""
        with suppress(KeyError):
            del self._worlds[name]
            return True
        return False

    def _expire(self) -> None:
        expires_before = self._monotonic() - self.idle_seconds
        while self._worlds:  # in the order of their last use
            name, (_, last_used) = next(iter(self._worlds.items()))
            if last_used >= expires_before:
                break
            del self._worlds[name]
            self.dropped += 1


def session_settings(
    server: Settings, id_seed: object = None, journal: int = MAX_EXCHANGES
) -> Settings:
    """The settings of a session: as the server's, with a journal of at least so many exchanges.

    With a seed, the session has the ids that any session with this seed has; without one, it takes
    the next ones of the server's source, so that no two sessions have the same.
    """
    # Not the ids of a server with this seed: a session may hold runs of the server's own world.
    new_id = server.new_id if id_seed is None else id_source(f"session/{id_seed}")
    return replace(server, journal=max(server.journal, journal), new_id=new_id)
