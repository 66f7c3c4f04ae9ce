"""How long seeds take to load, by format and size."""

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

from mockserver.seeds.loading import load_seeds

from .effort import Effort, say
from .population import NOW, Population
from .servers import ROOT
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
    yield from _large(effort, population)


PARSE_TIMES, PACKED_TIMES, BYTES_A_RUN = 3, 5, 1_200


def _large(effort: Effort, population: Population) -> Iterator[Table | Aim]:
    """Each way in a process of its own, in turn: seconds of its processor, and its memory."""
    runs = effort.most
    lines = population.lines(runs, now=NOW)
    packed = lines.with_suffix(".packed")
    pack = ["mockserver", "seeds", "pack", str(lines), "--output", str(packed), "--force"]
    subprocess.run([sys.executable, "-m", *pack], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    ways = {"orjson parses the lines": lines, "NDJSON": lines, "packed": packed}
    found: dict[str, list[tuple[float, int]]] = {way: [] for way in ways}
    for turn in range(min(3, effort.loads)):
        for way, path in ways.items():
            say(f"load, {runs:,} runs, {way}, round {turn + 1}")
            found[way].append(_alone("load" if way in ("NDJSON", "packed") else "parse", path))
    table = Table(
        f"Load {runs:,} runs, in a process of its own: seconds of processor time, peak memory",
        ("way", "seconds", "lowest", "highest", "bytes a run"),
        notes=(
            f"Medians of {min(3, effort.loads)} rounds, in turn; memory is all of the process.",
        ),
    )
    seconds = {way: median(one for one, _ in rounds) for way, rounds in found.items()}
    for way, rounds in found.items():
        spread = sorted(one for one, _ in rounds)
        taken = f"{rounds[0][1] / runs:,.0f}"
        table.add(way, f"{seconds[way]:.2f}", f"{spread[0]:.2f}", f"{spread[-1]:.2f}", taken)
    yield table
    parse, slow, fast = seconds.values()
    memory = found["NDJSON"][0][1] / runs
    times = slow / parse
    yield Aim("NDJSON load / parse", f"<= {PARSE_TIMES}", f"{times:.1f}", times <= PARSE_TIMES)
    times = slow / fast
    yield Aim("NDJSON load / packed", f">= {PACKED_TIMES}", f"{times:.1f}", times >= PACKED_TIMES)
    good = memory <= BYTES_A_RUN
    yield Aim("memory of a load", f"<= {BYTES_A_RUN:,} B a run", f"{memory:,.0f}", good)


def _alone(what: str, path: Path) -> tuple[float, int]:
    """Seconds of processor time, and the most bytes of memory."""
    command = [sys.executable, "-m", "benchmarks.loading", what, str(path)]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory)


def main() -> None:
    """Parse or load a file, as `mockserver serve` does it; print what it took."""
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
    """The most memory that this program had; `ru_maxrss` counts its parent's in, too."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024  # type: ignore[index]


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


if __name__ == "__main__":
    main()
