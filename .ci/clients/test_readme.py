"""The examples of the documentation that need Prefect do what it says, on the shipped flow runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from test_clients import SETTINGS, folders

from tests.support.servers import serve_in_process

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "prefect-client.md").read_text()
BLOCKS = dict(re.findall(r"<!-- prefect: (\w+) -->\n```python\n(.*?)```", PAGE, re.S))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[str]:
    """The API of `mockserver serve` with the shipped flow runs, as README.md starts it."""
    with serve_in_process(tmp_path / "mock.log") as url:
        yield f"{url}/api"


def run_block(python: Path, block: str, api: str, home: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    mine = {"PREFECT_API_URL": api, "no_proxy": "127.0.0.1", **folders(home)}
    file = home / "example.py"  # Prefect identifies a flow by its file
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
    """It deletes the flow runs that it should delete, and no others."""
    done = {"type": {"any_": ["COMPLETED"]}}
    everything, matching = count(api), count(api, state=done)
    assert matching
    run_block(python, "client", api, tmp_path)
    assert (count(api), count(api, state=done)) == (everything - matching, 0)


def test_the_flow_example_adds_a_completed_run(python: Path, api: str, tmp_path: Path) -> None:
    """There is one more completed flow run."""
    done = {"type": {"any_": ["COMPLETED"]}}
    before = count(api, state=done)
    run_block(python, "flow", api, tmp_path)
    assert count(api, state=done) == before + 1
