"""A server under test: where it is, whose it is, and requests to it, bounded in number and pace."""

from __future__ import annotations

import base64
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests

from ...errors import MockServerError, UsageError, to_single_line

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}
PAGE = 200  # the most that a server lists at a time


class TargetError(MockServerError):
    """The server cannot be reached, does not answer in time, or gives up where it must not."""


class RequestLimitReached(TargetError):
    """As many requests were sent as may be."""


class Ownership(Enum):
    """Whose the data on a server is; decides what may be done to it."""

    OURS = "started by us"
    DISPOSABLE = "said to be disposable"
    SHARED = "taken to be shared"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a run: seconds for one reply, requests in all, requests a second (None: any)."""

    timeout: float = 30.0
    requests: int = 200_000
    per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    body: bytes
    headers: Mapping[str, str]  # names in lower case

    @property
    def json(self) -> Any:
        """The body, read. Raises ValueError where it is no JSON."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} {to_single_line(self.body.decode(errors='backslashreplace'), 300)}"


class HTTPStatusError(TargetError):
    """An answer that is no success, where one was needed."""

    def __init__(self, method: str, path: str, answer: Answer) -> None:
        super().__init__(f"{method} {path} answered {answer}")
        self.answer = answer


_TRIES = 12  # of what a busy SQLite answers 503 to: about one request in ten
_RETRY_DELAY = 0.05


@dataclass
class Target:
    """A server by the URL of its API, such as http://127.0.0.1:4200/api.

    `flaky`: its 503 is its database's bad luck (a real server on SQLite), so it is asked again.
    `sent` counts the requests.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ownership: Ownership = Ownership.SHARED
    limits: Limits = field(default_factory=Limits)
    flaky: bool = False
    sent: int = 0
    _last: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self.url = normalize_api_url(self.url)
        self._session = requests.Session()
        self._session.headers.clear()  # what is sent is what was asked for
        # No proxy between this machine and itself; no .netrc where credentials were given.
        self._session.trust_env = not is_loopback(self.url)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON_HEADERS,
    ) -> Answer:
        """Send bytes to a path below the API's URL; returns what came back, whatever it is.

        Raises TargetError where nothing does.
        """
        answer = self._send(method, path, body, headers)
        for _ in range(_TRIES if self.flaky else 0):
            if answer.status != 503:
                break
            time.sleep(_RETRY_DELAY)
            answer = self._send(method, path, body, headers)
        return answer

    def get_url(self, url: str) -> Answer:
        """GET something of the same server that is not below its API, such as its document.

        Raises TargetError where nothing comes back.
        """
        return self._request("GET", url, None, {})

    @contextmanager
    def without_limits(self) -> Iterator[None]:
        """No ceiling and no pace stand in the way of taking away what was made."""
        limits, self.limits = self.limits, Limits(self.limits.timeout, sys.maxsize)
        try:
            yield
        finally:
            self.limits = limits

    def close(self) -> None:
        """Close what connections are kept; whatever is sent next opens another."""
        self._session.close()

    def throttle(self) -> None:
        """Count a request that is about to be sent, and wait until it may be.

        Raises CeilingReached where it may not. Whoever sends by other means calls this.
        """
        if self.sent >= self.limits.requests:
            raise RequestLimitReached(
                f"{self.sent:,} requests were sent to {self.url}, as many as --max-requests allows"
            )
        self.sent += 1
        if self.limits.per_second:
            due = self._last + 1 / self.limits.per_second
            now = time.monotonic()
            if due > now:
                time.sleep(due - now)
            self._last = max(due, now)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        return self._request(method, self.url + path, body, headers)

    def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        self.throttle()
        try:
            reply = self._session.request(
                method,
                url,
                data=body,
                headers={**self.headers, **headers},
                timeout=self.limits.timeout,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise TargetError(
                f"{method} {url} was not answered within {self.limits.timeout:g} s"
            ) from None
        except requests.RequestException as error:
            raise TargetError(f"cannot reach {self.url}: {_root_cause(error)}") from None
        if reply.status_code in (500, 503):
            self.close()  # a real server closes after these, without saying so
        response_headers = {name.lower(): value for name, value in reply.headers.items()}
        return Answer(reply.status_code, reply.content, response_headers)

    def request_json(
        self, method: str, path: str, value: Any = None, headers: Mapping[str, str] = JSON_HEADERS
    ) -> Any:
        """Send JSON (nothing where it is None), return the reply's. Raises Refused but for 2xx."""
        body = None if value is None else json.dumps(value).encode()
        answer = self.send(method, path, body, headers)
        if not 200 <= answer.status < 300:
            raise HTTPStatusError(method, path, answer)
        return answer.json if answer.body else None

    def iter_records(self, path: str, **query: object) -> Iterator[Any]:
        """Every record of a `/filter` endpoint, highest id first. Raises Refused."""
        offset = 0
        while True:
            body = {**query, "sort": "ID_DESC", "limit": PAGE, "offset": offset}
            page = self.request_json("POST", path, body)
            if not isinstance(page, list):
                raise TargetError(f"POST {path} answered no list: {to_single_line(str(page))}")
            for record in page:
                id_of(record)
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
        """A command line that sends the same; credentials are left out."""
        words = ["curl", "-i", "-X", method, self.url + path]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
        if body is None:
            return shlex.join(words)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""
        if text.isprintable() and text and not text.startswith("@"):
            return shlex.join([*words, "--data-raw", text])
        packed = base64.b64encode(body).decode()
        return f"echo {packed} | base64 -d | {shlex.join([*words, '--data-binary', '@-'])}"


def id_of(record: Any) -> str:
    """The id of a record as a server tells it. Raises TargetError where it tells none."""
    if isinstance(record, dict) and isinstance(record.get("id"), str):
        return str(record["id"])
    raise TargetError(f"a record without an id was answered: {to_single_line(str(record))}")


def normalize_api_url(url: str) -> str:
    """A URL as it was typed, as that of an API: with /api unless it says another path.

    Raises UsageError for what is no http(s) URL.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host_and_port = parts.hostname, parts.port
    except ValueError:
        host_and_port = (None, None)
    if (
        not host_and_port[0]
        or parts.scheme not in ("http", "https")
        or parts.query
        or parts.fragment
    ):
        came = to_single_line(url)
        raise UsageError(f"{came!r} is no URL of a server; expected http://HOST:PORT/api")
    path = parts.path.rstrip("/") or "/api"
    if parts.username is not None:
        raise UsageError("a URL may not hold a password; say it with --header or PREFECT_API_KEY")
    return parts._replace(path=path).geturl()


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def build_headers(header_options: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The headers that every request carries: those given, and credentials as Prefect's client
    reads them (PREFECT_API_AUTH_STRING for a server of one's own, PREFECT_API_KEY for the Cloud).

    Raises UsageError for a header that is not NAME: VALUE.
    """
    headers: dict[str, str] = {}
    if environment.get("PREFECT_API_AUTH_STRING"):
        packed = base64.b64encode(environment["PREFECT_API_AUTH_STRING"].encode()).decode()
        headers["Authorization"] = f"Basic {packed}"
    elif environment.get("PREFECT_API_KEY"):
        headers["Authorization"] = f"Bearer {environment['PREFECT_API_KEY'].strip()}"
    for header in header_options:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header is {to_single_line(header)!r}; expected 'Name: value'")
        headers = {key: current for key, current in headers.items() if key.lower() != name.lower()}
        headers[name.strip()] = value.strip()
    for name, value in headers.items():
        if not value.isprintable():  # the value may be a secret
            raise UsageError(
                f"the value of the header {to_single_line(name)} holds a control character"
            )
        if not _is_latin_1(name + value):
            raise UsageError(
                f"the header {to_single_line(name)} holds a letter that no header can: only those "
                "of Latin-1 can be sent"
            )
    return headers


def _is_latin_1(text: str) -> bool:
    return all(letter <= "\xff" for letter in text)


def _root_cause(error: requests.RequestException) -> str:
    """The last words of the chain of errors that a connection ends with."""
    cause: BaseException = error
    while True:
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            break
        cause = inner
    return to_single_line(str(cause)) or type(error).__name__
