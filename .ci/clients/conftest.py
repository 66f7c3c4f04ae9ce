"""A real server by its URL, the mock beside it, and the pythons that have prefect, by version."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

OPTIONS = {
    "--real-url": "the API of a real server on SQLite, one that records task runs",
    "--python": "a python with prefect; may be given again, for another version",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, told in OPTIONS.items():
        parser.addoption(name, help=told, action="append" if name == "--python" else "store")


def pytest_configure(config: pytest.Config) -> None:
    for name in OPTIONS:
        if not config.getoption(name):
            raise pytest.UsageError(f"{name} is missing: there is nothing to test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "python" in metafunc.fixturenames:
        pythons = [Path(one).absolute() for one in metafunc.config.getoption("--python")]
        metafunc.parametrize("python", pythons, ids=[one.parent.parent.name for one in pythons])


@pytest.fixture(scope="session")
def urls(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The URL of each of the two servers; the mock is started without flow runs."""
    folder = tmp_path_factory.mktemp("mock")
    seeds, log = folder / "nothing.json", folder / "mock.log"
    seeds.write_text("[]")
    command = [sys.executable, "-m", "mockserver", "serve", str(seeds), "--port", "0"]
    command += ["--dialect", "prefect-sqlite"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            assert announced, log.read_text()
            yield {
                "real": request.config.getoption("--real-url"),
                "mock": f"{announced.split()[3]}/api",
            }
        finally:
            process.terminate()
    assert "Traceback" not in log.read_text()
