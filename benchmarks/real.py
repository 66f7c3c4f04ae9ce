"""The same drain of the mock and of real Prefect servers, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import Any
from urllib.parse import urlsplit

from . import servers
from .effort import Effort, say
from .population import Population
from .servers import ROOT
from .table import Aim, Table

AIMED = 200
_CALL = 50
_AGAIN = 503
_LENGTH = b"content-length:"


def measure(effort: Effort, _: Population) -> Iterator[Table | Aim]:
    """Drain each of them in one run; real servers run as `.ci/servers.py` starts them."""
    prefect = os.environ.get("BENCHMARK_PREFECT")
    if prefect is None:
        say("real: no --prefect PROGRAM given, left out")
        return
    runs = min(effort.most, 10_000)
    command = [sys.executable, str(ROOT / ".ci" / "servers.py"), prefect]
    command += [sys.executable, "-m", "benchmarks.real", str(runs)]
    say(f"real, {runs:,} runs")
    found = json.loads(_said(command).splitlines()[-1])
    table = Table(
        f"Drain {runs:,} runs, {_CALL} a call, one call after the other",
        ("server", "seconds", "calls", "replies of 503"),
        notes=("One client, which keeps its connection and sends again what is answered 503.",),
    )
    for name, one in found.items():
        table.add(name, f"{one['seconds']:.2f}", f"{one['calls']:,}", f"{one['again']:,}")
    yield table
    ours = found.pop("mockserver")["seconds"]
    for name, one in found.items():
        times = one["seconds"] / ours
        yield Aim(
            f"times faster than Prefect, {name}", f">= {AIMED}", f"{times:.0f}", times >= AIMED
        )


def _said(command: list[str]) -> str:
    """What a command prints; it is told to stop, and stops its servers, when we are."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return said


class Caller:
    """A client of one server: one connection, kept for as long as the server keeps it.

    It writes HTTP/1.1 out and takes replies with a Content-Length, as these servers send them:
    the standard library's client would take longer than the mock.
    """

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.again = 0
        self._connect()

    def _connect(self) -> None:
        self.socket = create_connection((self.parts.hostname, self.parts.port or 80), timeout=60)
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.replies = self.socket.makefile("rb")

    def post(self, path: str, body: Any) -> Any:
        """The answer to a request, which is sent again for as long as it is answered 503."""
        content = json.dumps(body)
        request = (
            f"POST {self.parts.path}{path} HTTP/1.1\r\nHost: {self.parts.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
        ).encode()
        while True:
            self.socket.sendall(request)
            status, said = self._reply()
            if status != _AGAIN:
                assert status < 300, said[:300]
                return json.loads(said)
            self.again += 1
            self.replies.close()
            self.socket.close()  # as the server does
            self._connect()

    def _reply(self) -> tuple[int, bytes]:
        status = int(self.replies.readline().split()[1])
        length = 0
        while (line := self.replies.readline().lower()) != b"\r\n":
            if line.startswith(_LENGTH):
                length = int(line.removeprefix(_LENGTH))
        return status, self.replies.read(length)


def _fill(url: str, runs: int) -> None:
    """Create runs of one flow."""
    caller = Caller(url)
    flow = caller.post("/flows/", {"name": "drained"})
    for _ in range(runs):
        caller.post("/flow_runs/", {"flow_id": flow["id"], "state": {"type": "COMPLETED"}})


def _drain(url: str) -> dict[str, float]:
    caller = Caller(url)
    calls = 1
    begun = time.perf_counter()
    while caller.post("/flow_runs/bulk_delete", {"limit": _CALL})["deleted"]:
        calls += 1
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "calls": calls, "again": caller.again}


def main() -> None:
    """Fill and drain the servers of the environment, and the mock; print what it took as JSON."""
    runs = int(sys.argv[1])
    with ExitStack() as stack:
        mock = stack.enter_context(servers.running(servers.mock()))
        urls = {
            "mockserver": f"http://{mock.host}:{mock.port}",
            "SQLite": os.environ["SQLITE_URL"],
            "PostgreSQL": os.environ["POSTGRESQL_URL"],
        }
        for name, url in urls.items():
            say(f"real, filling {name}")
            _drain(url)
            _fill(url, runs)
        print(json.dumps({name: _drain(url) for name, url in urls.items()}))


if __name__ == "__main__":
    main()
