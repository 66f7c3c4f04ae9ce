"""Throw-away virtual environments, each with one release of Prefect."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mockserver.errors import UsageError
from mockserver.prefect.releases import requirements


def make_venv(release: str, folder: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """Make a virtual environment with a release in an empty folder; returns its Python.

    Takes uv if there is one, which needs seconds, else venv and pip. Raises UsageError with what
    the program said if the release cannot be installed.
    """
    wanted = requirements(release)
    say(f"installing {' '.join(wanted)}")
    for command in install_commands(folder, wanted, shutil.which("uv")):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-2000:]
            raise UsageError(f"Prefect {release} cannot be installed:\n{said}")
    return venv_python(folder)


def install_commands(folder: Path, wanted: Sequence[str], uv: str | None) -> list[list[str]]:
    """The commands that make a virtual environment and install into it."""
    if uv:
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(venv_python(folder)), *wanted],
        ]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [str(venv_python(folder)), "-m", "pip", "install", "--quiet", *wanted],
    ]


def venv_python(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / "bin" / "python"


def installed_release(python: Path) -> str:
    """The release of Prefect that a Python has. Raises UsageError if it has none."""
    program = "import importlib.metadata as m; print(m.version('prefect'))"
    try:
        done = subprocess.run(
            [str(python), "-c", program], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError(f"{python} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise UsageError(f"{python} has no Prefect; expected a Python that has a release of it")
    return done.stdout.strip()
