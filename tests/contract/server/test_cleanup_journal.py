# What the kit created can always be found again and deleted, and nothing else is deleted.

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.server.cleanup_journal import (
    CleanupJournal,
    default_folder,
    find_leftovers,
    require_sound_filters,
)
from mockserver.contract.server.created_runs import CreatedRuns, Draft, StateDraft
from mockserver.contract.server.snapshot import take_snapshot
from mockserver.contract.server.target import JSON_HEADERS, Answer, Target, TargetError
from mockserver.errors import UsageError
from mockserver.resources import resource_path
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from tests.support.servers import serve_store

NOBODY = 2**22 + 1  # above the highest process id that Linux gives
DRAFTS = (
    Draft("parent", (StateDraft("COMPLETED"),)),
    Draft("child", (StateDraft("SCHEDULED", "Late", "2031-05-01T00:00:00Z"),), parent=0),
)


@pytest.fixture
def target() -> Iterator[Target]:
    base = load_seeds([resource_path("fixtures")], datetime.now(UTC)).base()
    with serve_store(Store(base)) as client:
        host, port = client.address
        yield Target(f"http://{host}:{port}")


def kill_a_run(target: Target, folder: Path, pid: int = NOBODY) -> CreatedRuns:
    """The state after a run of the kit that created flow runs and was then killed.

    Its process `pid` is gone, and the last line of its journal is cut.
    """
    journal = CleanupJournal.create(target, folder)
    created = CreatedRuns(target, journal)
    created.create(DRAFTS)
    lines = journal.path.read_text().splitlines(keepends=True)
    head = {**json.loads(lines[0]), "pid": pid}
    journal.path.write_text("".join([json.dumps(head) + "\n", *lines[1:]]) + '{"fl')
    return created


def delete_leftovers(target: Target, folder: Path) -> int:
    """How many flow runs the journals of earlier runs led to. Nothing may be left."""
    done = [one.delete_all() for one in find_leftovers(target, folder)]
    assert [one.left for one in done] == [()] * len(done)
    return sum(one.flow_runs for one in done)


def test_created_records_are_deleted_after_the_block(target: Target, tmp_path: Path) -> None:
    """However it ends; existing records are unchanged, and the journal file is gone."""
    before = take_snapshot(target)
    flows = target.request_json("POST", "/flows/count", {})
    created = []

    def interrupted_run() -> None:
        with CleanupJournal.create(target, tmp_path) as journal:
            CreatedRuns(target, journal).create(DRAFTS)
            created.append(len(take_snapshot(target)) - len(before))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert created == [2]
    assert take_snapshot(target) == before
    assert target.request_json("POST", "/flows/count", {}) == flows
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_can_be_deleted(target: Target, tmp_path: Path) -> None:
    """By its journal, also if the last line is cut."""
    before = take_snapshot(target)
    kill_a_run(target, tmp_path)
    assert delete_leftovers(target, tmp_path) == 2
    assert take_snapshot(target) == before
    assert list(tmp_path.iterdir()) == []
    assert delete_leftovers(target, tmp_path) == 0


def test_the_journal_of_a_live_run_is_left_alone(target: Target, tmp_path: Path) -> None:
    """So is one of another server."""
    running = kill_a_run(target, tmp_path, pid=1)
    elsewhere = kill_a_run(target, tmp_path)
    other = Target(target.url.replace("127.0.0.1", "localhost"))
    assert delete_leftovers(other, tmp_path) == 0
    assert delete_leftovers(target, tmp_path) == 2
    there = take_snapshot(target).ids
    assert there.issuperset(running.ids)
    assert there.isdisjoint(elsewhere.ids)


def test_records_are_deleted_by_their_path(target: Target, tmp_path: Path) -> None:
    """Those that still exist; a flow is not taken for a flow run."""
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


def test_a_flow_that_was_never_created_is_ignored(target: Target, tmp_path: Path) -> None:
    """Its name is written first, so a run may be killed in between."""
    journal = CleanupJournal.create(target, tmp_path)
    journal.names.append("mockserver-kit-never-made")
    assert journal.delete_all() == (0, ())


def test_a_server_that_does_not_delete_raises_target_error(target: Target, tmp_path: Path) -> None:
    """The kit does not try for ever, and the journal stays for another try."""
    kill_a_run(target, tmp_path)
    send = target._send

    def lie(method: str, *rest: object) -> object:
        if method == "DELETE":
            return Answer(204, b"", {})
        return send(method, *rest)  # type: ignore[arg-type]

    target._send = lie  # type: ignore[method-assign, assignment]
    with pytest.raises(TargetError, match=r"still lists .* after it said it was deleted"):
        delete_leftovers(target, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_flow_with_runs_of_others_is_left(target: Target, tmp_path: Path) -> None:
    """They would go with it. The journal stays, and a run of the kit itself fails."""
    before = take_snapshot(target)
    theirs = ""

    def make_all() -> None:
        nonlocal theirs
        with CleanupJournal.create(target, tmp_path) as journal:
            created = CreatedRuns(target, journal)
            created.create(DRAFTS)
            theirs = target.request_json("POST", "/flow_runs/", {"flow_id": created.flow_id})["id"]

    with pytest.raises(TargetError, match=r"the flow \S+ was left: it has flow runs of others"):
        make_all()
    assert take_snapshot(target).ids - before.ids == {theirs}
    assert len(list(tmp_path.iterdir())) == 1


def test_deployments_are_deleted_before_their_flows(target: Target, tmp_path: Path) -> None:
    """Those that the journal names; a flow that has others is left, with them."""
    journal = CleanupJournal.create(target, tmp_path)
    flows = [journal.create_named_flow(f"mockserver-kit-{name}", ["etl"]) for name in "ab"]
    made = [
        target.request_json("POST", "/deployments/", {"flow_id": flow, "name": name})["id"]
        for flow, name in ((flows[0], "ours"), (flows[1], "ours"), (flows[1], "theirs"))
    ]
    for one in made[:2]:
        journal.record_path(f"/deployments/{one}")
    removal = journal.delete_all()
    assert removal.left == (f"the flow {flows[1]} was left: it has deployments of others",)
    left = [target.send("GET", f"/deployments/{one}").status for one in made]
    assert left == [404, 404, 200]
    assert [target.send("GET", f"/flows/{one}").status for one in flows] == [404, 200]


class Ignoring(Target):
    """A server, such as one behind a proxy, that ignores a key of the bodies that list."""

    ignored = ""

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON_HEADERS,
    ) -> Answer:
        if path.endswith(("/filter", "/count")) and body:
            value = json.loads(body)
            body = json.dumps({key: value[key] for key in value if key != self.ignored}).encode()
        return super().send(method, path, body, headers)


@pytest.mark.parametrize("ignored", ["flows", "flow_runs"])
def test_nothing_is_created_where_filters_do_not_hold(
    target: Target, tmp_path: Path, ignored: str
) -> None:
    """A server that ignores a filter lists the runs of others."""
    ignoring = Ignoring(target.url)
    ignoring.ignored = ignored
    before, flows = take_snapshot(target), target.request_json("POST", "/flows/count", {})
    journal = CleanupJournal.create(ignoring, tmp_path)
    with pytest.raises(TargetError, match=r"which none can match: its filters do not hold"):
        CreatedRuns(ignoring, journal)
    assert take_snapshot(target) == before
    assert target.request_json("POST", "/flows/count", {}) == flows


def test_filters_of_other_kinds_are_asked_as_well(target: Target) -> None:
    """A server that ignores the filter of flows lists a deployment for a flow that none has."""
    ignoring = Ignoring(target.url)
    ignoring.ignored = "flows"
    flow = target.request_json("POST", "/flows/", {"name": "theirs"})["id"]
    target.request_json("POST", "/deployments/", {"flow_id": flow, "name": "theirs"})
    require_sound_filters(target, "deployments", ("flows", "deployments"))
    with pytest.raises(TargetError, match=r"lists a deployment for \{\"flows\""):
        require_sound_filters(ignoring, "deployments", ("flows", "deployments"))


@pytest.mark.parametrize(
    ("ignored", "left"), [("flows", ["it has flow runs of others"]), ("flow_runs", [])]
)
def test_no_run_of_others_is_deleted_where_filters_hold_no_longer(
    target: Target, tmp_path: Path, ignored: str, left: list[str]
) -> None:
    """Whatever is listed: only what the journal names is deleted."""
    before = take_snapshot(target)
    kill_a_run(target, tmp_path)
    ignoring = Ignoring(target.url)
    ignoring.ignored = ignored
    (leftover,) = find_leftovers(ignoring, tmp_path)
    removal = leftover.delete_all()
    assert removal.flow_runs == 2
    assert [sentence.partition(": ")[2] for sentence in removal.left] == left
    after = take_snapshot(target)
    assert after == before
    assert len(list(tmp_path.iterdir())) == len(left)


def test_runs_that_a_server_does_not_list_are_asked_for(target: Target, tmp_path: Path) -> None:
    """One that reads only the first id of a filter hides the others."""
    before = take_snapshot(target)
    kill_a_run(target, tmp_path)

    class ReadsTheFirst(Target):
        def _send(self, method: str, path: str, body: bytes | None, *rest: Any) -> Answer:
            if path == "/flow_runs/filter" and body and b'"flow_runs"' in body:
                value = json.loads(body)
                del value["flow_runs"]["id"]["any_"][1:]
                body = json.dumps(value).encode()
            return super()._send(method, path, body, *rest)

    (leftover,) = find_leftovers(ReadsTheFirst(target.url), tmp_path)
    assert leftover.delete_all() == (2, ())
    assert take_snapshot(target) == before


def test_only_a_flow_with_the_name_is_deleted(target: Target, tmp_path: Path) -> None:
    """Not whatever a server answers for it."""
    flow = target.request_json("POST", "/flows/", {"name": "others"})["id"]

    class CutsPaths(Target):
        def _send(self, method: str, path: str, *rest: Any) -> Answer:
            return super()._send(method, path.partition("%3F")[0], *rest)

    journal = CleanupJournal.create(CutsPaths(target.url), tmp_path)
    journal.names.append("others?")
    assert journal.delete_all() == (0, ())
    assert target.request_json("GET", f"/flows/{flow}")["name"] == "others"


def test_nothing_is_created_without_a_journal(target: Target, tmp_path: Path) -> None:
    """If it cannot be written, the error names the flag for another folder."""
    (tmp_path / "file").touch()
    before = target.sent
    with pytest.raises(UsageError, match=r"cannot write a journal to .*--journal"):
        CleanupJournal.create(target, tmp_path / "file")
    assert target.sent == before


def test_journals_are_in_the_state_folder_of_the_user() -> None:
    """XDG_STATE_HOME, or its default."""
    assert default_folder({"XDG_STATE_HOME": "/state"}) == Path("/state/mockserver")
    assert default_folder({}) == Path.home() / ".local/state/mockserver"
