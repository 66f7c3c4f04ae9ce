"""A throw-away environment with one release of Prefect, made by uv or pip.

Invariant: nothing of it is left when the block of `prefect_environment` ends, however it ends.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import UsageError, to_single_line
from ...prefect import NEWEST, list_releases, measured_release, requirements
from .guarded_folder import GuardedFolder, guarded_folder
from .process import last_lines, running_process
from .target import TargetError

# Measured on a small machine, with a warm cache: pip takes 23 s to install Prefect, uv 3 s.
INSTALL_SECONDS = 1200.0
# A version by PEP 440 with three numbers, and nothing that a command line could misread.
_RELEASE = re.compile(
    r"\d{1,4}\.\d{1,4}\.\d{1,4}((a|b|rc)\d{1,4})?(\.post\d{1,4})?(\.dev\d{1,6})?", re.ASCII
)
# What pip says, and what uv says.
_NO_SUCH_RELEASE = ("No matching distribution found for", "there is no version of")


def require_release(text: str) -> str:
    """A release of Prefect to install, such as 3.9.1, 3.9.2rc1 or 3.9.2.dev1.

    Raises UsageError for another text, and for a release without bulk_delete.
    """
    if not _RELEASE.fullmatch(text):
        raise UsageError(
            f"{to_single_line(text, 60)!r} is no release of Prefect; expected one such as "
            f"{NEWEST} (measured are {list_releases()})"
        )
    measured_release(text)
    return text


@contextmanager
def prefect_environment(
    release: str, base_python: str, on_status: Callable[[str], None]
) -> Iterator[str]:
    """Make an environment with a release of Prefect, delete it when the block ends; yield its
    Python.

    `release` is one that `require_release` returned; `base_python` is a program. uv makes it if
    there is one on the PATH, else pip does. Raises UsageError if there is no such release, and
    TargetError if it cannot be installed.
    """
    uv = shutil.which("uv")
    with guarded_folder(f"mockserver-prefect-{release}-") as folder:
        environment = folder.path / "environment"
        python = str(environment / "bin" / "python")
        on_status(f"making an environment with Prefect {release}, with {'uv' if uv else 'pip'}")
        started = time.monotonic()
        for command in (
            _uv_commands(uv, base_python, environment, python, release)
            if uv
            else _pip_commands(base_python, environment, python, release)
        ):
            _run(command, folder, release)
        seconds = time.monotonic() - started
        on_status(f"made an environment with Prefect {release} in {seconds:.0f} s")
        yield python


def _uv_commands(
    uv: str, base_python: str, environment: Path, python: str, release: str
) -> Sequence[Sequence[str]]:
    return (
        (uv, "venv", "--quiet", "--python", base_python, str(environment)),
        (uv, "pip", "install", "--quiet", "--python", python, *requirements(release)),
    )


def _pip_commands(
    base_python: str, environment: Path, python: str, release: str
) -> Sequence[Sequence[str]]:
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--no-input")
    return (
        (base_python, "-m", "venv", str(environment)),
        (*pip, "install", "--quiet", *requirements(release)),
    )


def _run(command: Sequence[str], folder: GuardedFolder, release: str) -> None:
    """Run one step of the installation to its end. Raises UsageError and TargetError."""
    log = folder.path / "install.log"
    code: int | None = None
    # pip leaves temporary files when it is stopped.
    environment = {**os.environ, "TMPDIR": str(folder.path)}
    with (
        log.open("wb") as output,
        running_process(command, environment, folder.path, output) as process,
        folder.guard(process),
        suppress(subprocess.TimeoutExpired),
    ):
        code = process.wait(INSTALL_SECONDS)
    if code == 0:
        return
    lines = last_lines(log)
    if any(f"{words} prefect=={release}" in _single_spaced(log) for words in _NO_SUCH_RELEASE):
        raise UsageError(f"found no prefect {release}; measured are {list_releases()}{lines}")
    reason = f"it took more than {INSTALL_SECONDS:.0f} s" if code is None else f"exit code {code}"
    raise TargetError(f"Prefect {release} cannot be installed ({reason}){lines}")


def _single_spaced(log: Path) -> str:
    """The text of a log without its line ends, which uv puts wherever a line gets long."""
    return " ".join(log.read_text(errors="replace").split())
