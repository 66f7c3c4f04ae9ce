"""The real client of Prefect cannot tell the mock from a real server.

Each script is a program that uses the client or the command line, makes its own data and tells as
JSON what it has seen; see observing.py. It has to see the same of both servers.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SCRIPTS = ("clients", "cli", "retention", "drain", "flows")
SECONDS = 400  # for a script; the slowest takes 15 to 60 of them on an idle machine
MOST_LINES = 200  # of a difference
SETTINGS = {
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_client_sees_the_same_of_both(
    script: str, python: Path, urls: dict[str, str], tmp_path: Path
) -> None:
    """A script, one process per server, tells the same of the mock as of the real server."""
    with ThreadPoolExecutor() as pool:
        told = {
            name: pool.submit(_told, python, script, url, tmp_path / name)
            for name, url in urls.items()
        }
    real, mock = told["real"].result(), told["mock"].result()
    assert real, f"{script} has seen nothing"
    if real != mock:
        pytest.fail(_difference(real, mock), pytrace=False)


def _told(python: Path, script: str, url: str, home: Path) -> dict[str, object]:
    """What a script tells of the server at this URL; fails with what it says when it fails."""
    home.mkdir()
    # Nothing that is set for prefect out here is to reach the script.
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    mine = {"PREFECT_API_URL": url, "PREFECT_HOME": str(home), "no_proxy": "127.0.0.1"}
    process = subprocess.run(
        [python, Path(__file__).with_name(f"{script}.py")],
        env=inherited | SETTINGS | mine,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if process.returncode:
        pytest.fail(f"{script} at {url}:\n{process.stderr[-4000:]}", pytrace=False)
    told: dict[str, object] = json.loads(process.stdout)
    return told


def _difference(real: dict[str, object], mock: dict[str, object]) -> str:
    """What was seen differently, observation by observation, line by line."""
    lines = []
    for what in sorted({*real, *mock}):
        if real.get(what) != mock.get(what):
            lines += [f"=== {what}", *_diff(_lines(real, what), _lines(mock, what))]
    more = [f"... and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more])


def _lines(told: dict[str, object], what: str) -> list[str]:
    if what not in told:
        return ["(not seen)"]
    return json.dumps(told[what], indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _diff(real: list[str], mock: list[str]) -> list[str]:
    return list(difflib.unified_diff(real, mock, "real", "mock", lineterm="", n=2))
