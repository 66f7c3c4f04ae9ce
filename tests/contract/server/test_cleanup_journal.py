# What the kit has made can always be found again and taken away, and nothing else is.

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mockserver.contract.server.cleanup_journal import (
    CleanupJournal,
    default_folder,
    delete_leftovers,
)
from mockserver.contract.server.created_runs import CreatedRuns, Draft, StateDraft
from mockserver.contract.server.snapshot import take_snapshot
from mockserver.contract.server.target import Target, TargetError
from mockserver.errors import UsageError
from mockserver.resources import resource_path
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from tests.support.servers import live

NOBODY = 2**22 + 1  # above the highest process id that Linux gives
DRAFTS = (
    Draft("parent", (StateDraft("COMPLETED"),)),
    Draft("child", (StateDraft("SCHEDULED", "Late", "2031-05-01T00:00:00Z"),), parent=0),
)


@pytest.fixture
def target() -> Iterator[Target]:
    base = load_seeds([resource_path("fixtures")], datetime.now(UTC)).base()
    with live(Store(base)) as client:
        host, port = client.address
        yield Target(f"http://{host}:{port}")


def cut_off(target: Target, folder: Path, pid: int = NOBODY) -> CreatedRuns:
    """A run that made flow runs and then was no more."""
    journal = CleanupJournal.create(target, folder)
    garden = CreatedRuns(target, journal)
    garden.create(DRAFTS)
    lines = journal.path.read_text().splitlines(keepends=True)
    head = {**json.loads(lines[0]), "pid": pid}
    journal.path.write_text("".join([json.dumps(head) + "\n", *lines[1:]]) + '{"fl')
    return garden


def test_what_was_made_is_gone_after_the_block(target: Target, tmp_path: Path) -> None:
    """Whatever ended it; what was there before is as it was, and the journal is gone."""
    before = take_snapshot(target)
    flows = target.request_json("POST", "/flows/count", {})
    made = []

    def cut_short() -> None:
        with CleanupJournal.create(target, tmp_path) as journal:
            CreatedRuns(target, journal).create(DRAFTS)
            made.append(len(take_snapshot(target)) - len(before))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert made == [2]
    assert take_snapshot(target) == before
    assert target.request_json("POST", "/flows/count", {}) == flows
    assert list(tmp_path.iterdir()) == []


def test_the_next_run_takes_away_what_one_that_was_cut_off_has_left(
    target: Target, tmp_path: Path
) -> None:
    """The journal tells which flows, also where its last line was not written to its end."""
    before = take_snapshot(target)
    cut_off(target, tmp_path)
    assert delete_leftovers(target, tmp_path) == 2
    assert take_snapshot(target) == before
    assert list(tmp_path.iterdir()) == []
    assert delete_leftovers(target, tmp_path) == 0


def test_a_run_that_goes_on_is_left_alone(target: Target, tmp_path: Path) -> None:
    """Its process still is; and so is one against another server."""
    running = cut_off(target, tmp_path, pid=1)
    elsewhere = cut_off(target, tmp_path)
    other = Target(target.url.replace("127.0.0.1", "localhost"))
    assert delete_leftovers(other, tmp_path) == 0
    assert delete_leftovers(target, tmp_path) == 2
    there = take_snapshot(target).ids
    assert there.issuperset(running.ids)
    assert there.isdisjoint(elsewhere.ids)


def test_records_that_were_written_down_by_their_path_go_too(
    target: Target, tmp_path: Path
) -> None:
    """Those that are still there; a flow is not taken for a flow run."""
    before, flows = take_snapshot(target), target.request_json("POST", "/flows/count", {})
    journal = CleanupJournal.create(target, tmp_path)
    flow = target.request_json("POST", "/flows/", {"name": "made"})["id"]
    run = target.request_json("POST", "/flow_runs/", {"flow_id": flow})["id"]
    for path in (f"/flows/{flow}", f"/flow_runs/{run}", f"/flow_runs/{flow}"):
        journal.record_path(path)
    text = journal.path.read_text()
    journal.path.write_text(text.replace(f'"pid": {os.getpid()}', f'"pid": {NOBODY}'))
    assert delete_leftovers(target, tmp_path) == 1
    assert take_snapshot(target) == before
    assert target.request_json("POST", "/flows/count", {}) == flows
    assert list(tmp_path.iterdir()) == []


def test_a_flow_that_was_written_down_and_never_made_is_passed_over(
    target: Target, tmp_path: Path
) -> None:
    """The name is written before the flow is made: a run may be cut off in between."""
    journal = CleanupJournal.create(target, tmp_path)
    journal.names.append("mockserver-kit-never-made")
    assert journal.delete_all() == 0


def test_a_server_that_only_says_it_deletes_does_not_hang_the_kit(
    target: Target, tmp_path: Path
) -> None:
    """It is an error, and the journal stays for another try."""
    cut_off(target, tmp_path)
    send = target._send

    def lie(method: str, *rest: object) -> object:
        if method == "DELETE":
            method, rest = "GET", ("/health", None, {})
        return send(method, *rest)  # type: ignore[arg-type]

    target._send = lie  # type: ignore[method-assign, assignment]
    with pytest.raises(TargetError, match="says it has deleted"):
        delete_leftovers(target, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_where_no_journal_can_be_kept_nothing_is_made(target: Target, tmp_path: Path) -> None:
    """It is told with the flag that names another folder."""
    (tmp_path / "file").touch()
    before = target.sent
    with pytest.raises(UsageError, match=r"cannot keep a journal in .*--journal"):
        CleanupJournal.create(target, tmp_path / "file")
    assert target.sent == before


def test_journals_are_where_programs_keep_what_they_remember() -> None:
    """XDG_STATE_HOME, or what it is by default."""
    assert default_folder({"XDG_STATE_HOME": "/state"}) == Path("/state/mockserver")
    assert default_folder({}) == Path.home() / ".local/state/mockserver"
