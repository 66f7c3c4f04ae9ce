"""The command `explain --of flows` and `--of deployments`, run as a user runs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from tests.support.commands import run_command
from tests.support.paths import FIXTURES
from tests.support.servers import serve_store

NOW = ("--now", "2026-01-31T12:00:00Z")


def test_a_filter_on_flows_is_explained() -> None:
    """What goes, and which flow runs go with it; the fixtures are named as such."""
    done = run_command("explain", '{"name": {"like_": "e"}}', "--of", "flows", *NOW)
    lines = done.stdout.splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("✓ 4 of 5 flows go in 1 call, with ")
    assert "request POST /flows/bulk_delete, from the command line" in lines
    assert done.stderr.startswith("note: these are the flow runs that come with mockserver")


def test_a_body_may_come_from_a_file_and_go_out_as_json(tmp_path: Path) -> None:
    """The dialect is asked for as for flow runs."""
    file = tmp_path / "body.json"
    file.write_text('{"deployments": {"paused": {"eq_": false}}, "limit": 3}')
    given = ("--of", "deployments", "--runs", FIXTURES, "--dialect", "prefect-sqlite@3.8.8")
    done = run_command("explain", file, *given, "--json", *NOW)
    value = json.loads(done.stdout)
    assert (value["of"], value["limit"], value["calls"]) == ("deployments", 3, 2)
    assert value["dialect"] == "prefect-sqlite@3.8.8"


def test_a_protected_run_that_would_go_is_a_finding() -> None:
    """The exit code is 1."""
    protect = ("--protect", '{"flow_runs": {}}')
    done = run_command("explain", "{}", "--of", "flows", "--runs", FIXTURES, *protect, code=1)
    assert "would go: 60 of 60 protected flow runs" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("{}", "--of", "flows", "--run", "x"), "--run is about flow runs"),
        (
            ("{}", "--of", "flows", "--server", "http://localhost:1"),
            "cannot reach http://localhost",
        ),
        (("{}", "--of", "tasks"), "'deployments'"),
        (("-", "--of", "flows", "--runs", str(FIXTURES), "--protect", "-"), "read once"),
    ],
)
def test_what_cannot_be_explained_is_refused(arguments: tuple[str, ...], told: str) -> None:
    """As wrong use."""
    assert told in " ".join(run_command("explain", *arguments, code=2).stderr.split())


def test_a_server_is_asked_for_what_it_holds() -> None:
    """With reads alone; what goes is what the server has."""
    with serve_store(Store(load_seeds([FIXTURES], datetime.now(UTC)).base())) as client:
        given = ("--of", "flows", "--server", client.url, "--most", "50")
        done = run_command("explain", '{"name": {"like_": "e"}}', *given)
        assert "✓ 4 of 5 flows go in 1 call, with 55 flow runs" in done.stdout
        facts = " ".join(done.stdout.split())
        assert f"flows 5 with 60 flow runs, from {client.url}/api" in facts
        assert "note: the server has more records than the 50" in done.stderr
        kept = ("--protect", '{"flow_runs": {}}')
        whole = run_command("explain", "{}", "--of", "flows", "--server", client.url, *kept, code=1)
        assert "would go: 60 of 60 protected flow runs" in whole.stdout
