"""The part `import`: how long imports take, and which heavy packages they load."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from statistics import median

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.paths import ROOT
from benchmarks.results import Table, Target

TARGET_MILLISECONDS = 200
HEAVY = ("aiohttp", "jsonschema", "schemathesis")
_IMPORT, _NAMES = "import mockserver", "from mockserver import *"
_CODES: Mapping[str, str] = {
    "pass": "pass",
    _IMPORT: _IMPORT,
    _NAMES: _NAMES,
    "import mockserver.http.app": "import mockserver.http.app",
}


def measure(effort: Effort, _: GeneratedSeeds) -> Iterator[Table | Target]:
    """The package, all its public names and the application, in turn with no import at all."""
    times: dict[str, list[float]] = {name: [] for name in _CODES}
    for turn in range(effort.imports):
        log_progress(f"import, round {turn + 1}")
        for name, code in _CODES.items():
            times[name].append(_run(code))
    over = {name: _median_excess(times["pass"], found) for name, found in times.items()}
    yield _table(over, effort)
    for name in (_IMPORT, _NAMES):
        good = over[name] < TARGET_MILLISECONDS
        yield Target(name, f"< {TARGET_MILLISECONDS} ms", f"{over[name]:.0f} ms", good)


def _run(code: str) -> float:
    """Seconds that a Python process takes to run this code."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    return time.perf_counter() - begun


def _median_excess(nothing: list[float], found: list[float]) -> float:
    """Median milliseconds beyond the empty process of the same round."""
    pairs = zip(nothing, found, strict=True)
    return median(seconds - base for base, seconds in pairs) * 1e3


def _table(over: Mapping[str, float], effort: Effort) -> Table:
    table = Table(
        "Import: time of a Python process beyond that for `pass`",
        ("code", "ms", "modules", *HEAVY),
        notes=(f"Medians of {effort.imports} rounds, in turn; then the modules in sys.modules.",),
    )
    for name, code in _CODES.items():
        modules = _modules(code)
        loaded = ("yes" if heavy in modules else "no" for heavy in HEAVY)
        table.add(name, f"{over[name]:.1f}", f"{len(modules):,}", *loaded)
    return table


def _modules(code: str) -> set[str]:
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    shown = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return set(shown.stdout.split())
