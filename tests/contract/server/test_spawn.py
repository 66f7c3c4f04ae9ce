# A server that the kit starts runs as long as the kit does, and no longer.

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mockserver.contract.server.connect import ServerOptions, connect_server
from mockserver.contract.server.spawn import (
    Program,
    mock_command,
    parse_spawn,
    prefect_command,
    running_server,
)
from mockserver.contract.server.target import Ownership, Target, TargetError
from mockserver.errors import UsageError
from mockserver.prefect.dialects import DIALECTS, PREFECT_POSTGRESQL, dialect_for, find_dialect


def test_the_mock_is_started_without_runs_and_stopped(tmp_path: Path) -> None:
    """It speaks the given dialect, and its data may be deleted."""
    options = ServerOptions(
        spawn=Program.mockserver, dialect=PREFECT_POSTGRESQL, journals=tmp_path / "none"
    )
    statuses: list[str] = []
    with connect_server(options, statuses.append) as server:
        assert server.target.ownership is Ownership.OURS
        assert server.target.request_json("POST", "/flow_runs/count", {}) == 0
        assert server.identity.dialect is PREFECT_POSTGRESQL
        assert server.identity.is_mock
        assert not server.target.flaky
        url = server.target.url
    assert f"--dialect {PREFECT_POSTGRESQL.name}" in statuses[0]
    with pytest.raises(TargetError, match="cannot reach"):
        Target(url).request_json("GET", "/health")


def test_a_server_that_does_not_start_raises_with_its_output() -> None:
    """The last lines, here those of a Python that has no Prefect."""
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prefect", (Program.prefect, None)),
        ("mockserver", (Program.mockserver, None)),
        ("prefect@3.9.1", (Program.prefect, "3.9.1")),
        ("prefect@3.9.2rc1.post1.dev3", (Program.prefect, "3.9.2rc1.post1.dev3")),
    ],
)
def test_a_release_of_prefect_can_be_named(text: str, expected: object) -> None:
    """Also one that nobody has measured yet."""
    assert parse_spawn(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "prefect@", "prefect@3", "prefect@3.9.1 --pre", "prefect@3.9.1\n", "prefect@3.9.1@"),
        *("mockserver@3.9.1", "prefect@3.4.0", "prefect@\u0663.9.1", f"prefect@3.9.{'1' * 99}"),
    ],
)
def test_nothing_else_reaches_a_command_line(text: str) -> None:
    """The error says what was expected, or which releases there are."""
    with pytest.raises(UsageError, match=r"expected prefect, a release|3\.6\.16 to 3\.6\.29"):
        parse_spawn(text)


def test_a_missing_program_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started; the error says what to do."""
    with pytest.raises(UsageError, match="there is no such program"):
        prefect_command("/no/python", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="pip install prefect"):
        prefect_command(None, None)


def test_a_relative_path_of_a_python_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server runs in a folder of its own. An environment's Python is a link, and stays one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    command = prefect_command("bin/python", None).command
    assert command[0] == str(tmp_path / "bin" / "python")


def test_a_database_url_gets_the_async_driver() -> None:
    """Its label does not show the password."""
    spawn = prefect_command(sys.executable, "postgresql://user:secret@127.0.0.1:5432/scratch")
    assert spawn.database == "postgresql+asyncpg://user:secret@127.0.0.1:5432/scratch"
    assert "secret" not in spawn.database_label
    with pytest.raises(UsageError, match="URL of a throw-away database"):
        prefect_command(sys.executable, "mysql://127.0.0.1/scratch")


@pytest.mark.parametrize(
    "options",
    [
        ServerOptions(),
        ServerOptions("http://127.0.0.1:1", Program.mockserver),
        ServerOptions("http://127.0.0.1:1", database="postgresql://127.0.0.1/scratch"),
        ServerOptions(spawn=Program.mockserver, prefect_python="python3"),
    ],
)
def test_contradicting_options_are_a_usage_error(options: ServerOptions) -> None:
    """One server is tested: at a URL, or started with --spawn."""
    with pytest.raises(UsageError, match="--spawn"), connect_server(options, lambda _: None):
        pytest.fail("it was opened")


def test_every_dialect_can_be_started() -> None:
    """The command of the mock names it, with its release."""
    for dialect in (*DIALECTS.values(), dialect_for("sqlite", "3.6.20")):
        assert find_dialect(mock_command(dialect).command[-1]) is dialect
