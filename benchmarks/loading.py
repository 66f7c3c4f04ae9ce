"""How long seeds take to load, by format and size."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from mockserver.seeds import load_seeds

from .effort import Effort, say
from .population import NOW, Population
from .table import Aim, Table

YAML_RUNS = 1_000


def measure(effort: Effort, population: Population) -> Iterator[Table | Aim]:
    """Files of made-up runs, read into a base that is ready to serve."""
    table = Table(
        "Load: a file of made-up runs, read and put in order",
        ("format", "runs", "MB", "read, ms", "base, ms", "runs/s"),
        notes=(f"Medians of {effort.loads} loads in a process that has loaded before.",),
    )
    for kind, runs, path in _files(effort, population):
        say(f"load, {kind}, {runs:,} runs")
        read, base = _times(path, effort.loads)
        size = path.stat().st_size / 1e6
        table.add(
            kind,
            f"{runs:,}",
            f"{size:.1f}",
            f"{read * 1e3:,.0f}",
            f"{base * 1e3:,.0f}",
            f"{runs / (read + base):,.0f}",
        )
    yield table


def _files(effort: Effort, population: Population) -> Iterator[tuple[str, int, Path]]:
    for runs in effort.sizes:
        yield "NDJSON", runs, population.lines(runs)
        yield "NDJSON, RFC 3339 times", runs, population.lines(runs, now=NOW)
        yield "JSON", runs, population.json(runs)
    yield "YAML", YAML_RUNS, population.yaml(YAML_RUNS)


def _times(path: Path, loads: int) -> tuple[float, float]:
    """Median seconds to read the file, and to make a base of what it holds."""
    reads, bases = [], []
    for _ in range(loads):
        gc.collect()
        begun = time.perf_counter()
        seeds = load_seeds([path], datetime.now(UTC))
        read = time.perf_counter()
        base = seeds.base()
        bases.append(time.perf_counter() - read)
        reads.append(read - begun)
        del seeds, base
    return median(reads), median(bases)
