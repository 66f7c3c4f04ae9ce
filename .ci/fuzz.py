"""Fuzz the server for a time: requests, the control API, seeds, packed files and events.

    fuzz.py [SECONDS]

Each fuzzer has an equal share of the seconds, 600 if none are given. It begins anew where it is
done before, and is killed when its share is over. Where hypothesis is not told to be reproducible
(by CI=true), each run draws other examples.

Exit codes: 0 nothing was found; 1 a fuzzer failed, a traceback was logged, or one took more memory
than it may.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
FUZZERS = (
    "tests/http/test_request_fuzz.py",
    "tests/http/control/test_control_fuzz.py",
    "tests/http/test_event_fuzz.py",
    "tests/seeds/test_seed_fuzz.py",
    "tests/seeds/test_packed_content.py",
)
MOST_MEMORY = 500 << 20


def main() -> int:
    """Run each fuzzer in turn."""
    until = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 600)
    found = 0
    for left, fuzzer in zip(range(len(FUZZERS), 0, -1), FUZZERS, strict=True):
        began = time.monotonic()
        share = began + (until - began) / left
        problem, runs = None, 0
        while problem is None and (runs == 0 or time.monotonic() < share):
            problem, runs = run(fuzzer, share - time.monotonic()), runs + 1
        found += problem is not None
        took = time.monotonic() - began
        print(f"{fuzzer}: {problem or 'nothing found'} ({took:.0f} s, runs: {runs})", flush=True)
    return 1 if found else 0


def run(fuzzer: str, seconds: float) -> str | None:
    """Run one for at most so long, and return what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        output, log = Path(folder, "output"), Path(folder, "log")
        options = ("-x", "-p", "no:cacheprovider", f"--log-file={log}", "--log-file-level=INFO")
        command = (sys.executable, "-m", "pytest", "--hypothesis-profile=fuzz", *options, fuzzer)
        with output.open("wb") as out:
            # With a group of its own, to which the servers belong that it starts.
            process = subprocess.Popen(
                command, cwd=CHECKOUT, stdout=out, stderr=out, start_new_session=True
            )
        code, memory = wait(process, seconds)
        logged = log.read_text() if log.exists() else ""
        if code not in (0, -signal.SIGKILL):
            print(output.read_text())
            return f"failed with exit code {code}"
        if "Traceback" in logged:
            print(logged[logged.index("Traceback") :][:5_000])
            return "a traceback was logged"
        if memory > MOST_MEMORY:
            return f"took {memory:,} bytes of memory; expected up to {MOST_MEMORY:,}"
        return None


def wait(process: subprocess.Popen[bytes], seconds: float) -> tuple[int, int]:
    """Wait for a process, and kill its group after so long: its exit code, and its memory."""
    until = time.monotonic() + seconds
    while True:
        # Before it is waited for: its id is good until then.
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss * 1024
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
