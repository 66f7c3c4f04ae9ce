"""What the kit starts ends with the kit, also where that is killed and cleans nothing up."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver.contract.server.guarded_folder import guarded_folder
from mockserver.contract.server.process import running_process

SECONDS = 60
# Tells the ids of the server, its child and the watchdog, and waits to be killed.
KIT = """
import subprocess, sys, time
from pathlib import Path
from mockserver.contract.server import guarded_folder as module
from mockserver.contract.server.guarded_folder import guarded_folder
from mockserver.contract.server.process import running_process
module.STOP_SECONDS = 0.1
with guarded_folder("mockserver-test-") as folder:
    command = [sys.executable, "-c", sys.argv[1]]
    log = folder.path / "log"
    with (
        log.open("wb") as output,
        running_process(command, {}, folder.path, output) as process,
        folder.guard(process),
    ):
        while not (said := log.read_text().split()):
            time.sleep(0.01)
        print(process.pid, said[0], folder.pid, folder.path, flush=True)
        sys.stdin.read()
"""
IGNORES_SIGTERM = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
SERVER = """
import signal, subprocess, sys, time
{}
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@contextmanager
def watching(*pids: int) -> Iterator[list[int]]:
    descriptors = [os.pidfd_open(pid) for pid in pids]
    try:
        yield descriptors
    finally:
        for one in descriptors:
            os.close(one)


@pytest.mark.parametrize(
    ("number", "server"),
    [
        (signal.SIGKILL, ""),
        (signal.SIGHUP, ""),
        (signal.SIGTERM, ""),
        (signal.SIGKILL, IGNORES_SIGTERM),
    ],
)
def test_nothing_is_left_of_a_kit_that_was_killed(number: signal.Signals, server: str) -> None:
    """Neither the server nor what it has started, nor the folder."""
    source = SERVER.format(server)
    kit = subprocess.Popen(
        [sys.executable, "-c", KIT, source], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert kit.stdout is not None
    *numbers, folder = kit.stdout.readline().split()
    with watching(*map(int, numbers)) as descriptors:
        kit.send_signal(number)
        kit.communicate()
        for one in descriptors:
            assert select.select([one], [], [], SECONDS)[0]
    assert not Path(os.fsdecode(folder)).exists()


def test_a_process_that_has_ended_is_forgotten(tmp_path: Path) -> None:
    """Its number may be another's by then. The watchdog ends with the block."""
    with guarded_folder("mockserver-test-") as folder:
        (folder.path / "file").touch()
        with (
            (tmp_path / "log").open("wb") as log,
            running_process(["/bin/true"], {}, folder.path, log) as process,
            folder.guard(process),
        ):
            process.wait()
        with watching(folder.pid) as (watchdog,):
            assert not select.select([watchdog], [], [], 0)[0]
            os.kill(folder.pid, signal.SIGKILL)  # it is missed by nobody
            assert select.select([watchdog], [], [], SECONDS)[0]
        with folder.guard(process):
            pass
    assert not folder.path.exists()
