"""A child process that ends with a block, and what it printed last."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...errors import to_single_line

STOP_SECONDS = 20.0  # then it is killed
_LOG_TAIL_LINES = 12


@contextmanager
def running_process(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: str | Path,
    output: IO[bytes],
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, and those that it starts, no longer than the block.

    It has a session of its own, so that Ctrl-C does not reach it before the kit.
    """
    process = subprocess.Popen(  # noqa: S603 - a program that the user named, or Python and uv
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _signal_session(process, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_session(process, signal.SIGKILL)
            process.wait()


def _signal_session(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process and its children, unless it has ended."""
    if process.poll() is None:  # else its id may be another's by now
        os.killpg(process.pid, number)


def last_lines(log: Path) -> str:
    """The last lines of a log, indented, after a colon; "" if there are none."""
    lines = log.read_text(errors="replace").strip().splitlines()[-_LOG_TAIL_LINES:]
    return "".join((":" if lines else "", *(f"\n  {to_single_line(line)}" for line in lines)))
