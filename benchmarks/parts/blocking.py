"""The part `block`: how long others wait while a server carries out one heavy request."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.heavy_requests import BODIES, CHANGES, READS, HeavyRequest
from benchmarks.results import Table, Target
from benchmarks.servers import processes
from benchmarks.servers.processes import Address

TARGET_MILLISECONDS = 250
_SESSION = "block"
_TIMES = 2  # the first request of a kind builds what the later ones use
_PAUSE_SECONDS = 0.002  # between two looks at /health
_TIMEOUT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Measured:
    """The answer's status, and in milliseconds its time and the worst of /health meanwhile."""

    status: int
    took: float
    worst: float


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """A table for each size, with every heavy request, and a target for each."""
    for runs in effort.blocks:
        measured = dict(_measure_requests(runs, seeds))
        yield _table(measured, runs)
        yield _target(measured, runs)


def _measure_requests(runs: int, seeds: GeneratedSeeds) -> Iterator[tuple[str, list[Measured]]]:
    command = (*processes.mock_command(seeds.packed(runs)), "--journal", "1000")
    with processes.run_server(command) as address:
        log_progress(f"block, {runs:,} runs")
        flow = _first_flow(address)
        for request in (*READS, *BODIES):
            yield request.name, _measure(address, request, runs, request.path)
        _send(address, "POST", "/_mock/sessions", json.dumps({"name": _SESSION}).encode())
        for request in CHANGES:
            path = f"/sessions/{_SESSION}{request.path.format(flow=flow)}"
            yield request.name, _measure(address, request, runs, path)


def _first_flow(address: Address) -> str:
    _, body = _send(address, "POST", "/api/flows/filter", b'{"limit": 1}')
    return str(json.loads(body)[0]["id"])


def _measure(address: Address, request: HeavyRequest, runs: int, path: str) -> list[Measured]:
    body = request.body(runs)
    found = []
    for _ in range(_TIMES):
        with _watch_health(address) as worst:
            begun = time.perf_counter()
            status, _ = _send(address, request.method, path, body)
            took = (time.perf_counter() - begun) * 1e3
        found.append(Measured(status, took, worst[0]))
    return found


def _send(address: Address, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """The status and body of the reply; status 0 where the connection was cut."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


@contextmanager
def _watch_health(address: Address) -> Iterator[list[float]]:
    """Ask /health over and over in a thread; the list holds the worst time in milliseconds."""
    worst, asked, done = [0.0], threading.Event(), threading.Event()

    def ask() -> None:
        while not done.is_set():
            begun = time.perf_counter()
            _send(address, "GET", "/health", b"")
            worst[0] = max(worst[0], (time.perf_counter() - begun) * 1e3)
            asked.set()
            time.sleep(_PAUSE_SECONDS)

    thread = threading.Thread(target=ask)
    thread.start()
    asked.wait(_TIMEOUT_SECONDS)
    try:
        yield worst
    finally:
        done.set()
        thread.join()


def _table(measured: dict[str, list[Measured]], runs: int) -> Table:
    table = Table(
        f"One heavy request at {runs:,} flow runs, milliseconds",
        ("request", "status", "first", "worst /health", "again", "worst /health"),
        notes=("/health is asked over and over on another connection while the request runs.",),
    )
    for name, (first, again) in measured.items():
        times = (first.took, first.worst, again.took, again.worst)
        table.add(name, str(again.status), *(f"{one:,.0f}" for one in times))
    return table


def _target(measured: dict[str, list[Measured]], runs: int) -> Target:
    worst = {name: max(one.worst for one in both) for name, both in measured.items()}
    name = max(worst, key=worst.__getitem__)
    return Target(
        f"worst /health beside a heavy request at {runs:,} runs",
        f"<= {TARGET_MILLISECONDS} ms",
        f"{worst[name]:,.0f} ms ({name})",
        worst[name] <= TARGET_MILLISECONDS,
    )
