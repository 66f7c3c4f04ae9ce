"""Servers on a real socket, in a thread or in a process, and a client for them."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from mockserver.http.app import create_app
from mockserver.http.server import serve
from mockserver.prefect.dialects import SPEC
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support import openapi_conformance


@dataclass(frozen=True)
class Reply:
    """A reply, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def warnings(self) -> set[str]:
        named = self.headers.get("x-mockserver-warning", "")
        return set(named.split(", ")) if named else set()


class Client:
    """A keep-alive connection to a server, which can also send bytes that are not valid HTTP.

    `documented`: assert that every reply is one that openapi.yaml describes.
    """

    def __init__(self, url: str, *, documented: bool = False) -> None:
        self.url = url
        self.documented = documented
        self.address = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        self.connection = http.client.HTTPConnection(*self.address, timeout=60)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        try:
            reply = self._exchange(method, path, body, headers or {})
        except BaseException:
            # Else the next request fails, too, and hypothesis reports that instead of this.
            self.connection.close()
            raise
        if self.documented:
            assert openapi_conformance.find_violations(method, path, reply.status, reply.body) == []
        return reply

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        self.connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if body is not None:
            self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send JSON to a path below /api; no body where it is None."""
        if body is None:
            return self.send(method, f"/api{path}", None, headers)
        content = {"Content-Type": "application/json", **headers}
        return self.send(method, f"/api{path}", json.dumps(body).encode(), content)

    def bulk_delete(self, body: Any = None, **headers: str) -> Reply:
        """POST a body to bulk_delete, as JSON unless it is bytes."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(
            "POST",
            "/api/flow_runs/bulk_delete",
            sent,
            {"Content-Type": "application/json", **headers},
        )

    def raw(self, sent: bytes, *, half_close: bool = False, until: bytes | None = None) -> bytes:
        """Send bytes on a new connection.

        Returns what comes back until the server closes it, or until some bytes have come: a server
        that refuses a request listens a second longer.
        """
        with socket.create_connection(self.address, timeout=60) as connection:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while until is None or until not in received:
                more = self._received(connection)
                if not more:
                    break
                received += more
            return received

    @staticmethod
    def _received(connection: socket.socket) -> bytes:
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


@contextmanager
def serve_store(store: Store, settings: Settings | None = None) -> Iterator[Client]:
    """Serve a store in a thread; yields a client. The server is stopped when the block ends."""
    spec = (settings or Settings()).dialect is SPEC
    with serve_app(create_app(store, settings), documented=spec) as client:
        yield client


@contextmanager
def serve_app(app: web.Application, *, documented: bool = False) -> Iterator[Client]:
    """Serve an application in a thread; yields a client."""
    started = threading.Event()
    url: list[str] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))

        def ready(found: str) -> None:
            url.append(found)
            started.set()

        await serve(app, "127.0.0.1", 0, ready=ready, stop=stop)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert started.wait(20)
        client = Client(url[0], documented=documented)
        try:
            yield client
        finally:
            client.connection.close()
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def run_serve_command(
    *arguments: str | Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `mockserver serve` on a free port; yields the process and the first four lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mockserver", "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MOCKSERVER_PORT": "0", **environment},
    )
    assert process.stdout
    try:
        yield process, [process.stdout.readline().rstrip("\n") for _ in range(4)]
    finally:
        process.kill()
        process.communicate()


@contextmanager
def serve_process(log: Path, *arguments: str | Path) -> Iterator[tuple[str, int]]:
    """Run `mockserver serve ...` on a free port; yields its URL and the process's id.

    What it logs goes to `log`.
    """
    command = [sys.executable, "-m", "mockserver", "serve", *map(str, arguments), "--port", "0"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            assert announced, log.read_text()
            yield announced.split()[3], process.pid  # mockserver listens on URL
        finally:
            process.terminate()


@contextmanager
def connect_to_process(log: Path, *arguments: str | Path) -> Iterator[tuple[Client, int]]:
    """As `serve_process`; yields a client and the process's id."""
    with serve_process(log, *arguments) as (url, pid):
        client = Client(url)
        yield client, pid
        client.connection.close()


@contextmanager
def serve_in_process(log: Path, *arguments: str | Path) -> Iterator[str]:
    """As `serve_process`; yields the URL only."""
    with serve_process(log, *arguments) as (url, _):
        yield url
