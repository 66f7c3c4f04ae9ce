"""What a test pays for a server of its own: fixtures entered and left, by pytest itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory

from .effort import Effort, say
from .population import Population
from .table import Aim, Table

AIMED_EACH_MS, AIMED_FIRST_MS, AIMED_TIMES, AIMED_START_MS = 2.0, 20.0, 3_000, 5.0
PREFECT_PYTHON = "PREFECT_PYTHON"
"""The variable that names a python with Prefect, of the version that this one has."""
_UNWANTED = ("cacheprovider", "anyio", "asyncio", "cov", "hypothesispytest", "schemathesis")

# Times of set-up and tear-down, test by test; what is imported first is not part of them.
_CONFTEST = """
import atexit, json, os, time
import pytest
{imports}

spent = {{}}

def timed(item):
    begun = time.perf_counter()
    yield
    spent[item.name] = spent.get(item.name, 0) + time.perf_counter() - begun

pytest_runtest_setup = pytest.hookimpl(hookwrapper=True)(timed)

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    yield from timed(item)

def pytest_sessionfinish():
    with open(os.environ["SPENT"], "w") as file:
        json.dump(list(spent.values()), file)
{fixture}
"""
_TESTS = """
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_nothing({name}, number): ...
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A fixture by its name; `fixture` where no plugin brings it; `needs` a package."""

    name: str
    needs: str
    imports: str
    fixture: str = ""
    most: int = 1_000  # tests: of slow ones few are enough


_NONE = "no server"
_MOCK, _HARNESS = "mockserver", "prefect_test_harness"
CONTENDERS: Mapping[str, Contender] = {
    _NONE: Contender("nothing", "pytest", "", "@pytest.fixture\ndef nothing():\n    yield"),
    _MOCK: Contender("flow_run_api", "mockserver", "import mockserver.testing.mock_server"),
    "pytest-httpserver": Contender("httpserver", "pytest_httpserver", "import pytest_httpserver"),
    "moto, threaded server": Contender(
        "moto",
        "moto",
        "from moto.server import ThreadedMotoServer",
        "@pytest.fixture\ndef moto():\n    server = ThreadedMotoServer(port=0)\n"
        "    server.start()\n    yield\n    server.stop()",
        most=20,
    ),
    _HARNESS: Contender(
        "harness",
        "prefect",
        "from prefect.testing.utilities import prefect_test_harness",
        "@pytest.fixture\ndef harness():\n    with prefect_test_harness(120):\n        yield",
        most=2,
    ),
}


def measure(effort: Effort, _: Population) -> Iterator[Table | Aim]:
    """Each contender in a run of pytest of its own, one after the other."""
    table = Table(
        "A fixture for each test: set-up and tear-down, by pytest; imports not counted",
        ("fixture", "first, ms", "each, ms", "slowest, ms", "x mockserver"),
        notes=(
            f"Of {effort.fixtures:,} tests that do nothing (moto: 20, {_HARNESS}: 2); each: the "
            "median of all but the first.",
            f"{_HARNESS} wants a python with Prefect in {PREFECT_PYTHON}; pytest-httpserver and "
            "moto[server] are to be installed.",
        ),
    )
    found: dict[str, list[float]] = {}
    for name, contender in CONTENDERS.items():
        say(f"fixture, {name}")
        times = _times(contender, min(contender.most, effort.fixtures))
        if times is not None:
            found[name] = [seconds * 1e3 for seconds in times]
    mock = median(found[_MOCK][1:])
    for name in CONTENDERS:
        if name in found:
            first, *others = found[name]
            figures = f"{first:.2f}", f"{median(others):.2f}", f"{max(others):.2f}"
            table.add(name, *figures, f"{median(others) / mock:,.1f}")
        else:
            table.add(name, *["not installed"] + [""] * 3)
    yield table
    yield from _aims(found, mock, _first(effort))
    yield _start_aim(effort)


def _first(effort: Effort) -> float:
    """Milliseconds of the first fixture of a process: the median of as many processes as starts."""
    firsts = []
    for turn in range(effort.starts):
        say(f"fixture, the first, round {turn + 1}")
        times = _times(CONTENDERS[_MOCK], 1)
        assert times
        firsts.append(times[0] * 1e3)
    return median(firsts)


def _aims(found: Mapping[str, list[float]], mock: float, first: float) -> Iterator[Aim]:
    what = "flow_run_api, entered and left"
    yield Aim(what, f"<= {AIMED_EACH_MS:g} ms", f"{mock:.2f}", mock <= AIMED_EACH_MS)
    what = "flow_run_api, the first of a process, beyond imports"
    yield Aim(what, f"<= {AIMED_FIRST_MS:g} ms", f"{first:.1f}", first <= AIMED_FIRST_MS)
    if _HARNESS in found:
        times = median(found[_HARNESS]) / mock
        what = f"{_HARNESS} / flow_run_api"
        yield Aim(what, f">= {AIMED_TIMES:,}", f"{times:,.0f}", times >= AIMED_TIMES)


def _times(contender: Contender, tests: int) -> list[float] | None:
    """Seconds test by test; None where what it needs is not installed."""
    environment = dict(os.environ)
    if contender.needs == "prefect":
        python = environment.get(PREFECT_PYTHON)
        if not python:
            return None
        asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
        found = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True)
        environment["PYTHONPATH"] = found.stdout.strip()
    elif find_spec(contender.needs) is None:
        return None
    with TemporaryDirectory(prefix="benchmarks-") as made:
        folder = Path(made)
        conftest = _CONFTEST.format(imports=contender.imports, fixture=contender.fixture)
        (folder / "conftest.py").write_text(conftest)
        tests_file = folder / "test_nothing.py"
        tests_file.write_text(_TESTS.format(tests=tests, name=contender.name))
        environment |= {"SPENT": str(folder / "spent.json"), "PREFECT_HOME": str(folder / "home")}
        _pytest(folder, environment)
        spent: list[float] = json.loads((folder / "spent.json").read_text())
    return spent


def _pytest(folder: Path, environment: Mapping[str, str], *options: str) -> None:
    unwanted = [f"-pno:{name}" for name in _UNWANTED]
    command = [sys.executable, "-m", "pytest", "-q", *unwanted, *options, str(folder)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _start_aim(effort: Effort) -> Aim:
    """What a run of pytest that does not use the plugin pays for its being installed."""
    over = []
    with TemporaryDirectory(prefix="benchmarks-") as made:
        folder = Path(made)
        (folder / "test_nothing.py").write_text("def test_nothing(): ...")
        for turn in range(effort.starts):
            say(f"fixture, a start of pytest, round {turn + 1}")
            spent = []
            for options in ((), ("-pno:mockserver",)):
                before = _processor_seconds()
                _pytest(folder, os.environ, *options)
                spent.append(_processor_seconds() - before)
            over.append((spent[0] - spent[1]) * 1e3)
    found = median(over)
    what = "a start of pytest that does not use the plugin, more processor time"
    return Aim(what, f"<= {AIMED_START_MS:g} ms", f"{found:.1f}", found <= AIMED_START_MS)


def _processor_seconds() -> float:
    """What children have used so far: less noisy than a clock where others work, too."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
