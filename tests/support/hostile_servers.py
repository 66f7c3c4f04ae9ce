"""Servers that send what no server should, on loopback sockets, from some request on."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.support.servers import Client

Behaviour = Callable[[socket.socket, threading.Event], None]
"""What is done to a connection once its request was read; the event is set when the test ends."""


def read_request(connection: socket.socket) -> bytes:
    """One request with its body."""
    received = connection.recv(65536)
    # TLS begins with a byte that no method begins with.
    while b"\r\n\r\n" not in received and received[:1].isalpha():
        received += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


@dataclass
class RawServer:
    """A server that does `behave` to each request, but to the first `after` what `right` does."""

    behave: Behaviour
    right: Client | None = None
    after: int = 0
    url: str = ""
    received: list[bytes] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = read_request(connection)
            with self._lock:
                self.received.append(request)
                turned = len(self.received) > self.after
                answer = b"" if turned or self.right is None else forward(self.right, request)
            if turned:
                self.behave(connection, self._ended)
            else:
                connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)  # what is closed at once may reach the client as a reset

    def accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    @contextmanager
    def running(self) -> Iterator[RawServer]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
            try:
                yield self
            finally:
                self._ended.set()
                listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def serve_raw(behave: Behaviour) -> Iterator[tuple[str, list[bytes]]]:
    """A server that does to each connection what it is told to; yields its URL and the requests."""
    with RawServer(behave).running() as server:
        yield server.url, server.received


def forward(right: Client, request: bytes) -> bytes:
    """The answer of a right server to a request, as bytes of a reply."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ")
    headers = dict(text.split(": ", 1) for text in lines if ": " in text)
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() not in ("host", "content-length", "connection")
    }
    reply = right.send(method, path, body if body or method == "POST" else None, kept)
    fields = [
        f"{name}: {value}"
        for name, value in reply.headers.items()
        if name not in ("content-length", "connection", "transfer-encoding")
    ]
    lines = [f"HTTP/1.1 {reply.status} X", *fields, f"Content-Length: {len(reply.body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\nConnection: close\r\n\r\n" + reply.body


def sends(*parts: bytes) -> Behaviour:
    def behave(connection: socket.socket, _: threading.Event) -> None:
        for part in parts:
            connection.sendall(part)

    return behave


def hang(_: socket.socket, ended: threading.Event) -> None:
    ended.wait(60)


def drip(first: bytes) -> Behaviour:
    """A byte now and then, so that no wait of the client is long."""

    def behave(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(first)
        while not ended.wait(0.02):
            connection.sendall(b"a")

    return behave


def flood(connection: socket.socket, ended: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not ended.is_set():
        connection.sendall(b" " * 65536)


def reply(body: bytes, *headers: bytes, status: int = 200) -> Behaviour:
    lines = (b"HTTP/1.1 %d X" % status, b"Content-Length: %d" % len(body), *headers)
    return sends(b"\r\n".join(lines), b"\r\n\r\n", body)


def reply_json(value: Any, status: int = 200) -> Behaviour:
    return reply(json.dumps(value).encode(), b"Content-Type: application/json", status=status)


def endless_pages(connection: socket.socket, _: threading.Event) -> None:
    """Two hundred records that nobody has seen, whatever the page."""
    records = [{"id": str(uuid4()), "name": "a", "flow_id": str(uuid4())} for _ in range(200)]
    reply_json(records)(connection, _)


def _aliases() -> bytes:
    """Nine lists of nine aliases each: a billion values for a parser that writes them out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 9):
        names = ", ".join([f"*a{number - 1}"] * 9)
        lines.append(f"a{number}: &a{number} [{names}]")
    return "\n".join([*lines, "paths: {}"]).encode()


def _doubling_document() -> dict[str, Any]:
    """Each of forty schemas refers to the next one twice."""
    schemas: dict[str, Any] = {
        f"S{number}": {
            "type": "object",
            "properties": {
                name: {"$ref": f"#/components/schemas/S{number + 1}"} for name in ("a", "b")
            },
        }
        for number in range(40)
    }
    schemas["S40"] = {"type": "string"}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    operation = {"requestBody": body, "responses": {"200": {"description": "", **body}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "3.9.1"},
        "paths": {"/api/flow_runs/bulk_delete": {"post": operation}},
        "components": {"schemas": schemas},
    }


FROM_NOBODY = {"id": "00000000-0000-4000-8000-00000000dead", "name": "x", "flow_id": None}

HOSTILE: Mapping[str, Behaviour] = {
    "hangs": hang,
    "drips its headers": drip(b"HTTP/1.1 200 OK\r\nX-A: "),
    "drips its body": drip(b"HTTP/1.1 200 OK\r\n\r\n"),
    "drips a chunk": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n"),
    "sends without end": flood,
    "sends a gzip bomb": reply(gzip.compress(b"1" * 10**7), b"Content-Encoding: gzip"),
    "sends HTML": reply(b"<!doctype html><title>Log in</title>", b"Content-Type: text/html"),
    "sends what nests deeply": reply(b"[" * 200_000),
    "sends YAML with aliases": reply(_aliases(), b"Content-Type: application/yaml"),
    "sends a document that doubles": reply_json(_doubling_document()),
    "sends no UTF-8": reply(b'["\xff"]'),
    "sends a number of 9,000 digits": reply(b"1" * 9_000),
    "sends half of a pair": reply(b'"\\ud800"'),
    "sends a text with control characters": reply(b'"\\u001b[2J\\u0007\\n::error::x"'),
    "cuts the connection": sends(b""),
    "cuts its body": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"),
    "sends more than its length": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]{}{}"),
    "names no number as its length": sends(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n[]"),
    "names two lengths": sends(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n[]"
    ),
    "sends a bad chunk": sends(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n"
    ),
    "sends a long header": reply(b"[]", b"X-Long: " + b"a" * 100_000),
    "sends many headers": reply(b"[]", *(b"X-%d: a" % number for number in range(1_000))),
    "sends no HTTP": sends(b"220 mail.example ESMTP\r\n"),
    "speaks TLS": sends(b"\x15\x03\x03\x00\x02\x02\x28"),
    "redirects to no URL": reply(b"", b"Location: http://[::1", status=307),
    "answers 401": reply(b"", status=401),
    "answers 429 without end": reply(b"", b"Retry-After: 0", status=429),
    "answers 503 for a day": reply(b"", b"Retry-After: 86400", status=503),
    "names a moment that is none": reply(
        b"", b"Retry-After: Sat, 1 Jan 2022 00:00:00 +99999999999", status=503
    ),
    "answers 500": reply(b"", status=500),
    "answers 204": sends(b"HTTP/1.1 204 X\r\n\r\n"),
    "answers 999": sends(b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"),
    "sets a cookie": reply(b"[]", b"Set-Cookie: a=b"),
    "answers null": reply_json(None),
    "answers true": reply_json(True),
    "answers a number": reply_json(-1),
    "answers a text": reply_json("x" * 100_000),
    "answers an object": reply_json({}),
    "answers a list": reply_json([]),
    "lists a number": reply_json([1]),
    "lists a record without an id": reply_json([{}]),
    "names a number as an id": reply_json([{"id": 1}]),
    "names a path as an id": reply_json([{"id": "../flows/x?"}]),
    "lists somebody else's run": reply_json([FROM_NOBODY]),
    "creates without an id": reply_json({}, 201),
    "creates what is there": reply_json(FROM_NOBODY, 201),
    "says it deleted what is not there": reply_json({"deleted": [FROM_NOBODY["id"]]}),
    "says it deleted a number": reply_json({"deleted": [1]}),
    "lists pages without end": endless_pages,
}
"""What a server does from some request on."""
