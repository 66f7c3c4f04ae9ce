# The kit holds: against the mock in every dialect, and against real servers on both databases.

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.server.target import Target
from mockserver.prefect.dialects import DIALECTS

MEANING = {
    "spec": set(),
    "prefect-sqlite": {"state-both-lists", "like-wildcards", "like-nul", "like-case-ascii"},
    "prefect-postgresql": {
        *("state-both-lists", "like-wildcards", "like-nul", "like-case-ascii", "nul-in-text")
    },
}
"""The deviations of meaning that a server of each dialect shows."""

Report = Mapping[str, Any]


# Fewer than by default: what is drawn at random finds something new now and then, which is a
# matter for a person and not for every change.
FEWER = ("--max-examples", "2")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`mockserver verify`, with its reports in a folder."""
    command = [sys.executable, "-m", "mockserver", "verify", *arguments, *FEWER]
    command += ["--report", str(folder), "--journal", str(folder / "journal")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def report_in(folder: Path, process: subprocess.Popen[str], page: str) -> Report:
    """What it has reported. Fails where it has found something, and shows that, or the page."""
    assert (folder / "report.json").exists(), page
    report: Report = json.loads((folder / "report.json").read_text("utf-8"))
    found = [one for outcome in report["outcomes"] for one in outcome["findings"]]
    assert [one for one in found if one["verdict"] != "known"] == []
    assert process.returncode == 0, page
    return report


@pytest.fixture(scope="session")
def reports(
    real_urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Report]:
    """What verify says of a real server on each database, both looked at at the same time."""
    folders = {name: tmp_path_factory.mktemp(name) for name in real_urls}
    started = {
        name: start(folder, real_urls[name], "--disposable") for name, folder in folders.items()
    }
    pages = {name: process.communicate()[0] for name, process in started.items()}
    return {
        name: report_in(folders[name], process, pages[name]) for name, process in started.items()
    }


def outcome(report: Report, verb: str) -> Any:
    (found,) = [each for each in report["outcomes"] if each["verb"] == verb]
    return found


def check(report: Report, dialect: str) -> None:
    """Only known deviations, none missing; and it was looked hard enough."""
    assert report["fails"] is False
    fuzzed, compared = outcome(report, "fuzz"), outcome(report, "diff")
    assert fuzzed["counts"]["requests"] >= 2000
    assert compared["counts"]["filters"] >= 3000
    assert compared["counts"]["deletes"] >= 300
    assert {one["deviation"] for one in compared["findings"]} == MEANING[dialect]
    shown = {one["deviation"] for one in fuzzed["findings"]}
    assert bool(shown) == (dialect != "spec")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_real_server_shows_its_known_deviations(
    reports: Mapping[str, Report], real_urls: Mapping[str, str], database: str
) -> None:
    """3.8.8 does what its dialect says, and holds nothing of the kit's afterwards."""
    check(reports[database], f"prefect-{database}")
    target = Target(real_urls[database])
    for kind in ("flow_runs", "flows", "task_runs", "artifacts"):
        assert target.request_json("POST", f"/{kind}/count", {}) == 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_mock_shows_those_of_its_dialect(tmp_path: Path, dialect: str) -> None:
    """And nothing else; as documented it shows none."""
    process = start(tmp_path, "--spawn", "mockserver", "--dialect", dialect)
    page, _ = process.communicate()
    check(report_in(tmp_path, process, page), dialect)


def test_the_job_of_the_readme(prefect_python: Path, tmp_path: Path) -> None:
    """Its last command, with the prefect on the PATH and fewer requests, starts one and passes."""
    readme = Path(__file__).parents[2] / "README.md"
    (line,) = re.findall(r"- run: (mockserver .*)", readme.read_text("utf-8"))
    fewer = f"{line} --filters 100 --deletes 10 --runs 20 --max-examples 1 --journal {tmp_path}"
    folders = (str(prefect_python.parent), str(Path(sys.executable).parent), os.environ["PATH"])
    done = subprocess.run(
        ["/bin/bash", "-c", fewer],
        env={**os.environ, "PATH": ":".join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The contract holds" in done.stdout
