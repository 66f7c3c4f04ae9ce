"""What an import costs, and what it drags in."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from statistics import median

from .effort import Effort, say
from .population import Population
from .servers import ROOT
from .table import Aim, Table

AIMED_MILLISECONDS = 200
HEAVY = ("aiohttp", "jsonschema", "schemathesis")
_IMPORT, _NAMES = "import mockserver", "from mockserver import *"
_CODES: Mapping[str, str] = {
    "pass": "pass",
    _IMPORT: _IMPORT,
    _NAMES: _NAMES,
    "import mockserver.http.app": "import mockserver.http.app",
}


def measure(effort: Effort, _: Population) -> Iterator[Table | Aim]:
    """The package, all its public names, and the application; in turn with no import at all."""
    times: dict[str, list[float]] = {name: [] for name in _CODES}
    for turn in range(effort.imports):
        say(f"import, round {turn + 1}")
        for name, code in _CODES.items():
            times[name].append(_run(code))
    over = {name: _over(times["pass"], found) for name, found in times.items()}
    yield _table(over, effort)
    for name in (_IMPORT, _NAMES):
        good = over[name] < AIMED_MILLISECONDS
        yield Aim(name, f"< {AIMED_MILLISECONDS} ms", f"{over[name]:.0f} ms", good)


def _run(code: str) -> float:
    """Seconds that a Python process takes for some code."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    return time.perf_counter() - begun


def _over(nothing: list[float], found: list[float]) -> float:
    """Milliseconds over those of the bare process in the same round."""
    pairs = zip(nothing, found, strict=True)
    return median(seconds - base for base, seconds in pairs) * 1e3


def _table(over: Mapping[str, float], effort: Effort) -> Table:
    table = Table(
        "Import: what a Python process takes longer than for `pass`",
        ("code", "ms", "modules", *HEAVY),
        notes=(f"Medians of {effort.imports} rounds, in turn; then what is in sys.modules.",),
    )
    for name, code in _CODES.items():
        modules = _modules(code)
        dragged = ("yes" if heavy in modules else "no" for heavy in HEAVY)
        table.add(name, f"{over[name]:.1f}", f"{len(modules):,}", *dragged)
    return table


def _modules(code: str) -> set[str]:
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    shown = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return set(shown.stdout.split())
