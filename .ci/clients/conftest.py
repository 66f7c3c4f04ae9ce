"""A real server, given by its URL, the mock, and Pythons with different releases of Prefect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.servers import serve_in_process

REQUIRED_OPTIONS = {
    "--real-url": "the API of a real server on SQLite that records task runs",
    "--python": "a Python with Prefect; may be repeated for other releases",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, text in REQUIRED_OPTIONS.items():
        parser.addoption(name, help=text, action="append" if name == "--python" else "store")


def pytest_configure(config: pytest.Config) -> None:
    for name in REQUIRED_OPTIONS:
        if not config.getoption(name):
            raise pytest.UsageError(f"{name} is missing: there is nothing to test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "python" in metafunc.fixturenames:
        pythons = [Path(one).absolute() for one in metafunc.config.getoption("--python")]
        metafunc.parametrize("python", pythons, ids=[one.parent.parent.name for one in pythons])


@pytest.fixture
def newest_python(request: pytest.FixtureRequest) -> Path:
    """The Python that was named first."""
    return Path(request.config.getoption("--python")[0]).absolute()


@pytest.fixture(scope="session")
def urls(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The API of each of the two servers; the mock starts without flow runs."""
    folder = tmp_path_factory.mktemp("mock")
    seeds, log = folder / "nothing.json", folder / "mock.log"
    seeds.write_text("[]")
    real = request.config.getoption("--real-url")
    with urlopen(f"{real}/admin/version", timeout=30) as reply:
        release = json.load(reply)
    with serve_in_process(log, seeds, "--dialect", f"prefect-sqlite@{release}") as url:
        yield {"real": real, "mock": f"{url}/api"}
    assert "Traceback" not in log.read_text()
