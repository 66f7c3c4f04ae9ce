"""Send requests to a server exactly as given, and compare the answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}
NO_HEADERS: Mapping[str, str] = {}
BULK_DELETE = "/flow_runs/bulk_delete"
_MAX_TRIES = 10
RETRY_SECONDS = 0.05
_TIMEOUT = 60


class Request(NamedTuple):
    """A request with these headers; no other header describes the body."""

    body: bytes = b""
    headers: Mapping[str, str] = JSON_HEADERS
    path: str = BULK_DELETE
    method: str = "POST"

    def __str__(self) -> str:
        body = f"{self.body[:400]!r}..." if len(self.body) > 400 else repr(self.body)
        return f"{self.method} {self.path} {dict(self.headers)} {body}"


@dataclass(frozen=True)
class HttpReply:
    """An answer, reduced to what a client can depend on."""

    status: int
    reply: str  # JSON with its keys sorted, so that 1, 1.0 and true differ; else the text
    content_type: str | None = None
    allow: str | None = None
    location: str | None = None  # without scheme and host


class UnexpectedStatus(Exception):
    """An answer that is not a success, where the test needs one."""

    def __init__(self, request: Request, answer: HttpReply) -> None:
        super().__init__(f"{request}: {answer}")
        self.status = answer.status


@dataclass(frozen=True)
class Server:
    """A server, given by the URL of its API. Each request opens a connection of its own.

    `flaky`: repeat a request that is answered with 503. A real server on SQLite does so for about
    one bulk_delete in ten, and then nothing has been deleted.
    """

    url: str
    flaky: bool = False

    def send(self, request: Request) -> HttpReply:
        """Send a request; returns the answer, whatever its status is."""
        answer = self._send(request)
        tries = _MAX_TRIES if self.flaky else 1
        while answer.status == 503 and tries > 1:
            time.sleep(RETRY_SECONDS)
            tries -= 1
            answer = self._send(request)
        return answer

    def _send(self, request: Request) -> HttpReply:
        url = urlsplit(self.url)
        connection = HTTPConnection(url.netloc, timeout=_TIMEOUT)
        try:
            response, reply = _exchange(connection, url, request)
        finally:
            connection.close()
        location = response.getheader("Location")
        return HttpReply(
            response.status,
            _canonical_json(reply),
            response.getheader("Content-Type"),
            response.getheader("Allow"),
            location and urlsplit(location)._replace(scheme="", netloc="").geturl(),
        )

    def keeps_connection(self, request: Request) -> bool:
        """Whether a second request can be sent on the same connection."""
        url = urlsplit(self.url)
        connection = HTTPConnection(url.netloc, timeout=_TIMEOUT)
        try:
            response, _ = _exchange(connection, url, request)
            if response.will_close:
                return False
            connection.auto_open = 0
            _exchange(connection, url, Request(method="GET", path="/health", headers=NO_HEADERS))
        except (HTTPException, OSError):
            return False
        finally:
            connection.close()
        return True

    def post(self, path: str, value: object, headers: Mapping[str, str] = NO_HEADERS) -> Any:
        """POST JSON and return that of the reply. Raises UnexpectedStatus unless it is a 2xx."""
        request = Request(json.dumps(value).encode(), {**JSON_HEADERS, **headers}, path)
        answer = self.send(request)
        if not 200 <= answer.status < 300:
            raise UnexpectedStatus(request, answer)
        return json.loads(answer.reply)

    def pages(self, path: str, **wanted: object) -> Iterator[Any]:
        """All records of a `/filter` endpoint, highest id first. Raises UnexpectedStatus."""
        for offset in range(0, 100_000, 200):
            page = self.post(path, {**wanted, "sort": "ID_DESC", "limit": 200, "offset": offset})
            yield from page
            if len(page) < 200:
                return


def _exchange(
    connection: HTTPConnection, url: SplitResult, request: Request
) -> tuple[HTTPResponse, bytes]:
    path = url.path + request.path
    connection.request(request.method, path, request.body, dict(request.headers))
    response = connection.getresponse()
    return response, response.read()


def _canonical_json(reply: bytes) -> str:
    try:
        return json.dumps(json.loads(reply), sort_keys=True)
    except ValueError:
        return reply.decode(errors="backslashreplace")
