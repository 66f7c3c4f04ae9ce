"""`mockserver verify` passes the mock in every era, and real servers on both databases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.server.target import Target
from mockserver.prefect.deviations import DEVIATIONS
from mockserver.prefect.dialects import Dialect, dialect_for, find_dialect
from mockserver.prefect.releases import OLDEST

# The document, and the last release of each older era: the newest is asked itself.
DIALECT_NAMES = ("spec", "prefect-sqlite@3.6.22", "prefect-postgresql@3.9.0")

Report = Mapping[str, Any]


# Fewer random examples than by default: now and then one finds something new, which should not
# fail an unrelated change.
FEWER_EXAMPLES = ("--max-examples", "2")


def start_verify(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `mockserver verify` with its reports in a folder."""
    command = [sys.executable, "-m", "mockserver", "verify", *arguments, *FEWER_EXAMPLES]
    command += ["--report", str(folder), "--journal", str(folder / "journal")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def read_report(folder: Path, process: subprocess.Popen[str], page: str) -> Report:
    """The report of a process. Fails if it has findings other than known deviations."""
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
    """The report of verify on a real server, by database; both run at the same time."""
    folders = [tmp_path_factory.mktemp(name) for name in real_urls]
    with ThreadPoolExecutor() as threads:
        found = threads.map(verify_in_shards, folders, real_urls.values())
        return dict(zip(real_urls, found, strict=True))


def verify_in_shards(folder: Path, url: str) -> Report:
    """Verify a server in two shards, one after the other since `fuzz` needs it without flow runs;
    the report of both.
    """
    for number in ("1", "2"):
        process = start_verify(folder / number, url, "--disposable", "--shard", f"{number}/2")
        page, _ = process.communicate()
        read_report(folder / number, process, page)
    merge = [sys.executable, "-m", "mockserver", "report", "merge", str(folder)]
    merged = folder / "merged"
    with subprocess.Popen(
        [*merge, "--report", str(merged)], stdout=subprocess.PIPE, text=True
    ) as process:
        page, _ = process.communicate()
    return read_report(merged, process, page)


def outcome(report: Report, verb: str) -> Any:
    (found,) = [each for each in report["outcomes"] if each["verb"] == verb]
    return found


def check(report: Report, dialect: Dialect) -> None:
    """Exactly the known deviations were found, and enough was tested to find them."""
    assert report["run"]["dialect"].startswith(dialect.name)
    assert report["fails"] is False
    fuzzed, compared = outcome(report, "fuzz"), outcome(report, "diff")
    assert fuzzed["counts"]["requests"] >= 1500
    assert compared["counts"]["filters"] >= 600
    assert compared["counts"]["deletes"] >= 100
    expected = {one.id for one in DEVIATIONS if dialect.has(one)}
    in_filters = {one.id for one in DEVIATIONS if one.in_filters}
    assert {one["deviation"] for one in compared["findings"]} == expected & in_filters
    assert {one["deviation"] for one in fuzzed["findings"]} - {None} == expected


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_real_server_shows_its_known_deviations(
    reports: Mapping[str, Report], real_urls: Mapping[str, str], database: str
) -> None:
    """Those of its release and database, which the kit finds out; it leaves nothing behind."""
    target = Target(real_urls[database])
    check(reports[database], dialect_for(database, target.request_json("GET", "/admin/version")))
    for kind in ("flow_runs", "flows", "task_runs", "artifacts"):
        assert target.request_json("POST", f"/{kind}/count", {}) == 0


@pytest.mark.parametrize("name", DIALECT_NAMES)
def test_the_mock_shows_exactly_its_dialects_deviations(tmp_path: Path, name: str) -> None:
    """The mock in `spec` shows none."""
    process = start_verify(tmp_path, "--spawn", "mockserver", "--dialect", name)
    page, _ = process.communicate()
    check(read_report(tmp_path, process, page), find_dialect(name))


def test_a_release_is_installed_for_a_run_and_is_gone_afterwards(tmp_path: Path) -> None:
    """By its name alone; the contract of that release holds, its document too."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "drift", "--spawn", f"prefect@{OLDEST}"],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Prefect {OLDEST}" in done.stdout
    assert f"prefect-sqlite@{OLDEST}" in done.stdout
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_installation_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Neither an environment nor what the installer keeps meanwhile, nor a process."""
    command = [sys.executable, "-m", "mockserver", "drift", "--spawn", f"prefect@{OLDEST}"]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}) as process:
        # The second step, which downloads.
        while not list(tmp_path.glob("*/environment/bin/python")):
            assert process.poll() is None
        process.send_signal(number)
    assert process.returncode == code
    assert list(tmp_path.iterdir()) == []
