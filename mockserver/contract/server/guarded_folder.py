"""A temporary folder, and processes that work in it, which do not outlive this process.

A context manager cannot clean up after kill -9, or a terminal that is closed. A watchdog does: a
process of its own, which reads from a pipe that ends when this process does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .process import STOP_SECONDS

# It imports little, so that it starts in about 20 ms. A line +N or -N names a process group that
# has been started or has ended.
_WATCHDOG = """
import os, shutil, signal, sys, time
groups = set()
for line in sys.stdin:
    if line == "end\\n":
        sys.exit()
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
def send(number):
    there = False
    for group in groups:
        try:
            os.killpg(group, number)
            there = True
        except OSError:
            pass
    return there
for number, seconds in ((signal.SIGTERM, float(sys.argv[2])), (signal.SIGKILL, 5)):
    until = time.monotonic() + seconds
    there = send(number)
    while there and time.monotonic() < until:
        time.sleep(0.05)
        there = send(0)
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


@dataclass(frozen=True, slots=True)
class GuardedFolder:
    """The folder, and its watchdog, which is a process with the id `pid`."""

    path: Path
    _watchdog: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The id of the watchdog."""
        return self._watchdog.pid

    @contextmanager
    def guard(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Within the block the process and its group end when this process does."""
        self.tell(f"+{process.pid}")
        try:
            yield
        finally:
            self.tell(f"-{process.pid}")

    def tell(self, line: str) -> None:
        """Write a line to the watchdog: +N, -N or `end`."""
        pipe = self._watchdog.stdin
        if pipe is not None:
            with suppress(OSError):  # somebody has killed it
                os.write(pipe.fileno(), f"{line}\n".encode())


@contextmanager
def guarded_folder(prefix: str) -> Iterator[GuardedFolder]:
    """A temporary folder that is removed when the block or this process ends, however it ends."""
    with TemporaryDirectory(prefix=prefix) as name:
        watchdog = subprocess.Popen(  # noqa: S603 - Python itself
            [sys.executable, "-I", "-S", "-c", _WATCHDOG, name, str(STOP_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C and the end of a terminal do not reach it
        )
        folder = GuardedFolder(Path(name), watchdog)
        try:
            yield folder
        finally:
            folder.tell("end")
            watchdog.communicate()
