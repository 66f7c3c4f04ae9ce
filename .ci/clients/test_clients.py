"""Prefect's own client gets the same answers from the mock as from a real server.

Each script uses the client or the command line, creates its own data and prints as JSON what it
observed (see scripts/observations.py). What it prints has to be equal for both servers.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SCRIPTS = (
    "client_methods",
    "flow_run_commands",
    "retention",
    "bulk_delete_drain",
    "flows_with_tasks",
    "stored_objects",
    "pauses_logs_events",
    "everyday_flows",
    "background_tasks",
    "object_commands",
)
SCRIPT_TIMEOUT = 600  # the slowest script takes a tenth of them on an idle machine
MOST_LINES = 200  # of a difference
OLDER_SERVER = "running an older version of Prefect than your client"
SETTINGS = {
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
}


def folders(home: Path) -> dict[str, str]:
    """Settings of a Prefect that keeps all it writes in a folder.

    3.6.16 keeps results in ~/.prefect whatever its home is; there, one of two runs at the same time
    finds what the other has kept.
    """
    return {"PREFECT_HOME": str(home), "PREFECT_LOCAL_STORAGE_PATH": str(home / "storage")}


@pytest.mark.parametrize("script", SCRIPTS)
def test_client_sees_the_same_of_both(
    script: str, python: Path, urls: dict[str, str], tmp_path: Path
) -> None:
    """A script, run once for each server, observes the same on both."""
    _compare(script, python, urls, tmp_path)


def test_runners_and_workers_see_the_same_of_both(
    newest_python: Path, urls: dict[str, str], tmp_path: Path
) -> None:
    """With the newest client only: the runner of 3.6.16 fails where others cancelled runs before.

    Servers send it the events of these runs again, and it does not bear that they are deleted.
    """
    _compare("deployments_and_workers", newest_python, urls, tmp_path)


def _compare(script: str, python: Path, urls: dict[str, str], tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        observed = {
            name: pool.submit(_run_script, python, script, url, tmp_path / name)
            for name, url in urls.items()
        }
    real, mock = observed["real"].result(), observed["mock"].result()
    assert len(real) > 1, f"{script} observed nothing"
    if real != mock:
        pytest.fail(_difference(real, mock), pytrace=False)
    # The servers are as new as the newest client: the mock says which release it stands in for.
    assert not mock["version warning"]


def _run_script(python: Path, script: str, url: str, home: Path) -> dict[str, object]:
    """Run a script against the server at a URL; returns what it observed."""
    home.mkdir()
    # Settings for Prefect in this environment must not reach the script.
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    mine = {"PREFECT_API_URL": url, "no_proxy": "127.0.0.1", **folders(home)}
    process = subprocess.run(
        [python, Path(__file__).parent / "scripts" / f"{script}.py"],
        env=inherited | SETTINGS | mine,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCRIPT_TIMEOUT,
        check=False,
    )
    if process.returncode:
        pytest.fail(f"{script} at {url}:\n{process.stderr[-4000:]}", pytrace=False)
    observed: dict[str, object] = json.loads(process.stdout)
    # What a client logs about a server that is older than itself.
    return observed | {"version warning": OLDER_SERVER in process.stderr}


def _difference(real: dict[str, object], mock: dict[str, object]) -> str:
    """The observations that differ, as a diff of each."""
    lines = []
    for what in sorted({*real, *mock}):
        if real.get(what) != mock.get(what):
            lines += [f"=== {what}", *_diff(_lines(real, what), _lines(mock, what))]
    more = [f"... and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])


def _lines(observed: dict[str, object], what: str) -> list[str]:
    if what not in observed:
        return ["(not observed)"]
    return json.dumps(observed[what], indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _diff(real: list[str], mock: list[str]) -> list[str]:
    return list(difflib.unified_diff(real, mock, "real", "mock", lineterm="", n=2))
