"""The pytest plugin: `flow_run_api`, a Prefect API of its own for each test, in milliseconds.

It is imported in every run of pytest where the package is installed: nothing but pytest is
imported before a test asks for a fixture.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .flow_run_api import FlowRunApi
    from .mock_server import MockServer

MARK = "flow_runs"
_MARK_HELP = (
    f"{MARK}(*seeds, **fields): what flow_run_api holds. Seeds are files (beside the test file), "
    "documents, lists of flow runs' fields, or functions that take the api; fields, and a number "
    "before them, are those of api.make."
)
# A test that is over can still be looked at by what is torn down after it.
_KEPT_SESSIONS = 8
_API_URL_VARIABLE = "PREFECT_API_URL"
_API_URL_KEY = pytest.StashKey[tuple[str, str | None]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARK_HELP)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Where a `monkeypatch` that is older than flow_run_api has put our address back: take it away.

    It is undone after flow_run_api is torn down, and puts back what the test found.
    """
    try:
        return (yield)
    finally:
        ours, before = item.stash.get(_API_URL_KEY, ("", None))
        if ours and os.environ.get(_API_URL_VARIABLE) == ours:
            del os.environ[_API_URL_VARIABLE]
            if before is not None:
                os.environ[_API_URL_VARIABLE] = before


@pytest.fixture(scope="session")
def flow_run_server() -> Iterator[MockServer]:
    """The server of this process (under xdist: of this worker), which all tests share."""
    from .mock_server import MockServer

    server = MockServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _flow_run_sessions() -> deque[FlowRunApi]:
    """Sessions of tests that are over, the last one at the end."""
    return deque()


@pytest.fixture
def flow_run_seeds() -> tuple[Any, ...]:
    """Override it: files, documents, or lists that each test's flow_run_api begins with."""
    return ()


@pytest.fixture
def flow_run_dialect() -> str:
    """Override it: the dialect that flow_run_api speaks, such as `prefect-sqlite`."""
    return "spec"


@pytest.fixture
def flow_run_clock() -> Any:
    """Override it: where flow_run_api's clock stands (a datetime, or RFC 3339); None: it runs."""
    return None


@pytest.fixture
def flow_run_settings() -> Mapping[str, Any]:
    """Override it: other settings of flow_run_api, such as `{"max_body": 4096, "journal": 10}`."""
    return {}


@pytest.fixture
def flow_run_api(
    request: pytest.FixtureRequest,
    flow_run_server: MockServer,
    _flow_run_sessions: deque[FlowRunApi],
    flow_run_seeds: tuple[Any, ...],
    flow_run_dialect: str,
    flow_run_clock: Any,
    flow_run_settings: Mapping[str, Any],
) -> Iterator[FlowRunApi]:
    """A Prefect API of this test's own; PREFECT_API_URL is its url for as long as the test runs.

    What mockserver warned of is a `FlowRunWarning`; a bug of its own is raised in the test.
    """
    __tracebackhide__ = True
    from .prefect_settings import override_api_url

    while len(_flow_run_sessions) >= _KEPT_SESSIONS:
        flow_run_server.close_session(_flow_run_sessions.popleft())
    marks = list(request.node.iter_markers(MARK))[::-1]
    folder = request.path.parent
    files = [folder / one for mark in marks for one in mark.args if isinstance(one, str | Path)]
    api = flow_run_server.session(
        *flow_run_seeds,
        *files,
        dialect=flow_run_dialect,
        now=flow_run_clock,
        **flow_run_settings,
    )
    _flow_run_sessions.append(api)
    for mark in marks:
        _apply_mark(api, mark)
    api.begin_here()
    request.node.stash[_API_URL_KEY] = (api.url, os.environ.get(_API_URL_VARIABLE))
    with override_api_url(api.url):
        yield api
    _report_problems(api, request)


def _apply_mark(api: FlowRunApi, mark: pytest.Mark) -> None:
    """Add what a mark says, but for the files, which are there."""
    numbers = [one for one in mark.args if isinstance(one, int)]
    for one in mark.args:
        if callable(one):
            one(api)
        elif not isinstance(one, int | str | Path):
            api.load(one)
    if mark.kwargs or numbers:
        api.make(sum(numbers) if numbers else 1, **mark.kwargs)


def _report_problems(api: FlowRunApi, request: pytest.FixtureRequest) -> None:
    """Raise what went wrong in the server; pass on what it warned of, which may be an error."""
    from ..errors import FlowRunWarning
    from ..prefect import WARNINGS

    bugs = api.errors
    if bugs:
        raise bugs[0]
    line = (request.node.location[1] or 0) + 1
    failing = []
    for warned, times in api.warnings.items():
        text = f"{warned}: {WARNINGS[warned]}" + (f" ({times} times)" if times > 1 else "")
        try:
            warnings.warn_explicit(text, FlowRunWarning, filename=str(request.path), lineno=line)
        except FlowRunWarning:
            failing.append(text)
    if failing:
        pytest.fail("\n".join(("FlowRunWarning, which is an error here:", *failing)), pytrace=False)
