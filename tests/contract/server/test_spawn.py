# A server that the kit starts is there for its run, and not after it.

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mockserver.contract.server.connect import ServerOptions, connect_server
from mockserver.contract.server.spawn import Program, mock_command, prefect_command, running_server
from mockserver.contract.server.target import Ownership, Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect.dialects import DIALECTS, PREFECT_POSTGRESQL


def test_the_mock_is_started_without_runs_and_stopped(tmp_path: Path) -> None:
    """In the dialect that was asked for; what it holds is ours to delete."""
    opening = ServerOptions(
        spawn=Program.mockserver, dialect=PREFECT_POSTGRESQL, journals=tmp_path / "none"
    )
    said: list[str] = []
    with connect_server(opening, said.append) as server:
        assert server.target.ownership is Ownership.OURS
        assert server.target.request_json("POST", "/flow_runs/count", {}) == 0
        assert server.identity.dialect is PREFECT_POSTGRESQL
        assert server.identity.is_mock
        assert not server.target.flaky
        url = server.target.url
    assert "--dialect prefect-postgresql" in said[0]
    with pytest.raises(TargetError, match="cannot reach"):
        Target(url).request_json("GET", "/health")


def test_a_server_that_does_not_start_tells_why() -> None:
    """With the end of what it printed: here a Python that has no Prefect."""
    spawn = prefect_command(sys.executable, None)
    with (
        pytest.raises(TargetError, match=r"start \(exit code 1\):\n.*No module named prefect"),
        running_server(spawn, lambda _: None),
    ):
        pytest.fail("it started")
    with (
        pytest.raises(TargetError, match=r"start \(exit code 0\)$"),
        running_server(prefect_command("true", None), lambda _: None),
    ):
        pytest.fail("it started")


def test_a_program_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started, with what to do about it."""
    with pytest.raises(UsageError, match="there is no such program"):
        prefect_command("/no/python", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="pip install prefect"):
        prefect_command(None, None)


def test_a_database_is_named_as_users_name_it() -> None:
    """The driver that Prefect uses is added; a password is not shown."""
    spawn = prefect_command(sys.executable, "postgresql://user:secret@127.0.0.1:5432/scratch")
    assert spawn.database == "postgresql+asyncpg://user:secret@127.0.0.1:5432/scratch"
    assert "secret" not in spawn.database_label
    with pytest.raises(UsageError, match="URL of a throw-away database"):
        prefect_command(sys.executable, "mysql://127.0.0.1/scratch")


@pytest.mark.parametrize(
    "opening",
    [
        ServerOptions(),
        ServerOptions("http://127.0.0.1:1", Program.mockserver),
        ServerOptions("http://127.0.0.1:1", database="postgresql://127.0.0.1/scratch"),
        ServerOptions(spawn=Program.mockserver, prefect_python="python3"),
    ],
)
def test_what_contradicts_itself_is_told(opening: ServerOptions) -> None:
    """One server is tested: at a URL, or started."""
    with pytest.raises(UsageError, match="--spawn"), connect_server(opening, lambda _: None):
        pytest.fail("it was opened")


def test_every_dialect_can_be_started() -> None:
    """The command names it."""
    for dialect in DIALECTS.values():
        assert mock_command(dialect).command[-1] == dialect.name
