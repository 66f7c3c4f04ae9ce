"""The part `start`: from exec to the first 200."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from statistics import median

from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.results import Table, Target
from benchmarks.servers import event_loops, processes
from benchmarks.servers.processes import Command

TARGET_RATIO = 1.3
_MOCK, _WITH_MODELS, _BARE = "mockserver serve", "aiohttp and the models", "aiohttp alone"
_COMMANDS: Mapping[str, Command] = {
    _MOCK: processes.mock_command(),
    _WITH_MODELS: processes.BASELINE_WITH_MODELS_COMMAND,
    _BARE: processes.baseline_command(0),
}


def measure(effort: Effort, _: GeneratedSeeds) -> Iterator[Table | Target]:
    """The mock with the shipped fixtures and the two baseline servers, in turn."""
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for turn in range(effort.starts):
        log_progress(f"start, round {turn + 1}")
        for name, command in _COMMANDS.items():
            times[name].append(_start_seconds(command))
    yield _table(times, effort)
    ratio = _ratio(times[_MOCK], times[_WITH_MODELS])
    what = f"start / start of {_WITH_MODELS}"
    yield Target(what, f"<= {TARGET_RATIO}", f"{ratio:.2f}", ratio <= TARGET_RATIO)


def _start_seconds(command: Command) -> float:
    """Seconds from the start of the process to the end of its reply to GET /health."""
    begun = time.perf_counter()
    with processes.run_server(command) as address:
        connection = HTTPConnection(address.host, address.port, timeout=10)
        connection.request("GET", "/health")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"true")
        seconds = time.perf_counter() - begun
        connection.close()
    return seconds


def _ratio(some: list[float], others: list[float]) -> float:
    return median(one / other for one, other in zip(some, others, strict=True))


def _table(times: Mapping[str, list[float]], effort: Effort) -> Table:
    table = Table(
        "Start: from exec to the first 200 on /health",
        ("server", "median, ms", "fastest, ms", "ratio"),
        notes=(
            f"{effort.starts} rounds, in turn, on {event_loops.loop_names()[0]}; ratio: to a start "
            f"of {_WITH_MODELS}, round by round.",
        ),
    )
    for name, found in times.items():
        milliseconds = (median(found) * 1e3, min(found) * 1e3)
        ratio = _ratio(found, times[_WITH_MODELS])
        table.add(name, *(f"{figure:.0f}" for figure in milliseconds), f"{ratio:.2f}")
    return table
