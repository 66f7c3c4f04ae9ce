"""What a server tells of deletes when it stops: its own world, and each session with deletes."""

from __future__ import annotations

import pytest

from mockserver.operations.delete import bulk_delete
from mockserver.prefect.records import FlowRun
from mockserver.requests import BulkDeleteRequest
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import reports
from mockserver.worlds.reports import closing_lines
from mockserver.worlds.settings import Settings
from mockserver.worlds.worlds import Sessions, World


def world_of(runs: int) -> World:
    made = [FlowRun(id=f"{n:08}-0000-4000-8000-000000000000", name=f"run-{n}") for n in range(runs)]
    return World(Store(Base(made)), Settings())


def delete_one(world: World) -> None:
    world.note_before()
    body = b'{"limit": 1}'
    request = BulkDeleteRequest.model_validate_json(body)
    deletion = bulk_delete(world.store, request, world.settings.dialect)
    world.totals.count_planned("POST", "/flow_runs/bulk_delete", body, 200, deletion, ())


def test_each_world_with_deletes_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session that was used last comes first, and of many some are only counted."""
    sessions = Sessions(world_of(2))
    assert list(closing_lines(sessions)) == []
    delete_one(sessions.default_world)
    for name in ("idle", "one", "two", "three"):
        sessions.open(world_of(3), name)
        if name != "idle":
            delete_one(dict(sessions)[name])
    monkeypatch.setattr(reports, "MAX_TOLD_SESSIONS", 2)
    told = list(closing_lines(sessions))
    assert [line for line in told if "; " in line and "left" in line] == [
        "1 flow run of 2 deleted in 1 call; 1 left",
        "session three: 1 flow run of 3 deleted in 1 call; 2 left",
        "session two: 1 flow run of 3 deleted in 1 call; 2 left",
    ]
    assert told[2].startswith("session three: ")
    assert "deleted 1 in 1 call: every flow run" in told[3]
    assert told[-1] == "1 more session, in which requests deleted 1 flow run"


def test_only_sessions_may_have_deletes() -> None:
    """Then nothing is said of the server's own world."""
    sessions = Sessions(world_of(2))
    sessions.open(world_of(3), "one")
    delete_one(dict(sessions)["one"])
    told = list(closing_lines(sessions))
    assert told
    assert all(line.startswith("session one: ") for line in told)
