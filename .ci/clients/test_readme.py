"""The examples of README.md that need Prefect do what it says, against the shipped flow runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from test_clients import SETTINGS

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = dict(re.findall(r"<!-- prefect: (\w+) -->\n```python\n(.*?)```", README, re.S))


@pytest.fixture
def api() -> Iterator[str]:
    """The URL of `mockserver serve`, as the README starts it."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"{process.stdout.readline().split()[3]}/api"
        finally:
            process.terminate()


def run(python: Path, block: str, api: str, home: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    mine = {"PREFECT_API_URL": api, "PREFECT_HOME": str(home), "no_proxy": "127.0.0.1"}
    file = home / "example.py"  # a flow is known by its file
    file.write_text(BLOCKS[block])
    command = [str(python), str(file)]
    done = subprocess.run(
        command, env=inherited | SETTINGS | mine, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]


def count(api: str, **flow_runs: object) -> int:
    body = json.dumps({"flow_runs": flow_runs}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{api}/flow_runs/count", body, headers)) as reply:
        return int(reply.read())


def test_the_clean_up_script_cleans_up(python: Path, api: str, tmp_path: Path) -> None:
    """What it is to delete is gone, and nothing else."""
    done = {"type": {"any_": ["COMPLETED"]}}
    everything, matching = count(api), count(api, state=done)
    assert matching
    run(python, "client", api, tmp_path)
    assert (count(api), count(api, state=done)) == (everything - matching, 0)


def test_the_flow_leaves_its_run(python: Path, api: str, tmp_path: Path) -> None:
    """One more flow run, completed."""
    done = {"type": {"any_": ["COMPLETED"]}}
    before = count(api, state=done)
    run(python, "flow", api, tmp_path)
    assert count(api, state=done) == before + 1
