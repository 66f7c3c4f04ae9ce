"""Requests to a server, byte for byte as they are given, and what came back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

JSON: Mapping[str, str] = {"Content-Type": "application/json"}
NOTHING: Mapping[str, str] = {}
BULK_DELETE = "/flow_runs/bulk_delete"
_TRIES = 10
_TIMEOUT = 60


class Request(NamedTuple):
    """What is sent: these headers, and no other that says what the body is."""

    body: bytes = b""
    headers: Mapping[str, str] = JSON
    path: str = BULK_DELETE
    method: str = "POST"

    def __str__(self) -> str:
        body = f"{self.body[:400]!r}..." if len(self.body) > 400 else repr(self.body)
        return f"{self.method} {self.path} {dict(self.headers)} {body}"


@dataclass(frozen=True)
class Answer:
    """What came back, as far as a client can depend on it."""

    status: int
    reply: str  # JSON with its keys sorted, so that 1, 1.0 and true differ; else the text
    content_type: str | None = None
    allow: str | None = None
    location: str | None = None  # without scheme and host


class Refused(Exception):
    """An answer that is not a success, where one was needed."""

    def __init__(self, request: Request, answer: Answer) -> None:
        super().__init__(f"{request}: {answer}")
        self.status = answer.status


@dataclass(frozen=True)
class Server:
    """A server by the URL of its API. Every request has a connection of its own.

    `flaky`: a 503 is its database's bad luck (a real server on SQLite: one bulk_delete in about
    ten, and nothing is deleted), so it is asked again.
    """

    url: str
    flaky: bool = False

    def send(self, request: Request) -> Answer:
        """Send a request; returns what came back, whatever it is."""
        answer = self._send(request)
        tries = _TRIES if self.flaky else 1
        while answer.status == 503 and tries > 1:
            time.sleep(0.05)
            tries -= 1
            answer = self._send(request)
        return answer

    def _send(self, request: Request) -> Answer:
        url = urlsplit(self.url)
        connection = HTTPConnection(url.netloc, timeout=_TIMEOUT)
        try:
            response, reply = _ask(connection, url, request)
        finally:
            connection.close()
        location = response.getheader("Location")
        return Answer(
            response.status,
            _canonical(reply),
            response.getheader("Content-Type"),
            response.getheader("Allow"),
            location and urlsplit(location)._replace(scheme="", netloc="").geturl(),
        )

    def keeps_connection(self, request: Request) -> bool:
        """Whether a request can be followed by another on the same connection."""
        url = urlsplit(self.url)
        connection = HTTPConnection(url.netloc, timeout=_TIMEOUT)
        try:
            response, _ = _ask(connection, url, request)
            if response.will_close:
                return False
            connection.auto_open = 0
            _ask(connection, url, Request(method="GET", path="/health", headers=NOTHING))
        except (HTTPException, OSError):
            return False
        finally:
            connection.close()
        return True

    def post(self, path: str, value: object, headers: Mapping[str, str] = NOTHING) -> Any:
        """Send JSON, return the reply's. Raises Refused unless the status is 2xx."""
        request = Request(json.dumps(value).encode(), {**JSON, **headers}, path)
        answer = self.send(request)
        if not 200 <= answer.status < 300:
            raise Refused(request, answer)
        return json.loads(answer.reply)

    def pages(self, path: str, **wanted: object) -> Iterator[Any]:
        """Every record of a `/filter` endpoint, highest id first. Raises Refused."""
        for offset in range(0, 100_000, 200):
            page = self.post(path, {**wanted, "sort": "ID_DESC", "limit": 200, "offset": offset})
            yield from page
            if len(page) < 200:
                return


def _ask(
    connection: HTTPConnection, url: SplitResult, request: Request
) -> tuple[HTTPResponse, bytes]:
    path = url.path + request.path
    connection.request(request.method, path, request.body, dict(request.headers))
    response = connection.getresponse()
    return response, response.read()


def _canonical(reply: bytes) -> str:
    try:
        return json.dumps(json.loads(reply), sort_keys=True)
    except ValueError:
        return reply.decode(errors="backslashreplace")
