"""`mockserver cleanup` deletes what a killed run of the kit left, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.contract.server.cleanup_journal import CleanupJournal
from mockserver.contract.server.created_runs import CreatedRuns, Draft, StateDraft
from mockserver.contract.server.target import Target
from mockserver.prefect.records import Flow, FlowRun
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.commands import run_command
from tests.support.servers import serve_store

NOBODY = 2**22 + 1  # above the highest process id that Linux gives
FLOW, RUN = (f"{number:08}-0000-4000-8000-000000000000" for number in (1, 2))


@pytest.fixture
def target() -> Iterator[Target]:
    base = Base([FlowRun(id=RUN, name="theirs", flow_id=FLOW)], flows=[Flow(FLOW, "theirs")])
    with serve_store(Store(base)) as client:
        host, port = client.address
        yield Target(f"http://{host}:{port}/api")


@pytest.fixture
def left(target: Target, tmp_path: Path) -> CreatedRuns:
    """What a run left that was killed."""
    journal = CleanupJournal.create(target, tmp_path)
    created = CreatedRuns(target, journal)
    created.create([Draft("a", (StateDraft("COMPLETED"),))] * 2)
    head, *lines = journal.path.read_text().splitlines(keepends=True)
    gone = json.dumps({**json.loads(head), "pid": NOBODY})
    journal.path.write_text("".join([gone, "\n", *lines]))
    return created


def ids_on(target: Target) -> set[str]:
    return {run["id"] for run in target.iter_records("/flow_runs/filter")}


def test_what_a_killed_run_left_is_told_of_and_deleted_when_asked(
    target: Target, left: CreatedRuns, tmp_path: Path
) -> None:
    """Other commands only tell of it, also of a server that is shared now."""
    journal = ("--journal", str(tmp_path))
    done = run_command("drift", target.url, *journal)
    assert f"mockserver cleanup {target.url}" in " ".join(done.stdout.split())
    assert ids_on(target) == {RUN, *left.ids}
    done = run_command("cleanup", target.url, *journal)
    assert done.stdout == "deleted 2 flow runs that earlier runs had left\n"
    assert ids_on(target) == {RUN}
    done = run_command("cleanup", target.url, *journal)
    assert done.stdout == f"no earlier run has left anything on {target.url}\n"


def test_what_has_to_be_left_is_told(target: Target, left: CreatedRuns, tmp_path: Path) -> None:
    """The exit code says so, too."""
    target.request_json("POST", "/flow_runs/", {"flow_id": left.flow_id})
    done = run_command("cleanup", target.url, "--journal", str(tmp_path), code=1)
    assert f"the flow {left.flow_id} was left: it has flow runs of others" in " ".join(
        done.stderr.split()
    )
    assert len(ids_on(target)) == 2
