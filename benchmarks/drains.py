"""Drain a large store over HTTP: is the last call as fast as the first, and how near to bare?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from statistics import median

from . import client, servers, shapes
from .client import Again, Load
from .effort import Effort, say
from .population import NOW, Population
from .servers import Address
from .table import Aim, Table

CALL = 50  # runs that a call deletes
SLOWER, SHARE = 1.5, 0.5
DRAINS = {
    "no filter": shapes.deletion(),
    "type and time": shapes.deletion(
        state={"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}},
        start_time={"after_": "2025-01-01T00:00:00Z"},
    ),
}


def measure(effort: Effort, population: Population) -> Iterator[Table | Aim]:
    """Each drain in thousands of calls: the median of each, beside as many of a bare server."""
    seeds = population.lines(effort.most, now=NOW)
    table = Table(
        f"Drain {effort.most:,} runs, {CALL} a call, one after the other: us a call",
        ("filter", "calls", "first 1,000", "quartiles", "last", "quartiles", "last/first", "bare",
         "bare/mock"),
        notes=("Medians of calls; the bare server takes turns. The first call, which indexes, is",
               "not among them. The client stays awake while it waits."),
    )  # fmt: skip
    for name, body in DRAINS.items():
        say(f"drain, {name}")
        with (
            servers.running(servers.mock(seeds), os.environ) as mock,
            servers.running(servers.bare(CALL), os.environ) as bare,
        ):
            parts, bares, calls = _drained(mock, bare, shapes.http([body]))
        mocks = [median(load.latencies) * 1e6 for load in parts]
        slower = mocks[-1] / mocks[0]
        share = median(
            median(one.latencies) * 1e6 / us for one, us in zip(bares, mocks, strict=True)
        )
        table.add(
            name,
            f"{calls:,}",
            f"{mocks[0]:,.0f}",
            _quartiles(parts[0]),
            f"{mocks[-1]:,.0f}",
            _quartiles(parts[-1]),
            f"{slower:.2f}",
            f"{median(median(one.latencies) for one in bares) * 1e6:,.0f}",
            f"{share:.2f}",
        )
        yield Aim(f"drain, {name}: last/first", f"<= {SLOWER}", f"{slower:.2f}", slower <= SLOWER)
        yield Aim(f"drain, {name}: bare/mock", f">= {SHARE}", f"{share:.2f}", share >= SHARE)
    yield table


def _quartiles(load: Load) -> str:
    return f"{load.percentile(0.25) * 1e6:,.0f}-{load.percentile(0.75) * 1e6:,.0f}"


def _drained(
    mock: Address, bare: Address, requests: list[bytes]
) -> tuple[list[Load], list[Load], int]:
    """Loads of each thousand calls until nothing is left, and of bare ones in between."""
    client.in_turn(mock, requests, _in_all(1))
    parts: list[Load] = []
    bares: list[Load] = []
    calls = 1
    empty = False

    def again(_: float, body: bytes) -> bool:
        nonlocal empty
        empty = empty or body.endswith(b"[]}")
        return next(left) > 0 and not empty

    while not empty:
        left = count(998, -1)
        parts.append(client.in_turn(mock, requests, again))
        calls += len(parts[-1].latencies)
        bares.append(client.in_turn(bare, requests, _in_all(200)))
    if len(parts) > 2:  # the last is a few calls, and one that finds nothing
        parts.pop()
        bares.pop()
    return parts, bares, calls


def _in_all(calls: int) -> Again:
    left = count(calls - 1, -1)
    return lambda _, __: next(left) > 0
