# A server with flow runs of somebody else's has exactly those afterwards, whatever verb was run.

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
FEW = ("--filters", "150", "--deletes", "20", "--runs", "25")
SECONDS = 60
VERBS = {
    "drift": (0, ("drift",)),
    "fuzz, refused": (2, ("fuzz",)),
    "fuzz, where others are, refused": (2, ("fuzz", "--disposable")),
    "diff, refused": (2, ("diff",)),
    "diff of deletes, refused": (2, ("diff", "--delete")),
    "diff of what is there": (0, ("diff", "--existing", "--filters", "200")),
    "diff": (0, ("diff", "--disposable", *FEW)),
    "diff of deletes": (0, ("diff", "--disposable", "--delete", *FEW)),
    "verify": (0, ("verify", "--filters", "200")),
    "verify, where it may": (0, ("verify", "--disposable", *FEW)),
}


@pytest.fixture(scope="module")
def target(
    real_urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The one on SQLite: what is sent does not depend on the database."""
    target = Target(real_urls["sqlite"], flaky=True)
    with CleanupJournal.create(target, tmp_path_factory.mktemp("foreign")) as journal:
        CreatedRuns(target, journal).create(list(random_drafts(Random(7), FOREIGN, nul=False)))
        yield target


@pytest.mark.parametrize("name", VERBS)
def test_what_others_have_is_as_it_was(target: Target, tmp_path: Path, name: str) -> None:
    """Not one of a hundred flow runs is gone or changed, and none has come."""
    code, arguments = VERBS[name]
    before: RunSnapshot = take_snapshot(target)
    assert len(before) == FOREIGN
    verb, *flags = arguments
    command = [sys.executable, "-m", "mockserver", verb, target.url, "--journal", str(tmp_path)]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert take_snapshot(target) == before
    assert list(tmp_path.iterdir()) == []
    if code == 2:
        assert "--spawn" in done.stderr


def test_what_a_killed_run_has_left_goes_with_the_next_one(target: Target, tmp_path: Path) -> None:
    """Killed while it makes flow runs, it can take nothing away; its journal tells what to."""
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
    assert "flow runs that an earlier run had left were taken away" in " ".join(done.stdout.split())
    assert take_snapshot(target) == before
    assert list(tmp_path.iterdir()) == []
