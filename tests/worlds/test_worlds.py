"""Worlds and sessions: each world is isolated, and nothing grows without bound."""

import sys
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from mockserver.errors import Conflict, NotFound, SeedError, UsageError
from mockserver.filters.predicates import MATCH_ALL
from mockserver.operations.deletion import deletion_of
from mockserver.prefect.records import FlowRun
from mockserver.seeds.loading import read_seeds
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds.faults import Fault, Rule
from mockserver.worlds.journal import Exchange
from mockserver.worlds.settings import Settings, id_source
from mockserver.worlds.worlds import (
    MAX_SNAPSHOTS,
    Sessions,
    World,
    session_settings,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def run(number: int) -> FlowRun:
    return FlowRun(id=f"{number:08}-0000-4000-8000-000000000000", name=f"run-{number}")


def world(runs: int = 3, **settings: int) -> World:
    given = Settings(now=lambda: NOW, **settings)  # type: ignore[arg-type] # whole numbers here
    return World(Store(Base(run(number) for number in range(runs))), given)


def test_a_fork_is_isolated() -> None:
    """Flow runs, clock and faults of a fork and of its origin change independently."""
    origin = world(journal=10)
    fork = origin.fork()
    fork.store.delete([run(0).id])
    fork.clock.advance("1d")
    fork.faults.add(Rule(Fault(status=503)))
    assert (len(origin.store), origin.now(), len(origin.faults)) == (3, NOW, 0)
    assert (len(fork.store), fork.now()) == (2, NOW + timedelta(days=1))
    origin.store.delete([run(1).id])
    assert run(1).id in fork.store


def test_reset_restores_the_initial_state() -> None:
    """Store and clock are as at `begin_here`; journal and faults are empty."""
    one = world(journal=10)
    one.clock.stop(NOW - timedelta(days=1))
    one.store.delete([run(0).id])
    one.begin_here()
    one.store.delete([run(1).id])
    one.clock.advance("3d")
    one.faults.add(Rule(Fault(status=503)))
    assert one.journal is not None
    one.journal.write(Exchange(1, NOW, "GET", "/", "", b"", 200, b""))
    one.reset()
    assert [held.name for held in one.store] == ["run-2", "run-1"]
    assert one.now() == NOW - timedelta(days=1)
    assert (len(one.faults), len(one.journal)) == (0, 0)
    without = world()
    without.reset()
    assert without.journal is None


def test_a_snapshot_can_be_restored_again() -> None:
    """Restoring does not use a snapshot up."""
    one = world()
    one.snapshot("full")
    for _ in range(2):
        one.store.delete([run(0).id])
        one.restore("full")
        assert len(one.store) == 3
    one.drop_snapshot("full")
    with pytest.raises(NotFound, match="no snapshot 'full'; expected one of: none exists"):
        one.restore("full")
    with pytest.raises(UsageError, match="'a/b' is not a name for a snapshot"):
        one.snapshot("a/b")


def test_snapshots_are_bounded() -> None:
    """At the bound, an existing snapshot can still be replaced."""
    one = world()
    for number in range(MAX_SNAPSHOTS):
        one.snapshot(f"s{number}")
    one.snapshot("s0")
    with pytest.raises(UsageError, match="100 snapshots already"):
        one.snapshot("more")


def test_load_is_atomic() -> None:
    """An id that is taken is an error, and the other runs are not added either."""
    one = world(runs=0)
    one.load(read_seeds({"flow_runs": [{"id": run(0).id, "name": "a"}]}, NOW, name="s"))
    more = {"flow_runs": [{"name": "b"}, {"id": run(0).id, "name": "again"}]}
    with pytest.raises(SeedError, match="flow run 'again': the id 0000"):
        one.load(read_seeds(more, NOW, name="t"))
    assert [held.name for held in one.store] == ["a"]
    del more["flow_runs"][1]
    one.load(read_seeds(more, NOW, name="t"))
    assert {held.name for held in one.store} == {"a", "b"}


def test_ids_are_random_unless_they_have_a_seed() -> None:
    """They are UUIDs of version 4, as a real server's."""
    ids, same_ids, other_ids = id_source("a"), id_source("a"), id_source("b")
    drawn = [ids() for _ in range(100)]
    assert drawn == [same_ids() for _ in range(100)]
    assert not set(drawn) & {other_ids() for _ in range(100)}
    assert {drawn_id[14] for drawn_id in drawn} == {"4"}
    assert len({id_source()() for _ in range(100)}) == 100


def test_a_session_has_the_next_ids_of_its_server_or_those_of_its_seed() -> None:
    """Ids of two worlds differ unless both were asked for the same ones."""
    server = Settings(new_id=id_source(1))
    one, other = session_settings(server), session_settings(server)
    assert one.new_id() != other.new_id()
    seeded, same = session_settings(server, id_seed=1), session_settings(server, id_seed=1)
    drawn = [seeded.new_id() for _ in range(3)]
    assert drawn == [same.new_id() for _ in range(3)]
    # A session that starts with what the server's own world has meets none of its ids again.
    of_server = id_source(1)
    assert not set(drawn) & {of_server() for _ in range(10)}


class ManualSeconds:
    """A monotonic clock that a test moves by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def seconds(self) -> float:
        return self.at


def test_an_idle_session_expires() -> None:
    """A use keeps a session alive; idle ones are dropped and counted."""
    clock = ManualSeconds()
    sessions = Sessions(world(), idle_seconds=10, monotonic=clock.seconds)
    kept, idle = (sessions.open(sessions.default_world.fork()) for _ in range(2))
    clock.at = 6
    assert sessions.get(kept) is not None
    clock.at = 12
    assert sessions.get(idle) is None
    assert [name for name, _ in sessions] == [kept]
    assert (len(sessions), sessions.dropped) == (1, 1)
    clock.at = 30
    assert list(sessions) == []


def test_the_least_recently_used_session_is_dropped_for_a_new_one() -> None:
    """Sessions are bounded, and the dropped ones are counted."""
    sessions = Sessions(world(), max_sessions=2)
    for name in ("a", "b"):
        sessions.open(sessions.default_world.fork(), name)
    assert sessions.get("a")
    sessions.open(sessions.default_world.fork(), "c")
    assert [name for name, _ in sessions] == ["a", "c"]
    assert sessions.dropped == 1
    assert sessions.drop("a")
    assert not sessions.drop("a")


def test_session_names_are_unique_and_fit_a_path() -> None:
    """The error says what is wrong with a name."""
    sessions = Sessions(world())
    sessions.open(sessions.default_world, "mine")
    with pytest.raises(Conflict, match="session 'mine' already exists"):
        sessions.open(sessions.default_world, "mine")
    for name in ("a.b", "..a", "a..", "-_0Z", "x" * 100):
        assert sessions.open(sessions.default_world, name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "...", "a b", "a/b", "../a", "%2e%2e", "%61", "~a", "a\n", "a;b", "a?b", "a#b",
     "a\\b", "\u00e9", "\uff0e\uff0e", "x" * 101],
)  # fmt: skip
def test_a_name_that_a_url_changes_is_refused(name: str) -> None:
    """Clients resolve dots and decode escapes: /sessions/../api is another world."""
    origin = world()
    with pytest.raises(UsageError, match="is not a name for a session; expected 1 to 100 of"):
        Sessions(origin).open(origin, name)
    with pytest.raises(UsageError, match=r"is not a name for a snapshot; .* and not dots alone"):
        origin.snapshot(name)


def test_a_session_has_a_journal_even_where_the_server_has_none() -> None:
    """It is never shorter than the server's."""
    assert session_settings(Settings()).journal == 1000
    assert session_settings(Settings(journal=5000)).journal == 5000


def test_sessions_take_memory_for_their_changes_only() -> None:
    """A thousand sessions on 20,000 flow runs, one deletion in each, take less than 12 MB."""
    origin = world(runs=20_000)
    sessions = Sessions(origin)
    settings = session_settings(origin.settings)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1000):
            opened = origin.fork(settings)
            sessions.open(opened)
            opened.store.delete([run(number).id])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 12 << 20, f"{(after - before) >> 10:,} KiB; {sys.version}"
    assert len(origin.store) == 20_000
    assert {len(each.store) for _, each in sessions} == {19_999}


def test_before_is_the_store_as_the_first_request_found_it() -> None:
    """With what is loaded later, as far as it is new; a reset and a restore begin anew."""
    one = world()
    one.note_before()
    one.load(one.factory.seeds_from([{"id": run(8).id}]))
    assert one.before is None  # nothing was deleted yet: the next request finds it all
    one.note_before()
    one.totals.count("DELETE", "/flow_runs/{id}", 204, deletion_of([run(0)], MATCH_ALL))
    one.store.delete([run(0).id])
    one.note_before()
    one.load(one.factory.seeds_from([{"id": run(7).id}]))
    one.load(one.factory.seeds_from([{"id": run(0).id}]))  # known to `before` already
    assert one.before is not None
    assert [found.id for found in one.before] == [run(at).id for at in (8, 7, 2, 1, 0)]
    one.snapshot("now")
    for begin in (one.reset, one.begin_here, lambda: one.restore("now")):
        one.note_before()
        one.totals.count("GET", "/health", 200)
        begin()
        assert one.before is None
        assert one.totals.calls == 0
