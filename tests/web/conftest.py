"""One server with the page for each module of tests, and a fresh one where it is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.page_client import PageClient, serve_page


@pytest.fixture(scope="module")
def page() -> Iterator[PageClient]:
    """A client of a server that no test changes."""
    with serve_page() as client:
        yield client
