# A release of Prefect is installed for a run of the kit, and nothing of it is left afterwards.

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

import pytest

from mockserver.contract.server import environment
from mockserver.contract.server.connect import ServerOptions, connect_server
from mockserver.contract.server.environment import prefect_environment
from mockserver.contract.server.process import running_process
from mockserver.contract.server.spawn import Program
from mockserver.contract.server.target import TargetError
from mockserver.errors import UsageError

# Stands in for uv, for a Python that can make an environment, and for the Python in it.
SCRIPT = """#!/bin/sh
echo "$@" >> "{log}"
for last; do :; done
case "$*" in
    *venv*) mkdir -p "$last/bin" && cp "{python}" "$last/bin/python";;
    *install*) {install};;
esac
"""
UNKNOWN = """printf 'and there is no version of\\n prefect==%s, so' 3.9.1; exit 1"""
UNKNOWN_TO_PIP = "echo ERROR: No matching distribution found for prefect==3.9.1; exit 1"


class Installer:
    """Programs that pretend to install; each writes its arguments to a log."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.python = folder / "programs" / "python"
        self.log = folder / "log"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.statuses: list[str] = []
        (folder / "programs").mkdir()
        monkeypatch.setenv("PATH", f"{folder / 'programs'}:/usr/bin:/bin")
        monkeypatch.setattr("tempfile.tempdir", str(self.temporary))

    def write(self, install: str = "true", *, uv: bool = False) -> None:
        for path in (self.python, *([self.folder / "programs" / "uv"] if uv else [])):
            path.write_text(SCRIPT.format(log=self.log, python=self.python, install=install))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def commands(self) -> list[str]:
        """The arguments of the programs that were run, without folders."""
        folder = f"{next(self.temporary.iterdir())}/"
        return self.log.read_text().replace(folder, "").splitlines()

    def leftovers(self) -> list[Path]:
        return list(self.temporary.iterdir())


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    return Installer(tmp_path, monkeypatch)


def test_pip_installs_what_the_release_needs(installer: Installer) -> None:
    """Into an environment that is gone afterwards, so that no other Prefect is touched."""
    installer.write()
    with prefect_environment("3.6.16", "python", installer.statuses.append) as python:
        assert os.access(python, os.X_OK)
        assert installer.commands() == [
            "-m venv environment",
            "-m pip --disable-pip-version-check --no-input install --quiet prefect==3.6.16 "
            "fastapi<0.130 importlib_metadata sqlalchemy<2.1",
        ]
    assert installer.leftovers() == []
    assert installer.statuses[0] == "making an environment with Prefect 3.6.16, with pip"
    assert installer.statuses[1].startswith("made an environment with Prefect 3.6.16 in ")


def test_uv_installs_if_there_is_one(installer: Installer) -> None:
    """It is much faster."""
    installer.write(uv=True)
    with prefect_environment("3.9.1", "python", installer.statuses.append):
        assert installer.commands() == [
            "venv --quiet --python python environment",
            "pip install --quiet --python environment/bin/python prefect==3.9.1 fastapi<0.151",
        ]
    assert "with uv" in installer.statuses[0]
    assert installer.leftovers() == []


@pytest.mark.parametrize("output", [UNKNOWN, UNKNOWN_TO_PIP], ids=["uv", "pip"])
def test_a_release_that_does_not_exist_is_a_usage_error(installer: Installer, output: str) -> None:
    """It names those that were measured, and shows what the installer said."""
    installer.write(output, uv=output is UNKNOWN)
    with (
        pytest.raises(UsageError, match=r"found no prefect 3\.9\.1; measured are .*:\n(?s:.*)=="),
        prefect_environment("3.9.1", "python", installer.statuses.append),
    ):
        pytest.fail("it was made")
    assert installer.leftovers() == []


def test_a_failed_installation_shows_what_the_installer_said(installer: Installer) -> None:
    """Its last lines."""
    installer.write("echo no network; exit 3")
    with (
        pytest.raises(TargetError, match=r"cannot be installed \(exit code 3\):\n  no network$"),
        prefect_environment("3.9.1", "python", installer.statuses.append),
    ):
        pytest.fail("it was made")
    assert installer.leftovers() == []


def test_an_installation_that_takes_too_long_is_stopped(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is left."""
    monkeypatch.setattr(environment, "INSTALL_SECONDS", 0.0)
    installer.write()
    with (
        pytest.raises(TargetError, match=r"it took more than 0 s"),
        prefect_environment("3.9.1", "python", installer.statuses.append),
    ):
        pytest.fail("it was made")
    assert installer.leftovers() == []


def test_a_process_ends_with_its_children(tmp_path: Path) -> None:
    """If Ctrl-C ends the kit while an installer runs, what that has started ends too."""
    pid = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {pid}; wait"
    children: list[int] = []

    def interrupted() -> None:
        with (
            (tmp_path / "log").open("wb") as log,
            running_process(["/bin/sh", "-c", script], os.environ, tmp_path, log),
        ):
            while not pid.exists() or not pid.read_text():
                pass
            children.append(os.pidfd_open(int(pid.read_text())))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    ended, _, _ = select.select(children, [], [], 20)
    os.close(children[0])
    assert ended == children


def test_wrong_options_are_refused_before_anything_is_installed(installer: Installer) -> None:
    """An installation takes long."""
    installer.write()
    options = ServerOptions(
        spawn=Program.prefect, prefect_release="3.9.1", database="mysql://127.0.0.1/scratch"
    )
    with (
        pytest.raises(UsageError, match="URL of a throw-away database"),
        connect_server(options, installer.statuses.append),
    ):
        pytest.fail("it was opened")
    assert installer.statuses == []


def test_the_server_is_started_from_the_environment(installer: Installer) -> None:
    """Here it ends at once, since the program is not Prefect."""
    installer.write()
    options = ServerOptions(
        spawn=Program.prefect, prefect_release="3.9.1", prefect_python=str(installer.python)
    )
    with (
        pytest.raises(TargetError, match=r"did not start \(exit code 0\)"),
        connect_server(options, installer.statuses.append),
    ):
        pytest.fail("it was opened")
    last = installer.log.read_text().splitlines()[-1]
    assert last.startswith("-m prefect server start --no-services --host 127.0.0.1 --port ")
    assert "environment/bin/python -m prefect server start" in installer.statuses[-1]
    assert installer.leftovers() == []
