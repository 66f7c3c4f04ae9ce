"""Start servers as processes of their own, and stop them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.paths import ROOT

_STOP_SECONDS = 5.0
_URL = re.compile(r"http://([\d.]+):(\d+)")

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int


def mock_command(*seeds: Path) -> Command:
    """The command that serves these seed files; without any, the shipped fixtures."""
    return ("mockserver", "serve", "--port", "0", *map(str, seeds))


def baseline_command(ids: int) -> Command:
    """The command of the baseline server, which answers every bulk_delete with this many ids."""
    return ("benchmarks.servers.baseline", str(ids))


BASELINE_WITH_MODELS_COMMAND: Command = ("benchmarks.servers.baseline_with_models",)


@contextmanager
def run_server(command: Command, environment: Mapping[str, str] = os.environ) -> Iterator[Address]:
    """Start a server and yield its address; stop it when the block ends.

    Its log lines are written, to /dev/null.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    try:
        assert process.stdout
        found = _URL.search(process.stdout.readline())
        if found is None:
            raise RuntimeError(f"python -m {' '.join(command)} did not start")
        yield Address(found[1], int(found[2]))
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_STOP_SECONDS)
    except BaseException:  # an interrupt must not leave a server behind
        process.kill()
        process.communicate()
        raise
