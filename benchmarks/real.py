"""The same drain of the mock and of real Prefect servers, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
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
    """A client of one server: one connection, kept for as long as the server keeps it."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.connection = HTTPConnection(str(self.parts.hostname), self.parts.port, timeout=60)
        self.again = 0

    def post(self, path: str, body: Any) -> Any:
        """The answer to a request, which is sent again for as long as it is answered 503."""
        while True:
            self.connection.request(
                "POST",
                f"{self.parts.path}{path}",
                json.dumps(body),
                {"Content-Type": "application/json"},
            )
            reply = self.connection.getresponse()
            said = reply.read()
            if reply.status != _AGAIN:
                assert reply.status < 300, said[:300]
                return json.loads(said)
            self.again += 1
            self.connection.close()  # as the server does; the next request opens another


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
