"""Two real servers, told by two options, and beside each the mock that claims to be like it.

The servers start without flow runs. `test_lists` takes away what it makes, `test_requests` needs
that there are none, and `test_runs` then fills the servers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange import Server
from mockserver.prefect.dialects import DIALECTS, Dialect

DATABASES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    for database in DATABASES:
        parser.addoption(
            f"--{database}-url", help=f"the API of a real server on {database}, without flow runs"
        )


def pytest_configure(config: pytest.Config) -> None:
    for database in DATABASES:
        if not config.getoption(f"{database}_url"):
            raise pytest.UsageError(f"--{database}-url URL is missing: there is nothing to test")


@dataclass(frozen=True)
class Pair:
    """A real server, the dialect that describes it, and the mock served in that dialect."""

    real: Server
    mock: Server
    dialect: Dialect


@pytest.fixture(scope="session", params=DATABASES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    database: str = request.param
    dialect = DIALECTS[f"prefect-{database}"]
    real = Server(request.config.getoption(f"{database}_url"), flaky=database == "sqlite")
    assert real.post("/flow_runs/count", {}) == 0, "the real server must not hold any flow runs"
    with serving(tmp_path_factory.mktemp(database), dialect) as url:
        yield Pair(real, Server(f"{url}/api"), dialect)


@contextmanager
def serving(folder: Path, dialect: Dialect, seed: object = ()) -> Iterator[str]:
    """`mockserver serve`, with a seed, as a process of its own; yields its URL.

    Fails afterwards where it has logged a traceback: it never has a reason to.
    """
    seeds, log = folder / "seed.json", folder / "mock.log"
    seeds.write_text(json.dumps(seed))
    command = [sys.executable, "-m", "mockserver", "serve", str(seeds), "--port", "0"]
    command += ["--dialect", dialect.name]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            assert announced, log.read_text()
            yield announced.split()[3]
        finally:
            process.terminate()
    logged = log.read_text()
    at = logged.find("Traceback")
    if at >= 0:
        pytest.fail(f"the mock has logged:\n{logged[at : at + 2000]}", pytrace=False)
