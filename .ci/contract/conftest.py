"""Two real servers, given as options.

The servers hold no flow runs before the tests and none after them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

DATABASES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    for database in DATABASES:
        parser.addoption(f"--{database}-url", required=True, help=f"a real server on {database}")


@pytest.fixture(scope="session")
def real_urls(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The URLs of their APIs, by database."""
    return {name: request.config.getoption(f"{name}_url") for name in DATABASES}
