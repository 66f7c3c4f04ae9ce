"""A server under test: its URL, who owns its data, and requests to it.

Invariant: `throttle` is called before every request, so that their number and rate stay within
`Limits`.
"""

from __future__ import annotations

import base64
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

import requests

from ...errors import MockServerError, to_single_line
from ...remote import normalize_api_url
from .bounded_session import BoundedSession, ReplyRefused

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}
PAGE = 200  # the largest `limit` that a real server accepts: above it, it answers 422
MAX_LISTED = 200_000  # records of one listing, a thousand pages; chosen


class TargetError(MockServerError):
    """The server cannot be reached, does not answer in time, or does not answer as needed."""


class RequestLimitReached(TargetError):
    """As many requests were sent as `Limits.requests` allows."""


class TimeIsUp(TargetError):
    """The block of `Target.until` has taken as long as it may."""


class Ownership(Enum):
    """Whose the data on a server is; `permission.ALLOWED` says what may be done to it.

    The members' names in lower case are values in the JSON report (`run.ownership`).
    """

    OURS = "started by mockserver"
    DISPOSABLE = "disposable"
    SHARED = "treated as shared (read-only)"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a run: `timeout` in seconds for one reply, `requests` in total, and requests
    `per_second` (None: no limit).
    """

    timeout: float = 30.0
    requests: int = 200_000
    per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str]  # names in lower case

    @property
    def json(self) -> Any:
        """The body, parsed. Raises ValueError if it is not JSON."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("the JSON nests too deeply") from None

    def __str__(self) -> str:
        return f"{self.status} {to_single_line(self.body.decode(errors='backslashreplace'), 300)}"


class HTTPStatusError(TargetError):
    """A reply without a 2xx status where one was needed."""

    def __init__(self, method: str, path: str, answer: Answer) -> None:
        super().__init__(f"{method} {path} answered {answer}")
        self.answer = answer


# A real server on SQLite answers 503 to 8-12 % of the requests of a sequential drain (measured).
# At 12 %, thirteen in a row have a chance of 1e-12, if they are independent.
_MAX_RETRIES = 12
_RETRY_DELAY = 0.05  # seconds


@dataclass
class Target:
    """A server by the URL of its API, such as http://127.0.0.1:4200/api.

    `headers` go with every request. `flaky`: the server answers 503 now and then because its
    database is busy (a real server on SQLite), so such a request is retried. `sent` counts the
    requests, and none is sent after `deadline`, a time of time.monotonic.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ownership: Ownership = Ownership.SHARED
    limits: Limits = field(default_factory=Limits)
    flaky: bool = False
    sent: int = 0
    deadline: float = float("inf")
    _last_sent_at: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self.url = normalize_api_url(self.url)
        self._session = BoundedSession(self.url)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON_HEADERS,
    ) -> Answer:
        """Send bytes to a path below the API's URL; return the reply, whatever its status.

        Raises TargetError if there is no reply.
        """
        answer = self._send(method, path, body, headers)
        for _ in range(_MAX_RETRIES if self.flaky else 0):
            if answer.status != 503:
                break
            time.sleep(_RETRY_DELAY)
            answer = self._send(method, path, body, headers)
        return answer

    def get_url(self, url: str) -> Answer:
        """GET an absolute URL of the same server that is not below its API, such as its document.

        Raises TargetError if there is no reply.
        """
        return self._request("GET", url, None, {})

    @contextmanager
    def without_limits(self) -> Iterator[None]:
        """Lift the limits of number, rate and time within the block, so that clean-up is never
        cut.
        """
        limits, self.limits = self.limits, Limits(self.limits.timeout, sys.maxsize)
        try:
            with self.until(float("inf")):
                yield
        finally:
            self.limits = limits

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Within the block, a request after `deadline`, a time of time.monotonic, is TimeIsUp."""
        before, self.deadline = self.deadline, deadline
        try:
            yield
        finally:
            self.deadline = before

    def close(self) -> None:
        """Close the kept connections; the next request opens a new one."""
        self._session.close()

    def throttle(self) -> None:
        """Count a request that is about to be sent, and wait until the rate allows it.

        Code that sends requests to the server by other means must call this, too.
        Raises RequestLimitReached if the number of requests is used up, TimeIsUp after the
        deadline of `until`.
        """
        if time.monotonic() > self.deadline:
            raise TimeIsUp(f"the time for requests to {self.url} is up")
        if self.sent >= self.limits.requests:
            raise RequestLimitReached(
                f"{self.sent:,} requests were sent to {self.url}; --max-requests allows no more"
            )
        self.sent += 1
        if self.limits.per_second:
            due = self._last_sent_at + 1 / self.limits.per_second
            now = time.monotonic()
            if due > now:
                time.sleep(due - now)
            self._last_sent_at = max(due, now)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        return self._request(method, self.url + path, body, headers)

    def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        self.throttle()
        try:
            sent = {**self.headers, **headers}
            reply = self._session.ask(method, url, body, sent, self.limits.timeout)
        except requests.Timeout:
            raise TargetError(
                f"{method} {url} was not answered within {self.limits.timeout:g} s"
            ) from None
        except ReplyRefused as refused:
            raise TargetError(f"{method} {url}: {refused}") from None
        except requests.RequestException as error:
            raise TargetError(f"cannot reach {self.url}: {_root_cause(error)}") from None
        if reply.status_code in (500, 503):
            # A real server closes the connection after these, without a header that says so.
            self.close()
        response_headers = {name.lower(): value for name, value in reply.headers.items()}
        return Answer(reply.status_code, reply.content, response_headers)

    def request_json(
        self, method: str, path: str, value: Any = None, headers: Mapping[str, str] = JSON_HEADERS
    ) -> Any:
        """Send `value` as JSON (None: no body) and return the reply's JSON (None: an empty body).

        Raises HTTPStatusError for a status other than 2xx, TargetError if there is no reply, or
        one that is not JSON.
        """
        body = None if value is None else json.dumps(value).encode()
        answer = self.send(method, path, body, headers)
        if not 200 <= answer.status < 300:
            raise HTTPStatusError(method, path, answer)
        try:
            return answer.json if answer.body else None
        except ValueError:
            raise TargetError(f"{method} {path} answered {answer}, which is not JSON") from None

    def delete(self, path: str) -> bool:
        """Delete a record by its path; returns whether it was there.

        Raises TargetError if the server does not say that it is gone, as Prefect does with 204.
        """
        answer = self.send("DELETE", path)
        if answer.status not in (204, 404):
            raise HTTPStatusError("DELETE", path, answer)
        return answer.status == 204

    def count(self, kind: str) -> int:
        """How many records of a kind, such as `flow_runs`, there are. Raises TargetError."""
        path = f"/{kind}/count"
        found = self.request_json("POST", path, {})
        if type(found) is not int or found < 0:
            raise TargetError(f"POST {path} answered {_excerpt(found)}; expected a number")
        return found

    def iter_records(self, path: str, **query: object) -> Iterator[Any]:
        """Every record of a `/filter` endpoint, the highest id first.

        `query` are keys of the body besides limit and offset; a kind whose records cannot be sorted
        by their ids needs another `sort`. Raises TargetError, also where the pages have no end.
        """
        offset, known = 0, set[str]()
        while True:
            # By id, which is unique: pages of a sort with ties may overlap.
            body = {"sort": "ID_DESC", **query, "limit": PAGE, "offset": offset}
            page = self.request_json("POST", path, body)
            if not isinstance(page, list):
                raise TargetError(f"POST {path} answered {_excerpt(page)}; expected a list")
            ids = set(map(id_of, page))
            if len(page) > PAGE or (ids and ids <= known) or len(known) > MAX_LISTED:
                raise TargetError(
                    f"POST {path} answered {len(page):,} records at offset {offset:,}, with the "
                    f"limit {PAGE}: its pages have no end"
                )
            known |= ids
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE

    def curl(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON_HEADERS,
    ) -> str:
        """A shell command that sends the same request. The target's own headers are left out:
        they may hold credentials.
        """
        words = ["curl", "-i", "-X", method, self.url + path]
        for name, value in headers.items():
            # `-H 'Name;'` is how curl sends a header without a value.
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
        if body is None:
            return shlex.join(words)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""
        if text.isprintable() and text and not text.startswith("@"):
            return shlex.join([*words, "--data-raw", text])
        encoded = base64.b64encode(body).decode()
        return f"echo {encoded} | base64 -d | {shlex.join([*words, '--data-binary', '@-'])}"


def id_of(record: Any) -> str:
    """The id of a record from a reply. Raises TargetError if it has none that is a UUID: only
    that may become part of a path.
    """
    found = record.get("id") if isinstance(record, dict) else None
    try:
        UUID(found)
    except (TypeError, ValueError, AttributeError):
        raise TargetError(
            f"the server answered a record without an id that is a UUID: {_excerpt(record)}"
        ) from None
    return str(found)


def created_id(record: Any, flow_id: str = "") -> str:
    """The id of a record that a reply says was created; with `flow_id`, it has to be of that flow.

    Raises TargetError: what a reply does not show to be the kit's own is never deleted.
    """
    if flow_id and isinstance(record, dict) and record.get("flow_id") != flow_id:
        raise TargetError(
            f"the server answered another record than the one to be created: {_excerpt(record)}"
        )
    return id_of(record)


def _excerpt(value: Any) -> str:
    return to_single_line(json.dumps(value))


def _root_cause(error: requests.RequestException) -> str:
    """The text of the innermost error, such as "Connection refused"."""
    cause: BaseException = error
    while True:
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            break
        cause = inner
    return to_single_line(str(cause)) or type(error).__name__
