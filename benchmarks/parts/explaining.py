"""The part `explain`: what a filter would delete, and why, on up to a million runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.effort import Effort, log_progress
from benchmarks.explained_filters import FILTERS
from benchmarks.first_explanation import CALLS
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.paths import ROOT
from benchmarks.results import Table, Target

TARGET_SECONDS = 2.0


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Explain each filter on the largest store, as it is loaded from a packed file."""
    runs = effort.max_runs
    packed = seeds.packed(runs)
    table = Table(
        f"Explain a filter on {runs:,} runs, seconds",
        ("filter", "selects", "first", "processor", "then"),
        notes=(
            "`first` is the first call of a new process, with all indexes that it needs; loading "
            "is done.",
            "`processor`: how much of that a processor worked; a busy machine hardly changes it.",
            f"`then` is the median of the {CALLS} calls after it.",
        ),
    )
    slowest = 0.0
    for name in islice(FILTERS, effort.starts):
        log_progress(f"explain, {runs:,} runs, {name}")
        found = _measure_in_process(packed, name)
        seconds = (f"{found[one]:.2f}" for one in ("first", "processor", "then"))
        table.add(name, f"{found['selects']:,}", *seconds)
        slowest = max(slowest, found["first"])
    yield table
    yield Target(
        f"explain a filter on {runs:,} runs, the first call of a process",
        f"<= {TARGET_SECONDS:g} s",
        f"{slowest:.2f} s",
        slowest <= TARGET_SECONDS,
    )


def _measure_in_process(packed: Path, name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.first_explanation", str(packed), name]
    printed = subprocess.run(command, check=True, cwd=ROOT, capture_output=True).stdout
    found: dict[str, Any] = json.loads(printed)
    return found
