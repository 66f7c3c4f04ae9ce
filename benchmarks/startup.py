"""Start-up: from exec to the first 200."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from statistics import median

from . import loops, servers
from .effort import Effort, say
from .population import Population
from .servers import Command
from .table import Aim, Table

AIMED_RATIO = 1.3
_MOCK, _MODELLED, _BARE = "mockserver serve", "aiohttp and the models", "aiohttp alone"
_COMMANDS: Mapping[str, Command] = {
    _MOCK: servers.mock(),
    _MODELLED: servers.MODELLED,
    _BARE: servers.bare(0),
}


def measure(effort: Effort, _: Population) -> Iterator[Table | Aim]:
    """The mock on the shipped fixtures, and bare servers, in turn."""
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for turn in range(effort.starts):
        say(f"start, round {turn + 1}")
        for name, command in _COMMANDS.items():
            times[name].append(_start(command))
    yield _table(times, effort)
    ratio = _ratio(times[_MOCK], times[_MODELLED])
    what = f"start / start of {_MODELLED}"
    yield Aim(what, f"<= {AIMED_RATIO}", f"{ratio:.2f}", ratio <= AIMED_RATIO)


def _start(command: Command) -> float:
    """Seconds from the start of the process to the end of a reply to GET /health."""
    begun = time.perf_counter()
    with servers.running(command) as address:
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
            f"{effort.starts} rounds, in turn, on {loops.names()[0]}; ratio: of a start of "
            f"{_MODELLED}, round by round.",
        ),
    )
    for name, found in times.items():
        milliseconds = (median(found) * 1e3, min(found) * 1e3)
        ratio = _ratio(found, times[_MODELLED])
        table.add(name, *(f"{figure:.0f}" for figure in milliseconds), f"{ratio:.2f}")
    return table
