"""Servers in processes of their own, and their end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_STOP_SECONDS = 5.0
_URL = re.compile(r"http://([\d.]+):(\d+)")

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int


def mock(*seeds: Path) -> Command:
    """The command that serves seeds; without any, the shipped fixtures."""
    return ("mockserver", "serve", "--port", "0", *map(str, seeds))


def bare(ids: int) -> Command:
    """The command of the bare server that answers so many ids."""
    return ("benchmarks.bare", str(ids))


MODELLED: Command = ("benchmarks.modelled",)


@contextmanager
def running(command: Command, environment: Mapping[str, str] = os.environ) -> Iterator[Address]:
    """A server that listens; it is stopped at the end. Its log lines are written, and dropped."""
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
    except BaseException:  # not even an interrupt may leave a server behind
        process.kill()
        process.communicate()
        raise
