"""The part `load`: how long seeds take to load, by format and size, and how much memory."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import orjson

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import NOW, GeneratedSeeds
from benchmarks.paths import ROOT
from benchmarks.results import Table, Target
from mockserver.seeds.loading import load_seeds

YAML_RUNS = 1_000


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Load files of generated runs into a base that is ready to serve."""
    table = Table(
        "Load: read a file of generated runs and build the base",
        ("format", "runs", "MB", "read, ms", "base, ms", "runs/s"),
        notes=(f"Medians of {effort.loads} loads in a process that has loaded before.",),
    )
    for kind, runs, path in _files(effort, seeds):
        log_progress(f"load, {kind}, {runs:,} runs")
        read, base = _load_seconds(path, effort.loads)
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
    yield from _measure_large(effort, seeds)


# Targets: NDJSON takes at most three times as long as parsing its lines, a packed file a fifth of
# NDJSON, and a loading process at most 1,200 bytes a run.
MAX_PARSE_RATIO, MIN_PACKED_RATIO, MAX_BYTES_PER_RUN = 3, 5, 1_200
_PARSE, _NDJSON, _PACKED = "orjson parses the lines", "NDJSON", "packed"
Measured = dict[str, list[tuple[float, int]]]
"""(processor seconds, peak bytes) of each round, by way of loading."""


def _measure_large(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Parse, load and load packed, each in a process of its own, in turn."""
    runs = effort.max_runs
    lines = seeds.lines(runs, now=NOW)
    packed = lines.with_suffix(".packed")
    pack = ["mockserver", "seeds", "pack", str(lines), "--output", str(packed), "--force"]
    subprocess.run([sys.executable, "-m", *pack], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    ways = {_PARSE: ("parse", lines), _NDJSON: ("load", lines), _PACKED: ("load", packed)}
    measured: Measured = {way: [] for way in ways}
    for turn in range(min(3, effort.loads)):
        for way, (what, path) in ways.items():
            log_progress(f"load, {runs:,} runs, {way}, round {turn + 1}")
            measured[way].append(_load_in_process(what, path))
    yield _large_table(measured, runs)
    yield from _large_targets(measured, runs)


def _large_table(measured: Measured, runs: int) -> Table:
    rounds = len(measured[_NDJSON])
    table = Table(
        f"Load {runs:,} runs, in a process of its own: seconds of processor time, peak memory",
        ("way", "seconds", "lowest", "highest", "bytes a run"),
        notes=(f"Medians of {rounds} rounds, in turn; memory is that of the whole process.",),
    )
    for way, results in measured.items():
        seconds = sorted(one for one, _ in results)
        figures = (median(seconds), seconds[0], seconds[-1])
        memory = results[0][1] / runs
        table.add(way, *(f"{figure:.2f}" for figure in figures), f"{memory:,.0f}")
    return table


def _large_targets(measured: Measured, runs: int) -> Iterator[Target]:
    seconds = {way: median(one for one, _ in results) for way, results in measured.items()}
    ratio = seconds[_NDJSON] / seconds[_PARSE]
    yield Target(
        "NDJSON load / parse", f"<= {MAX_PARSE_RATIO}", f"{ratio:.1f}", ratio <= MAX_PARSE_RATIO
    )
    ratio = seconds[_NDJSON] / seconds[_PACKED]
    yield Target(
        "NDJSON load / packed", f">= {MIN_PACKED_RATIO}", f"{ratio:.1f}", ratio >= MIN_PACKED_RATIO
    )
    memory = measured[_NDJSON][0][1] / runs
    good = memory <= MAX_BYTES_PER_RUN
    yield Target("memory of a load", f"<= {MAX_BYTES_PER_RUN:,} B a run", f"{memory:,.0f}", good)


def _load_in_process(what: str, path: Path) -> tuple[float, int]:
    """Run `main` in a process of its own: seconds of processor time, and peak bytes of memory."""
    command = [sys.executable, "-m", "benchmarks.parts.loading", what, str(path)]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory)


def main() -> None:
    """Parse or load a file as `mockserver serve` does; print processor seconds and peak bytes."""
    what, path = sys.argv[1], Path(sys.argv[2])
    gc.disable()
    begun = time.process_time()
    if what == "parse":
        with path.open("rb") as lines:
            for line in lines:
                orjson.loads(line)
        kept: object = None
    else:
        kept = load_seeds([path], datetime.now(UTC)).base()
    seconds = time.process_time() - begun
    assert what == "parse" or kept
    print(seconds, _peak_bytes())


def _peak_bytes() -> int:
    """Peak memory of this program; `ru_maxrss` would include that of its parent process."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024  # type: ignore[index]


def _files(effort: Effort, seeds: GeneratedSeeds) -> Iterator[tuple[str, int, Path]]:
    for runs in effort.sizes:
        yield "NDJSON", runs, seeds.lines(runs)
        yield "NDJSON, RFC 3339 times", runs, seeds.lines(runs, now=NOW)
        yield "JSON", runs, seeds.json(runs)
    yield "YAML", YAML_RUNS, seeds.yaml(YAML_RUNS)


def _load_seconds(path: Path, loads: int) -> tuple[float, float]:
    """Median seconds to read the file, and to build a base from it."""
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


if __name__ == "__main__":
    main()
