"""The part `real`: the same drain of the mock and of real Prefect servers on both databases."""

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

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.paths import ROOT
from benchmarks.results import Table, Target
from benchmarks.servers import processes

TARGET_RATIO = 200  # target: a real server takes at least 200 times as long as the mock
_RUNS_PER_CALL = 50
_RETRY_STATUS = 503  # a real server on SQLite gives it to about one bulk_delete in ten
_LENGTH = b"content-length:"


def measure(effort: Effort, _: GeneratedSeeds) -> Iterator[Table | Target]:
    """Drain each server once. The real servers are started by `.ci/with_prefect_servers.py`."""
    prefect = os.environ.get("BENCHMARK_PREFECT")
    if prefect is None:
        log_progress("real: no --prefect PROGRAM given, left out")
        return
    runs = min(effort.max_runs, 10_000)
    command = [sys.executable, str(ROOT / ".ci" / "with_prefect_servers.py"), prefect]
    command += [sys.executable, "-m", "benchmarks.parts.real_prefect", str(runs)]
    log_progress(f"real, {runs:,} runs")
    found = json.loads(_output_of(command).splitlines()[-1])
    table = Table(
        f"Drain {runs:,} runs, {_RUNS_PER_CALL} a call, one call after the other",
        ("server", "seconds", "calls", "replies of 503"),
        notes=(
            "One client on a keep-alive connection, which repeats a request answered with 503.",
        ),
    )
    for name, one in found.items():
        table.add(name, f"{one['seconds']:.2f}", f"{one['calls']:,}", f"{one['retries']:,}")
    yield table
    ours = found.pop("mockserver")["seconds"]
    for name, one in found.items():
        times = one["seconds"] / ours
        yield Target(
            f"times faster than Prefect, {name}",
            f">= {TARGET_RATIO}",
            f"{times:.0f}",
            times >= TARGET_RATIO,
        )


def _output_of(command: list[str]) -> str:
    """What a command prints. When this process is stopped, the command is, with its servers."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output


class PrefectClient:
    """A client of one server on a keep-alive connection, reopened when the server closes it.

    It writes HTTP/1.1 by hand and understands only replies with a Content-Length, as these servers
    send them: the standard library's client would take longer than the mock.
    """

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        self.retries = 0
        self._connect()

    def _connect(self) -> None:
        self.socket = create_connection((self.parts.hostname, self.parts.port or 80), timeout=60)
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.replies = self.socket.makefile("rb")

    def post(self, path: str, body: Any) -> Any:
        """POST JSON and return the reply's; repeat for as long as the answer is 503."""
        content = json.dumps(body)
        request = (
            f"POST {self.parts.path}{path} HTTP/1.1\r\nHost: {self.parts.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
        ).encode()
        while True:
            self.socket.sendall(request)
            status, reply = self._reply()
            if status != _RETRY_STATUS:
                assert status < 300, reply[:300]
                return json.loads(reply)
            self.retries += 1
            self.replies.close()
            self.socket.close()  # a real server closes it after a 503
            self._connect()

    def _reply(self) -> tuple[int, bytes]:
        status = int(self.replies.readline().split()[1])
        length = 0
        while (line := self.replies.readline().lower()) != b"\r\n":
            if line.startswith(_LENGTH):
                length = int(line.removeprefix(_LENGTH))
        return status, self.replies.read(length)


def _create_runs(url: str, runs: int) -> None:
    """Create runs of one flow."""
    client = PrefectClient(url)
    flow = client.post("/flows/", {"name": "drained"})
    for _ in range(runs):
        client.post("/flow_runs/", {"flow_id": flow["id"], "state": {"type": "COMPLETED"}})


def _drain(url: str) -> dict[str, float]:
    client = PrefectClient(url)
    calls = 1
    begun = time.perf_counter()
    while client.post("/flow_runs/bulk_delete", {"limit": _RUNS_PER_CALL})["deleted"]:
        calls += 1
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "calls": calls, "retries": client.retries}


def main() -> None:
    """Fill and drain the mock and the servers at SQLITE_URL and POSTGRESQL_URL; print JSON."""
    runs = int(sys.argv[1])
    with ExitStack() as stack:
        mock = stack.enter_context(processes.run_server(processes.mock_command()))
        urls = {
            "mockserver": f"http://{mock.host}:{mock.port}",
            "SQLite": os.environ["SQLITE_URL"],
            "PostgreSQL": os.environ["POSTGRESQL_URL"],
        }
        for name, url in urls.items():
            log_progress(f"real, filling {name}")
            _drain(url)
            _create_runs(url, runs)
        print(json.dumps({name: _drain(url) for name, url in urls.items()}))


if __name__ == "__main__":
    main()
