"""The part `fixture`: what a test pays for a server of its own, as pytest measures it."""

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

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.results import Table, Target

TARGET_EACH_MS, TARGET_FIRST_MS, TARGET_RATIO, TARGET_START_MS = 2.0, 20.0, 3_000, 5.0
PREFECT_PYTHON = "PREFECT_PYTHON"
"""Names a Python that has Prefect; it must be of the same version as this one."""
_DISABLED_PLUGINS = ("cacheprovider", "anyio", "asyncio", "cov", "hypothesispytest", "schemathesis")

# Writes the seconds of set-up and tear-down of each test; imports are not counted.
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
class FixtureSpec:
    """A fixture to measure: its name, the package it `needs`, and what to import before.

    `fixture` is its source where no plugin brings it.
    """

    name: str
    needs: str
    imports: str
    fixture: str = ""
    max_tests: int = 1_000  # fewer for slow fixtures


_BASELINE = "no server"
_MOCK, _HARNESS = "mockserver", "prefect_test_harness"
FIXTURES: Mapping[str, FixtureSpec] = {
    _BASELINE: FixtureSpec("nothing", "pytest", "", "@pytest.fixture\ndef nothing():\n    yield"),
    _MOCK: FixtureSpec("flow_run_api", "mockserver", "import mockserver.testing.mock_server"),
    "pytest-httpserver": FixtureSpec("httpserver", "pytest_httpserver", "import pytest_httpserver"),
    "moto, threaded server": FixtureSpec(
        "moto",
        "moto",
        "from moto.server import ThreadedMotoServer",
        "@pytest.fixture\ndef moto():\n    server = ThreadedMotoServer(port=0)\n"
        "    server.start()\n    yield\n    server.stop()",
        max_tests=20,
    ),
    _HARNESS: FixtureSpec(
        "harness",
        "prefect",
        "from prefect.testing.utilities import prefect_test_harness",
        "@pytest.fixture\ndef harness():\n    with prefect_test_harness(120):\n        yield",
        max_tests=2,
    ),
}


def measure(effort: Effort, _: GeneratedSeeds) -> Iterator[Table | Target]:
    """Each fixture in a run of pytest of its own, one after the other."""
    table = Table(
        "A fixture for each test: set-up and tear-down by pytest, without imports",
        ("fixture", "first, ms", "each, ms", "slowest, ms", "x mockserver"),
        notes=(
            f"{effort.fixtures:,} empty tests (moto: 20, {_HARNESS}: 2); `each` is the median of "
            "all but the first.",
            f"{_HARNESS} needs {PREFECT_PYTHON}, a Python with Prefect; pytest-httpserver and "
            "moto[server] have to be installed.",
        ),
    )
    found: dict[str, list[float]] = {}
    for name, spec in FIXTURES.items():
        log_progress(f"fixture, {name}")
        times = _fixture_seconds(spec, min(spec.max_tests, effort.fixtures))
        if times is not None:
            found[name] = [seconds * 1e3 for seconds in times]
    mock = median(found[_MOCK][1:])
    for name in FIXTURES:
        if name in found:
            first, *others = found[name]
            figures = f"{first:.2f}", f"{median(others):.2f}", f"{max(others):.2f}"
            table.add(name, *figures, f"{median(others) / mock:,.1f}")
        else:
            table.add(name, *["not installed"] + [""] * 3)
    yield table
    yield from _targets(found, mock, _first_fixture_ms(effort))
    yield _startup_target(effort)


def _first_fixture_ms(effort: Effort) -> float:
    """Milliseconds of the first fixture of a process: the median of `effort.starts` processes."""
    firsts = []
    for turn in range(effort.starts):
        log_progress(f"fixture, the first, round {turn + 1}")
        times = _fixture_seconds(FIXTURES[_MOCK], 1)
        assert times
        firsts.append(times[0] * 1e3)
    return median(firsts)


def _targets(found: Mapping[str, list[float]], mock: float, first: float) -> Iterator[Target]:
    what = "flow_run_api, entered and left"
    yield Target(what, f"<= {TARGET_EACH_MS:g} ms", f"{mock:.2f}", mock <= TARGET_EACH_MS)
    what = "flow_run_api, the first of a process, beyond imports"
    yield Target(what, f"<= {TARGET_FIRST_MS:g} ms", f"{first:.1f}", first <= TARGET_FIRST_MS)
    if _HARNESS in found:
        times = median(found[_HARNESS]) / mock
        what = f"{_HARNESS} / flow_run_api"
        yield Target(what, f">= {TARGET_RATIO:,}", f"{times:,.0f}", times >= TARGET_RATIO)


def _fixture_seconds(spec: FixtureSpec, tests: int) -> list[float] | None:
    """Seconds of each test; None if the fixture's package is not installed."""
    environment = dict(os.environ)
    if spec.needs == "prefect":
        python = environment.get(PREFECT_PYTHON)
        if not python:
            return None
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        found = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
        environment["PYTHONPATH"] = found.stdout.strip()
    elif find_spec(spec.needs) is None:
        return None
    with TemporaryDirectory(prefix="benchmarks-") as made:
        folder = Path(made)
        conftest = _CONFTEST.format(imports=spec.imports, fixture=spec.fixture)
        (folder / "conftest.py").write_text(conftest)
        tests_file = folder / "test_nothing.py"
        tests_file.write_text(_TESTS.format(tests=tests, name=spec.name))
        environment |= {"SPENT": str(folder / "spent.json"), "PREFECT_HOME": str(folder / "home")}
        _pytest(folder, environment)
        spent: list[float] = json.loads((folder / "spent.json").read_text())
    return spent


def _pytest(folder: Path, environment: Mapping[str, str], *options: str) -> None:
    unwanted = [f"-pno:{name}" for name in _DISABLED_PLUGINS]
    command = [sys.executable, "-m", "pytest", "-q", *unwanted, *options, str(folder)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _startup_target(effort: Effort) -> Target:
    """Processor time that the installed plugin costs a run of pytest that does not use it."""
    over = []
    with TemporaryDirectory(prefix="benchmarks-") as made:
        folder = Path(made)
        (folder / "test_nothing.py").write_text("def test_nothing(): ...")
        for turn in range(effort.starts):
            log_progress(f"fixture, a start of pytest, round {turn + 1}")
            spent = []
            for options in ((), ("-pno:mockserver",)):
                before = _processor_seconds()
                _pytest(folder, os.environ, *options)
                spent.append(_processor_seconds() - before)
            over.append((spent[0] - spent[1]) * 1e3)
    found = median(over)
    what = "a start of pytest that does not use the plugin, extra processor time"
    return Target(what, f"<= {TARGET_START_MS:g} ms", f"{found:.1f}", found <= TARGET_START_MS)


def _processor_seconds() -> float:
    """Processor time of all children so far: less noisy than a clock on a busy machine."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
