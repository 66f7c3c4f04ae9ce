"""Stands between schemathesis and the server: every generated request passes through here.

A request is adapted to the runs on the server, counted and throttled; the server is looked at
before and after it, so that the checks can be made. Schemathesis calls all this by its hooks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from requests.auth import AuthBase
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from ...prefect import BULK_DELETE
from ..exchanges import (
    CHECKS,
    CREATE_FLOW_RUN,
    CREATES_RUN_CHILD,
    NEEDS_RUNS,
    Check,
    ObservedExchange,
    Observer,
    RunsById,
    SentRequest,
    find_violations,
    is_read_only,
    is_unfiltered,
    is_valid_bulk_delete,
)
from ..server import Answer, BoundedSession, Ownership, TargetError, id_of
from .known_records import KnownRecords
from .substitution import (
    VERSION_HEADER,
    assign_to_runs,
    loosen_bulk_delete,
    substitute_known_values,
    substitute_path_id,
    substitute_version,
)

# The same as for requests that a `Target` sends itself; these are sent by schemathesis.
_MAX_RETRIES = 12
_RETRY_DELAY = 0.05  # seconds
# Added by requests and schemathesis, so no part of what was generated.
_CLIENT_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-length", "user-agent"),
        "x-schemathesis-testcaseid",
    }
)
# Log lines have no address of their own. A server deletes them with their run (Prefect:
# api/flow_runs.py, delete_flow_run_logs).
_CREATED_PATHS = {
    CREATE_FLOW_RUN: "/flow_runs",
    "POST /flows/": "/flows",
    "POST /task_runs/": "/task_runs",
}
CHECK_ID_BY_NAME = {f"mockserver_{check.id}".replace("-", "_"): check.id for check in CHECKS}
"""Schemathesis takes the name of a check from its function, so it must be an identifier."""


@dataclass
class RequestInterceptor(AuthBase):
    """Intercepts requests as an authentication, since requests shows it each one as it is sent.

    `stop` is called when no further request may be sent, and `stop_error` says why, unless the time
    is up (`timed_out`; `deadline` is a time of time.monotonic). `retries` counts the requests that
    a flaky server was sent again. `exchange` is the last one, if the server was looked at after it.
    `late_violations` are those that were found only after further requests.
    """

    observer: Observer
    seed: int
    stop: Callable[[], None] = field(default=lambda: None)
    deadline: float = float("inf")
    stop_error: Exception | None = None
    timed_out: bool = False
    retries: int = 0
    exchange: ObservedExchange | None = None
    late_violations: list[tuple[Check, str, ObservedExchange]] = field(default_factory=list)
    known: KnownRecords = field(init=False)
    _sent: SentRequest | None = None
    _matching: Sequence[str] | None = None
    _operation: str = ""
    _session: BoundedSession | None = None

    def __post_init__(self) -> None:
        self.known = KnownRecords(self.seed)

    def before_call(self, _context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        """The hook of schemathesis: adapt a case, and have it sent through this interceptor."""
        self._operation = case.operation.label
        kwargs["auth"] = self
        if "session" in kwargs:
            kwargs["session"] = self._bounded(kwargs["session"])
        self.exchange = None
        with self._stop_on_error():
            self._prepare_case(case)

    def _bounded(self, session: requests.Session) -> BoundedSession:
        """The session in place of schemathesis' own: with its headers, and bounded replies."""
        if self._session is None:
            self._session = BoundedSession(self.observer.target.url)
            self._session.headers.update(session.headers)
        return self._session

    def _prepare_case(self, case: Any) -> None:
        """Create runs for a case, and put known values into it.

        Only values that change are assigned: schemathesis forgets how an assigned one was made.
        """
        if not (is_read_only(case.method, case.path) or self._is_to_be_refused(case)):
            self._check_earlier_requests()
        runs = self.observer.ensure_runs(self._operation, case.body)
        body = self._adapt_body(case.body, runs)
        if body is not case.body and body != case.body:
            case.body = body
        # In a chain the id is that of a record which an earlier request of the chain created.
        chained = case.meta is not None and case.meta.phase.name == TestPhase.STATEFUL
        if case.path_parameters and not chained:
            parameters = self._adapt_path(case.path, case.path_parameters, runs)
            if parameters != case.path_parameters:
                case.path_parameters = parameters
        version = (case.headers or {}).get(VERSION_HEADER)
        if isinstance(version, str) and substitute_version(version, self.seed) != version:
            case.headers[VERSION_HEADER] = substitute_version(version, self.seed)

    def _is_to_be_refused(self, case: Any) -> bool:
        """Whether a case is invalid on purpose, so that it will be refused and change nothing.

        On a server of others, what may delete is never sent without a look.
        """
        ours = self.observer.target.ownership is Ownership.OURS
        invalid = case.meta is not None and case.meta.generation.mode.is_negative
        return invalid and (ours or self._operation not in NEEDS_RUNS)

    def _adapt_path(
        self, path: str, parameters: Mapping[str, Any], runs: RunsById
    ) -> Mapping[str, Any]:
        if path.startswith("/flow_runs/{id}"):
            return substitute_path_id(parameters, runs, self.seed)
        return self.known.in_path(path, parameters)

    def _adapt_body(self, body: Any, runs: RunsById) -> Any:
        body = self.known.in_body(substitute_known_values(body, runs, self.seed))
        if self._operation in CREATES_RUN_CHILD:
            return assign_to_runs(body, runs, self.seed)
        is_filtered_delete = (
            self._operation == BULK_DELETE
            and is_valid_bulk_delete(body)
            and not is_unfiltered(body)
        )
        return loosen_bulk_delete(body, self.seed) if is_filtered_delete else body

    def _check_earlier_requests(self) -> None:
        exchange = self.observer.observe_unchecked()
        if exchange:
            self.late_violations += [
                (check, violation, exchange) for check, violation in find_violations(exchange)
            ]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests with each request that is ready to be sent."""
        with self._stop_on_error():
            self._sent = self._parse_request(request)
            is_delete = self._sent.operation == BULK_DELETE
            self._matching = self.observer.list_matching(self._sent) if is_delete else None
            self.observer.target.throttle()
        request.register_hook("response", self._handle_response)  # type: ignore[no-untyped-call]
        return request

    def _handle_response(self, response: requests.Response, **kwargs: Any) -> requests.Response:
        with self._stop_on_error():
            response = self._retry_busy(response, kwargs)
            assert self._sent is not None  # noqa: S101 - __call__ comes first
            answer = to_answer(response)
            # Before `observe`, which may raise: what was created must be in the journal by then.
            self._report_created(self._sent, answer)
            self.known.note(self._sent, answer)
            self.exchange = self.observer.observe(self._sent, answer, self._matching, later=True)
        return response

    def _report_created(self, sent: SentRequest, answer: Answer) -> None:
        if answer.status == 201 and sent.operation in _CREATED_PATHS:
            with suppress(ValueError):  # no JSON, which is a finding of schemathesis
                path = f"{_CREATED_PATHS[sent.operation]}/{id_of(answer.json)}"
                self.observer.run_pool.record(path)

    def _retry_busy(self, response: requests.Response, kwargs: dict[str, Any]) -> requests.Response:
        """Send a request again while a flaky server answers 503, as `Target.send` does."""
        tries = _MAX_RETRIES if self.observer.target.flaky else 0
        while response.status_code == 503 and tries:
            tries -= 1
            self.retries += 1
            response.content  # noqa: B018 - read, so that the connection is free
            response.close()
            time.sleep(_RETRY_DELAY)
            self.observer.target.throttle()
            # As HTTPDigestAuth of requests sends a request again.
            response = response.connection.send(response.request, **kwargs)
        return response

    def _parse_request(self, request: requests.PreparedRequest) -> SentRequest:
        url = urlsplit(request.url or "")
        path = url._replace(scheme="", netloc="").geturl()
        prefix = urlsplit(self.observer.target.url).path
        body = request.body.encode() if isinstance(request.body, str) else request.body
        unwanted = {*_CLIENT_HEADERS, *map(str.lower, self.observer.target.headers)}
        headers = {
            _decode_header(name): _decode_header(value)
            for name, value in request.headers.items()
            if _decode_header(name).lower() not in unwanted
        }
        content = bytes(body) if body is not None else None
        method = request.method or ""
        return SentRequest(self._operation, method, path.removeprefix(prefix), content, headers)

    def to_sent_request(self, operation: str, request: Any) -> SentRequest:
        """Convert a request of an operation as schemathesis or requests recorded it."""
        headers = {
            name: values if isinstance(values, str | bytes) else ", ".join(values)
            for name, values in request.headers.items()
        }
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = (
            request.method,
            _url_of(request),
            request.body,
        )
        prepared.headers = requests.structures.CaseInsensitiveDict(headers)
        return replace(self._parse_request(prepared), operation=operation)

    @contextmanager
    def _stop_on_error(self) -> Iterator[None]:
        """Stop the run on a TargetError or when the time is up; raise the same error ever after."""
        if self.stop_error is None and time.monotonic() > self.deadline:
            self.timed_out = True
            self.stop()
        try:
            if self.stop_error is not None:
                raise self.stop_error
            yield
        except TargetError as error:
            self.stop_error = error
            self.stop()
            raise


def to_answer(response: requests.Response) -> Answer:
    """Convert a response of requests."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, response.content, headers)


def _url_of(request: Any) -> str:
    """The URL of a recorded request: schemathesis calls it uri, requests url."""
    return str(getattr(request, "uri", None) or request.url)


def _decode_header(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def make_schemathesis_check(
    interceptor: RequestInterceptor, name: str, check_id: str
) -> Callable[..., None]:
    """A check of ours as a function that schemathesis can call; `name` is its name there."""

    def run_check(_context: Any, _response: Any, _case: Any) -> None:
        for check, violation in (
            find_violations(interceptor.exchange) if interceptor.exchange else ()
        ):
            if check.id == check_id:
                # Schemathesis counts an AssertionError as a failed check.
                raise AssertionError(f"{violation}; expected: {check.sentence}")

    run_check.__name__ = name
    return run_check


@contextmanager
def registered_hooks(interceptor: RequestInterceptor) -> Iterator[None]:
    """In this context, schemathesis sends through the interceptor and makes our checks."""
    hook = interceptor.before_call  # one object, since it is unregistered by identity
    GLOBAL_HOOK_DISPATCHER.register_hook_with_name(hook, "before_call")
    for name, check_id in CHECK_ID_BY_NAME.items():
        schemathesis.check(make_schemathesis_check(interceptor, name, check_id))
    try:
        yield
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(hook)
        for name in CHECK_ID_BY_NAME:
            schemathesis.checks.CHECKS.unregister(name)
