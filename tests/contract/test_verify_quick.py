# `verify --quick` leaves out what schemathesis generates, and its verdict says so.

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mockserver.prefect import DEVIATIONS, find_dialect

DIALECT = "prefect-sqlite"


def test_quick_probes_every_deviation_and_says_what_it_did_not_decide(tmp_path: Path) -> None:
    """With fewer than 2,000 requests; an incomplete run is not taken for a complete one."""
    command = [sys.executable, "-m", "mockserver", "verify", "--spawn", "mockserver"]
    command += ["--dialect", DIALECT, "--quick", "--report", str(tmp_path)]
    done = subprocess.run(
        [*command, "--journal", str(tmp_path / "journal")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    _, fuzz, diff = report["outcomes"]
    dialect = find_dialect(DIALECT)
    assert {one["deviation"] for one in fuzz["findings"]} == {
        one.id for one in DEVIATIONS if dialect.has(one)
    }
    assert fuzz["counts"]["cases"] == 0
    assert fuzz["counts"]["requests"] + diff["counts"]["requests"] < 2000
    assert "The contract holds, " in done.stdout
    assert " of 200 cells not decided" in " ".join(done.stdout.split())
