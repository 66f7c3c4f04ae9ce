"""README's rehearsal in five steps, word for word, on a real server with a thousand flow runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conftest import ServerPair
from flow_run_data import create_record, flow_run_values
from measure.http_client import Server, UnexpectedStatus
from random_filters import draw_filter
from tests.support.readme_steps import STEPS, run_shell
from tests.support.servers import serve_in_process

RUNS, PROTECTED = 1_000, 200
FILTERS = 300

pytestmark = pytest.mark.parametrize("pair", ["sqlite"], indirect=True)  # as README's steps say


@pytest.fixture(scope="module")
def real(pair: ServerPair) -> Iterator[Server]:
    """A real server with `RUNS` more flow runs, of which `PROTECTED` failed and are to be kept."""
    server = pair.real
    flows = [create_record(server, "/flows/", name=name) for name in ("copied", "copied too")]
    # One after the other: SQLite answers 503 to most of what comes at once.
    ids = [create_record(server, "/flow_runs/", **_run(flows, number)) for number in range(RUNS)]
    yield server
    for at in range(0, RUNS, 50):
        body = {"flow_runs": {"id": {"any_": ids[at : at + 50]}}, "limit": 50}
        server.post("/flow_runs/bulk_delete", body)


def _run(flows: list[str], number: int) -> dict[str, Any]:
    protected = number < PROTECTED
    return {
        "flow_id": flows[number % 2],
        "name": f"copied-{number % 97}",
        "tags": ["keep"] if protected else ["nightly"] if number % 3 else [],
        "state": {"type": "FAILED" if protected else "COMPLETED" if number % 5 else "CRASHED"},
    }


def _step(name: str) -> str:
    """A step of README for runs that have just ended: a server sets the time itself."""
    ended = STEPS[name].replace("clean_up.py 90", "clean_up.py 0")
    return ended.replace("2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z")


def test_the_five_steps_of_the_rehearsal(real: Server, tmp_path: Path) -> None:
    """They run as README shows them, but for two times, and the server itself is only read.

    Afterwards the copy answers random filters, on flows and deployments too, as the server does.
    """
    before = real.post("/flow_runs/count", {})
    assert before >= RUNS
    run_shell(_step("dump"), tmp_path, PREFECT_API_URL=real.url)
    explained = run_shell(_step("explain"), tmp_path)
    assert f"of {before:,} flow runs go" in explained
    assert "protected run" in explained
    rehearsed = run_shell(_step("script"), tmp_path)
    deleted = int(rehearsed.partition("\n")[0])
    assert deleted > RUNS / 4
    assert f"{deleted:,} flow runs of {before:,} deleted" in rehearsed
    assert f"{PROTECTED} protected runs left" in rehearsed
    faults = run_shell(_step("faults"), tmp_path)
    assert "differs" not in faults
    assert (
        f"{deleted:,} flow runs of {before:,} deleted" in (tmp_path / "rehearsal.html").read_text()
    )
    assert real.post("/flow_runs/count", {}) == before
    seeds, *options = STEPS["serve"].split()[2:]
    with serve_in_process(tmp_path / "log", tmp_path / seeds, *options) as url:
        assert _differences(real, Server(f"{url}/api")) == []


def _differences(real: Server, mock: Server) -> list[str]:
    random = Random(17)
    values = flow_run_values(list(real.pages("/flow_runs/filter")))
    found = []
    for number in range(FILTERS):
        body: dict[str, Any] = {"flow_runs": draw_filter(random, values)}
        if number % 3 == 0:
            body["flows"] = {"name": {"any_": ["copied"]}}
        if number % 5 == 0:
            body["deployments"] = {"name": {"like_": "prod"}}
        if _count(real, body) != _count(mock, body):
            found.append(json.dumps(body))
    return found


def _count(server: Server, body: dict[str, Any]) -> int:
    """How many flow runs a server counts, or the status of its refusal."""
    try:
        return int(server.post("/flow_runs/count", body))
    except UnexpectedStatus as refusal:
        return -refusal.status
