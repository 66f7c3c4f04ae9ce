"""A real server and the mock by their URLs, and the pythons that have prefect, one per version."""

from __future__ import annotations

from pathlib import Path

import pytest

OPTIONS = {
    "--real-url": "the API of a real server, one that records task runs",
    "--mock-url": "the API of the mock",
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


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> dict[str, str]:
    """The URL of each of the two servers."""
    return {name: request.config.getoption(f"--{name}-url") for name in ("real", "mock")}
