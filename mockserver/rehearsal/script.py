"""A user's script as a process: its environment, its end, and how long it may take."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import UsageError
from ..testing import client_environment

API_KEY = "rehearsal"
"""The key that the script is given in place of the user's own, which stays out of it."""
_SECRETS = ("PREFECT_API_AUTH_STRING", "PREFECT_CLIENT_CUSTOM_HEADERS")
_KILL_SECONDS = 3.0  # from SIGTERM to SIGKILL


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """How a script ended: its exit code (None: it took too long), and after how many seconds."""

    code: int | None
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it did not end, or not with 0."""
        return self.code != 0

    def __str__(self) -> str:
        if self.code is None:
            return f"did not end within {self.seconds:,.0f} s"
        if -self.code in set(signal.Signals):
            return f"ended by {signal.Signals(-self.code).name}"
        return f"ended with {self.code}"


def run_script(
    command: Sequence[str],
    url: str,
    seconds: float,
    *,
    quiet: bool = False,
    stdout_to_stderr: bool = False,
) -> ScriptResult:
    """Run a command with `url` as the address of Prefect's API, for at most so many seconds.

    Its output is passed through, or dropped if `quiet`; `stdout_to_stderr` keeps stdout free of it.
    What it started is stopped with it, also when this is interrupted. Raises UsageError for a
    command that cannot be run.
    """
    stderr = subprocess.DEVNULL if quiet else None
    started = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is the user's own
            list(command),
            env=script_environment(os.environ, url),
            stdout=sys.stderr if stdout_to_stderr and not quiet else stderr,
            stderr=stderr,
            stdin=subprocess.DEVNULL if quiet else None,
            start_new_session=True,  # so that its children can be stopped with it
        )
    except OSError as error:
        problem = error.strerror or str(error)
        raise UsageError(
            f"cannot run {command[0]!r}: {problem}; expected a command after --, such as "
            "-- python clean_up.py"
        ) from None
    try:
        code: int | None = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        _stop_group(process)
    return ScriptResult(code, time.monotonic() - started)


def script_environment(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """The environment of a script: the user's, with the rehearsal's server for the real one."""
    kept = {name: value for name, value in environment.items() if name not in _SECRETS}
    return {**kept, **client_environment(url), "PREFECT_API_KEY": API_KEY}


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop what is left of a process and of what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):  # nothing is left
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_SECONDS)
