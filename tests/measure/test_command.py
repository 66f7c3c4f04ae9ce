"""The command `python -m measure`: its options and errors, and what it says without a server."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from measure import __main__ as command
from measure.asking import Receive
from measure.installed_release import installed_release
from measure.package_index import IndexUnreachable, describe_newest, read_newest
from measure.servers import PrefectServer, find_postgresql_programs
from mockserver.errors import UsageError
from mockserver.prefect.releases import NEWEST


def test_both_databases_are_asked_unless_one_is_named() -> None:
    """A release without options is the common case."""
    assert command.parse(["3.9.2"]).database == ["sqlite", "postgresql"]
    assert command.parse(["3.9.2", "--database", "sqlite"]).database == ["sqlite"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a RELEASE"),
        (["newest"], "'newest' is no release"),
        (["3.9.1", "3.9.2", "--python", "p"], "--python has one release"),
        (["3.9.1", "--database", "mysql"], "invalid choice: 'mysql'"),
    ],
)
def test_a_bad_option_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 2 and the message says what is wrong."""
    with pytest.raises(SystemExit) as ended:
        command.parse(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_report_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """1 where something differs from the release before, 0 for the oldest, which has none."""
    assert command.main(["3.9.1", "--report"]) == 1
    told = capsys.readouterr().out
    assert "Prefect 3.9.1 after 3.9.0" in told
    assert "The smallest:" in told
    assert command.main(["3.6.16", "--report"]) == 0
    assert "nothing to compare with" in capsys.readouterr().out


def test_what_cannot_be_asked_is_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's mistake shows no traceback, and Ctrl-C none either."""
    assert command.main(["--python", "/nowhere/python", "--database", "sqlite"]) == 2
    assert "/nowhere/python cannot be run" in capsys.readouterr().err

    def interrupt(_: Namespace) -> int:
        raise KeyboardInterrupt

    def refuse(_: Namespace) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(command, "measure", refuse)
    assert command.main(["3.9.2"]) == 2
    assert "a server stopped answering" in capsys.readouterr().err
    monkeypatch.setattr(command, "measure", interrupt)
    assert command.main(["3.9.2"]) == 130
    assert "the servers are stopped" in capsys.readouterr().err


def test_a_check_tells_what_is_not_as_recorded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes nothing, and a case that was not recorded is none of its business."""
    server = PrefectServer("http://127.0.0.1:1/api", Path("python"), "sqlite", {})
    answers = {"/version": "0.8.4", "/new": 1}

    def ask(release: str, _: Namespace, receive: Receive) -> None:
        receive("server", release, server, answers)

    monkeypatch.setattr(command, "ask", ask)
    arguments = ["3.8.8", "--check", "--database", "sqlite"]
    assert command.main(arguments) == 0
    assert "all answers are as recorded" in capsys.readouterr().out
    answers["/version"] = "0.9.0"
    assert command.main(arguments) == 1
    told = capsys.readouterr().out
    assert "    recorded: 0.8.4\n    now: 0.9.0\n" in told
    assert "1 answers are not as recorded" in told


def test_a_python_without_prefect_is_named(tmp_path: Path) -> None:
    """The error says what was expected."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(UsageError, match="has no Prefect"):
        installed_release(python)
    python.write_text("#!/bin/sh\necho 3.9.2\n")
    assert installed_release(python) == "3.9.2"


def test_a_machine_without_postgresql_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Debian's name of the package, and the way to go on without it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    with pytest.raises(UsageError, match=r"apt-get install postgresql.*--database sqlite"):
        find_postgresql_programs()


def test_a_newest_release_that_was_not_measured_is_told_loudly() -> None:
    """With what to do about it; the measured one is told in a plain line."""
    assert describe_newest(NEWEST) == f"Prefect {NEWEST} is the newest release, and was measured."
    assert "!! Run `python -m measure 99.0.0`" in describe_newest("99.0.0")


def test_the_index_is_asked_and_never_fails_the_build(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it says, and if it says nothing."""
    assert read_newest("prefect (3.9.2)\nAvailable versions: 3.9.2, 3.9.1") == "3.9.2"
    with pytest.raises(IndexUnreachable, match="named no release"):
        read_newest("nothing")

    def unreachable() -> str:
        raise IndexUnreachable("no network")

    monkeypatch.setattr(command, "newest_release", unreachable)
    assert command.main(["--check-newest"]) == 0
    assert "could not be asked for the newest Prefect: no network" in capsys.readouterr().out
    monkeypatch.setattr(command, "newest_release", lambda: "99.0.0")
    assert command.main(["--check-newest"]) == 0
    assert "was not measured" in capsys.readouterr().out
