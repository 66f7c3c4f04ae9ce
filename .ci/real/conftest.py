"""Two real servers, given by two options, and for each a mock in the dialect of its release.

The servers start without flow runs. The order of the test files, which is alphabetical, matters:
test_list_endpoints deletes what it creates, test_request_reading needs servers without flow runs,
and test_selects_and_deletes then creates some.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from measure.http_client import Request, Server
from mockserver.prefect.dialects import Dialect, dialect_for
from tests.support.servers import serve_in_process

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
class ServerPair:
    """A real server, the dialect that describes it, and the mock served in that dialect."""

    real: Server
    mock: Server
    dialect: Dialect


@pytest.fixture(scope="session", params=DATABASES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerPair]:
    database: str = request.param
    real = Server(request.config.getoption(f"{database}_url"), flaky=database == "sqlite")
    release = json.loads(real.send(Request(path="/admin/version", method="GET")).reply)
    dialect = dialect_for(database, release)
    assert real.post("/flow_runs/count", {}) == 0, "the real server must not hold any flow runs"
    with serve_mock(tmp_path_factory.mktemp(database), dialect) as url:
        yield ServerPair(real, Server(f"{url}/api"), dialect)


@contextmanager
def serve_mock(folder: Path, dialect: Dialect, seed: object = ()) -> Iterator[str]:
    """Run `mockserver serve` with a seed in a process of its own; yields its URL.

    Fails afterwards if it has logged a traceback.
    """
    seeds, log = folder / "seed.json", folder / "mock.log"
    seeds.write_text(json.dumps(seed))
    with serve_in_process(log, seeds, "--dialect", dialect.name) as url:
        yield url
    logged = log.read_text()
    at = logged.find("Traceback")
    if at >= 0:
        pytest.fail(f"the mock has logged:\n{logged[at : at + 2000]}", pytrace=False)
