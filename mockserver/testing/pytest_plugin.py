"""The pytest plugin: the fixture `flow_run_api` gives each test a Prefect API of its own.

pytest imports this file in every project where the package is installed. Invariant: nothing else
of the package, and nothing but pytest, is imported before a test uses a fixture.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from .flow_run_api import FlowRunApi
    from .mock_server import MockServer

T = TypeVar("T")
MARK = "flow_runs"
_MARK_HELP = (
    f"{MARK}(*seeds, **fields): what flow_run_api holds. Seeds are files (beside the test file), "
    "documents, lists of fields of flow runs, or functions that take the api; fields, and a number "
    "before them, are passed to api.make."
)
# The sessions of the last tests stay open for fixtures that are torn down after flow_run_api.
_KEPT_SESSIONS = 8
_API_URL_VARIABLE = "PREFECT_API_URL"
_API_URL_KEY = pytest.StashKey[tuple[str, str | None]]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker `flow_runs`."""
    config.addinivalue_line("markers", _MARK_HELP)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Restore PREFECT_API_URL if a `monkeypatch` has set it back to the URL of flow_run_api.

    A `monkeypatch` that was set up before flow_run_api is undone after it, and restores the value
    that it saw: that URL, of a test that is over.
    """
    try:
        return (yield)
    finally:
        api_url, before = item.stash.get(_API_URL_KEY, ("", None))
        if api_url and os.environ.get(_API_URL_VARIABLE) == api_url:
            del os.environ[_API_URL_VARIABLE]
            if before is not None:
                os.environ[_API_URL_VARIABLE] = before


@pytest.fixture(scope="session")
def flow_run_server() -> Iterator[MockServer]:
    """The server that all tests of this process share (under xdist: of this worker)."""
    from .mock_server import MockServer

    server = MockServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _flow_run_sessions() -> deque[FlowRunApi]:
    """The sessions of the last tests, oldest first."""
    return deque()


@pytest.fixture
def flow_run_seeds() -> tuple[Any, ...]:
    """Override it to give the files, documents or lists that flow_run_api starts with."""
    return ()


@pytest.fixture
def flow_run_dialect() -> str:
    """Override it to give the dialect of flow_run_api, such as `prefect-sqlite@3.8.8`."""
    return "spec"


@pytest.fixture
def flow_run_clock() -> Any:
    """Override it to stop the clock of flow_run_api at a datetime or RFC 3339 text."""
    return None


@pytest.fixture
def flow_run_settings() -> Mapping[str, Any]:
    """Override it to give other settings, such as `{"max_body": 4096, "id_seed": 1}`.

    With an `id_seed`, new ids are the same in every test; without one, they are random.
    """
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
    """A Prefect API of this test's own; PREFECT_API_URL is its `url` while the test runs.

    Warnings of the server become a `FlowRunWarning` each, but not those that are only notes about
    other releases than the dialect's; an unexpected exception in the server is raised in the test.
    """
    __tracebackhide__ = True
    from .prefect_settings import override_api_url

    while len(_flow_run_sessions) >= _KEPT_SESSIONS:
        flow_run_server.close_session(_flow_run_sessions.popleft())
    marks = list(request.node.iter_markers(MARK))[::-1]  # of the module first, of the test last
    folder = request.path.parent
    files = [folder / one for mark in marks for one in mark.args if isinstance(one, str | Path)]
    api = _for_test(
        request,
        lambda: flow_run_server.session(
            *flow_run_seeds,
            *files,
            dialect=flow_run_dialect,
            now=flow_run_clock,
            **flow_run_settings,
        ),
    )
    _flow_run_sessions.append(api)
    for mark in marks:
        _apply_mark(api, mark, request)
    # `reset` shall keep what the marks have added.
    api.begin_here()
    request.node.stash[_API_URL_KEY] = (api.url, os.environ.get(_API_URL_VARIABLE))
    with override_api_url(api.url):
        yield api
    _report_problems(api, request)


def _apply_mark(api: FlowRunApi, mark: pytest.Mark, request: pytest.FixtureRequest) -> None:
    """Add what a mark gives, except its files, which the session was opened with."""
    __tracebackhide__ = True
    numbers = [one for one in mark.args if isinstance(one, int)]
    for one in mark.args:
        if callable(one):
            one(api)
        elif not isinstance(one, int | str | Path):
            _for_test(request, partial(api.load, one))
    if mark.kwargs or numbers:
        number = sum(numbers) if numbers else 1
        _for_test(request, partial(api.make, number, **mark.kwargs))


def _for_test(request: pytest.FixtureRequest, function: Callable[[], T]) -> T:
    """Call a function; an error in what a test asks for is shown at the line of the test.

    No frame of a traceback would be the user's: the plugin reads the marks and the fixtures.
    """
    # Not hidden: pytest shows no frame of this error, but tells where all of them are hidden.
    from ..errors import MockServerError

    try:
        return function()
    except MockServerError as error:
        file, line, name = request.node.location
        where = f"{file}:{(line or 0) + 1}: {name}: flow_run_api cannot be made"
        text = f"{where}\n{type(error).__name__}: {error}"
        raise pytest.fail.Exception(text, pytrace=False) from None


def _report_problems(api: FlowRunApi, request: pytest.FixtureRequest) -> None:
    """Raise an exception of the server; give its warnings, and fail for those that are errors."""
    from ..errors import FlowRunWarning
    from ..prefect import notes_of, warning_sentence

    errors = api.errors
    if errors:
        raise errors[0]
    line = (request.node.location[1] or 0) + 1
    failures = []
    for warning, times in api.warnings.items():
        # A filter that is right for this release must not fail a test.
        if warning in notes_of(api.dialect):
            continue
        text = f"{warning}: {warning_sentence(warning, api.dialect)}"
        if times > 1:
            text += f" ({times} times)"
        try:
            # As if the test itself had warned: the summary names it, and filters by module apply.
            warnings.warn_explicit(text, FlowRunWarning, filename=str(request.path), lineno=line)
        except FlowRunWarning:
            failures.append(text)
    if failures:
        pytest.fail(
            "\n".join(("FlowRunWarning, which is an error here:", *failures)), pytrace=False
        )
