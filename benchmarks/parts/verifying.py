"""The part `verify`: how long the contract kit takes on a real Prefect that it starts itself."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.paths import ROOT
from benchmarks.results import Table, Target

# name of the run, its options, and the target in seconds of a machine with two free cores
_RUNS = (("verify", (), 120), ("verify --quick", ("--quick",), 30))
# Recorded with 3.9.1 on SQLite, before filters were chosen by what they decide: 3,000 filters, 300
# deletes, and a list of all flow runs after each refused request.
_BEFORE = ("verify, before", "912 (busy machine)", "301", "20,963", "23", "")


@dataclass(frozen=True, slots=True)
class _Measured:
    """One run: seconds by the wall clock and of processor time, requests, and cells decided."""

    seconds: float
    processor: float
    requests: int
    cells: int


def measure(_: Effort, __: GeneratedSeeds) -> Iterator[Table | Target]:
    """Verify a server started for each run; it is on SQLite."""
    prefect = os.environ.get("BENCHMARK_PREFECT")
    if prefect is None:
        log_progress("verify: no --prefect PROGRAM given, left out")
        return
    python = str(Path(prefect).absolute().with_name("python"))
    table = Table(
        "Verify a real Prefect with --spawn, start and stop of the server included",
        ("run", "seconds", "processor", "requests", "a second", "cells decided"),
        notes=("Processor time is of the kit and the server. `before` was recorded.",),
    )
    table.add(*_BEFORE)
    targets = []
    for name, options, most in _RUNS:
        log_progress(name)
        one = _verify(python, options)
        table.add(
            name,
            f"{one.seconds:.0f}",
            f"{one.processor:.0f}",
            f"{one.requests:,}",
            f"{one.requests / one.seconds:.0f}",
            f"{one.cells:,}",
        )
        targets.append(
            Target(f"{name}, seconds", f"<= {most}", f"{one.seconds:.0f}", one.seconds <= most)
        )
    yield table
    yield from targets


def _verify(python: str, options: tuple[str, ...]) -> _Measured:
    """Run the command; if it finds something, shows its report and raises CalledProcessError."""
    with TemporaryDirectory(prefix="benchmarks-") as folder:
        command = [sys.executable, "-m", "mockserver", "verify", "--spawn", "prefect"]
        command += ["--prefect-python", python, "--report", folder, *options]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            log_progress(done.stdout + done.stderr)
            done.check_returncode()
        report = json.loads(Path(folder, "report.json").read_text("utf-8"))
    counts = [outcome["counts"] for outcome in report["outcomes"]]
    return _Measured(
        seconds,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        sum(one.get("requests", 0) for one in counts),
        sum(one.get("cells decided", 0) for one in counts),
    )
