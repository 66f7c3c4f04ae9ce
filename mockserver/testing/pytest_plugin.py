"""The pytest plugin: its fixtures give a test, class, module or session a Prefect API of its own.

pytest imports this file in every project where the package is installed. Invariant: nothing else
of the package, and nothing but pytest, is imported before a test uses a fixture.
"""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import pytest

if TYPE_CHECKING:
    from .flow_run_api import FlowRunApi
    from .mock_server import MockServer
    from .prefect_settings import ApiUrls

T = TypeVar("T")
MARK = "flow_runs"
_Scope = Literal["session", "module", "class", "function"]
_SCOPES: tuple[_Scope, ...] = get_args(_Scope)  # widest first
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


@dataclass(frozen=True, slots=True)
class _Open:
    """What the fixtures of a process share: the sessions of the last tests, oldest first, and the
    URLs of the APIs that are in use.
    """

    server: MockServer
    urls: ApiUrls
    last: deque[FlowRunApi] = field(default_factory=deque)

    def keep(self, api: FlowRunApi) -> None:
        """Keep the session of a test that has ended, and close the oldest one in its place."""
        self.last.append(api)
        if len(self.last) > _KEPT_SESSIONS:
            self.server.close_session(self.last.popleft(), later=True)


@pytest.fixture(scope="session")
def _flow_run_sessions(flow_run_server: MockServer) -> _Open:
    from .prefect_settings import ApiUrls

    return _Open(flow_run_server, ApiUrls())


# Of the widest scope, so that fixtures of any scope can use them. An override has the scope of the
# narrowest fixture that uses it, or a wider one.


@pytest.fixture(scope="session")
def flow_run_seeds() -> tuple[Any, ...]:
    """Override it to give the files, documents or lists that flow_run_api starts with."""
    return ()


@pytest.fixture(scope="session")
def flow_run_dialect() -> str:
    """Override it to give the dialect of flow_run_api, such as `prefect-sqlite@3.8.8`."""
    return "spec"


@pytest.fixture(scope="session")
def flow_run_clock() -> Any:
    """Override it to stop the clock of flow_run_api at a datetime or RFC 3339 text."""
    return None


@pytest.fixture(scope="session")
def flow_run_settings() -> Mapping[str, Any]:
    """Override it to give other settings, such as `{"max_body": 4096, "id_seed": 1}`.

    With an `id_seed`, new ids are the same in every test; without one, they are random.
    """
    return {}


def _api_fixture(scope: _Scope, doc: str) -> Any:
    """A fixture that gives one API for each test, class, module or process."""

    def fixture(
        request: pytest.FixtureRequest,
        _flow_run_sessions: _Open,
        flow_run_seeds: tuple[Any, ...],
        flow_run_dialect: str,
        flow_run_clock: Any,
        flow_run_settings: Mapping[str, Any],
    ) -> Iterator[FlowRunApi]:
        __tracebackhide__ = True
        marks = list(request.node.iter_markers(MARK))[::-1]  # of the module first, the test last
        given = [one for mark in marks for one in mark.args if isinstance(one, str | Path)]
        api = _for_test(
            request,
            lambda: _flow_run_sessions.server.session(
                *flow_run_seeds,
                *(request.path.parent / file for file in given),
                dialect=flow_run_dialect,
                now=flow_run_clock,
                **flow_run_settings,
            ),
        )
        try:
            for mark in marks:
                _apply_mark(api, mark, request)
            if marks:  # `reset` shall keep what they have added
                api.begin_here()
            request.node.stash[_API_URL_KEY] = (api.url, os.environ.get(_API_URL_VARIABLE))
            with _flow_run_sessions.urls.use(api.url, _SCOPES.index(scope)):
                yield api
        finally:
            _flow_run_sessions.keep(api)
        _report_problems(api, request)

    fixture.__doc__ = doc
    return pytest.fixture(scope=scope)(fixture)


flow_run_api = _api_fixture(
    "function",
    """A Prefect API of this test's own; PREFECT_API_URL is its `url` while the test runs.

    Warnings of the server become a `FlowRunWarning` each, but not those that are only notes about
    other releases than the dialect's; an unexpected exception in the server is raised in the test.
    """,
)
flow_run_api_class = _api_fixture(
    "class",
    """As flow_run_api, one for all tests of a class, with the marks of the class and its module.

    What one test changes, the next one sees: `snapshot` and `restore`, or `reset`, go back.
    Fixtures that it uses, such as flow_run_seeds, need `scope="class"` or a wider one.
    """,
)
flow_run_api_module = _api_fixture(
    "module",
    """As flow_run_api_class, one for all tests of a module, with the marks of the module.""",
)
flow_run_api_session = _api_fixture(
    "session",
    """As flow_run_api_class, one for all tests of this process (under xdist: of this worker).

    A test that also asks for flow_run_api, or for the API of its class or module, has that one's
    URL in PREFECT_API_URL.
    """,
)


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
        file, line, name = _place(request)
        where = f"{file}:{line}: {name}: {request.fixturename} cannot be made"
        text = f"{where}\n{type(error).__name__}: {error}"
        raise pytest.fail.Exception(text, pytrace=False) from None


def _place(request: pytest.FixtureRequest) -> tuple[str, int, str]:
    """File, line and name of the test, or of the class, module or session that a fixture is for."""
    node = request.node
    if isinstance(node, pytest.Item):
        file, line, name = node.location
        return file, (line or 0) + 1, name
    return node.nodeid.partition("::")[0], 1, node.name or "the session"


def _report_problems(api: FlowRunApi, request: pytest.FixtureRequest) -> None:
    """Raise an exception of the server; give its warnings, and fail for those that are errors."""
    from ..errors import FlowRunWarning
    from ..prefect import notes_of, warning_sentence

    errors, warned = api.problems
    if errors:
        raise errors[0]
    if not warned:
        return
    _, line, _ = _place(request)
    failures = []
    for warning, times in warned.items():
        # A filter that is right for this release must not fail a test.
        if warning in notes_of(api.dialect):
            continue
        text = f"{warning}: {warning_sentence(warning, api.dialect)}"
        if times > 1:
            text += f" ({times} times)"
        try:
            # As if the test itself had warned: the summary names it, and filters by module apply.
            warnings.warn_explicit(text, FlowRunWarning, str(request.node.path), line)
        except FlowRunWarning:
            failures.append(text)
    if failures:
        pytest.fail(
            "\n".join(("FlowRunWarning, which is an error here:", *failures)), pytrace=False
        )
