"""No command of the contract kit changes the flow runs of somebody else on a server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from mockserver.contract.server.cleanup_journal import CleanupJournal
from mockserver.contract.server.created_runs import CreatedRuns, random_drafts
from mockserver.contract.server.snapshot import RunSnapshot, take_snapshot
from mockserver.contract.server.target import Target

FOREIGN = 100
SMALL_RUN = ("--filters", "150", "--deletes", "20", "--runs", "25")
SECONDS = 60
COMMANDS = {
    "drift": (0, ("drift",)),
    "fuzz, refused": (2, ("fuzz",)),
    "fuzz of a disposable server with other runs, refused": (2, ("fuzz", "--disposable")),
    "diff, refused": (2, ("diff",)),
    "diff of deletes, refused": (2, ("diff", "--delete")),
    "diff of existing runs": (0, ("diff", "--existing", "--filters", "200")),
    "diff": (0, ("diff", "--disposable", *SMALL_RUN)),
    "diff of deletes": (0, ("diff", "--disposable", "--delete", *SMALL_RUN)),
    "verify": (0, ("verify", "--filters", "200")),
    "verify of a disposable server": (0, ("verify", "--disposable", *SMALL_RUN)),
}


@pytest.fixture(scope="module")
def target(
    real_urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The real server on SQLite with foreign flow runs; the kit sends the same to any database."""
    target = Target(real_urls["sqlite"], flaky=True)
    with CleanupJournal.create(target, tmp_path_factory.mktemp("foreign")) as journal:
        CreatedRuns(target, journal).create(list(random_drafts(Random(7), FOREIGN, nul=False)))
        yield target


@pytest.mark.parametrize("name", COMMANDS)
def test_foreign_runs_are_unchanged(target: Target, tmp_path: Path, name: str) -> None:
    """After each command the hundred flow runs are the same, and there are no others."""
    code, arguments = COMMANDS[name]
    before: RunSnapshot = take_snapshot(target)
    assert len(before) == FOREIGN
    name_of_command, *flags = arguments
    command = [
        sys.executable,
        "-m",
        "mockserver",
        name_of_command,
        target.url,
        "--journal",
        str(tmp_path),
    ]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert take_snapshot(target) == before
    assert list(tmp_path.iterdir()) == []
    if code == 2:
        assert "--spawn" in done.stderr


def test_what_a_killed_run_left_can_be_cleaned_up(target: Target, tmp_path: Path) -> None:
    """A run that is killed while it creates flow runs leaves them; its journal says which."""
    before = take_snapshot(target)
    verb = [sys.executable, "-m", "mockserver", "diff", target.url, "--journal", str(tmp_path)]
    with subprocess.Popen([*verb, "--disposable"], stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + SECONDS
        while target.request_json("POST", "/flow_runs/count", {}) < FOREIGN + 10:
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.kill()
    assert len(take_snapshot(target)) > FOREIGN
    done = subprocess.run(
        [*verb, "--existing", "--filters", "1"], capture_output=True, text=True, check=True
    )
    assert f"mockserver cleanup {target.url}" in " ".join(done.stdout.split())
    clean = ["cleanup" if word == "diff" else word for word in verb]
    subprocess.run(clean, check=False)
    left = take_snapshot(target)
    assert {one: left.digests[one] for one in before.ids} == before.digests
    # The reply to the last request may never have been read: that run is in no journal.
    assert len(left) - len(before) <= 1
    target.request_json(
        "POST",
        "/flow_runs/bulk_delete",
        {"flow_runs": {"id": {"any_": sorted(left.ids - before.ids)}}},
    )
