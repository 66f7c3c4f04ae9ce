"""Requests per second and latencies of bulk_delete, as shares of a bare aiohttp server's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median

from . import client, loops, servers, shapes
from .client import Again, Load
from .effort import Effort, say
from .population import Population
from .servers import Address
from .table import Aim, Table

RUNS = 1_000
AIMED_CONNECTIONS, AIMED_SHARE = 8, 0.7
_WARM_UP_SECONDS = 0.2
_CALL = 50  # runs that one request deletes
_NOTHING_LEFT = b'{"deleted":[]}'


@dataclass(slots=True)
class Pairs:
    """Rounds of the same request: what the mock did, then what the bare server did."""

    mock: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)

    def shares(self) -> list[float]:
        """The mock's rate as a share of the bare one's, round by round, in order."""
        pairs = zip(self.mock, self.bare, strict=True)
        return sorted(mock.rate / bare.rate for mock, bare in pairs)

    def busiest(self) -> float:
        """How busy the client was, at most: near 1, it was the client that was measured."""
        return max(load.busy for load in (*self.mock, *self.bare))


def measure(effort: Effort, population: Population) -> Iterator[Table | Aim]:
    """Requests that match nothing, then drains; each on every event loop."""
    measured = {loop: _on_loop(effort, population, loop) for loop in loops.names()[: effort.loops]}
    yield _rates_table(measured, effort)
    yield _drains(effort, population)
    for loop, rows in measured.items():
        for (name, connections), pairs in rows.items():
            if connections == AIMED_CONNECTIONS:
                yield _aim(f"{name}, {loop}", median(pairs.shares()))


def _aim(of_what: str, share: float) -> Aim:
    what = f"mock / bare at {AIMED_CONNECTIONS} connections, {of_what}"
    return Aim(what, f">= {AIMED_SHARE}", f"{share:.2f}", share >= AIMED_SHARE)


Rows = dict[tuple[str, int], Pairs]


def _on_loop(effort: Effort, population: Population, loop: str) -> Rows:
    environment = loops.environment(loop, population.folder)
    rows: Rows = {}
    with (
        servers.running(servers.mock(population.lines(RUNS)), environment) as mock,
        servers.running(servers.bare(0), environment) as bare,
    ):
        for name, bodies in shapes.SHAPES.items():
            for connections in effort.connections:
                say(f"http, {loop}, {name}, {connections} connections")
                requests = shapes.http(bodies)
                rows[name, connections] = _pairs(mock, bare, requests, connections, effort)
    return rows


def _pairs(
    mock: Address, bare: Address, requests: list[bytes], connections: int, effort: Effort
) -> Pairs:
    def load(address: Address, seconds: float) -> Load:
        return client.repeat(
            address, requests, lambda elapsed, _: elapsed < seconds, connections=connections
        )

    pairs = Pairs()
    for address in (mock, bare):
        load(address, min(_WARM_UP_SECONDS, effort.seconds))
    for _ in range(effort.rounds):
        pairs.mock.append(load(mock, effort.seconds))
        pairs.bare.append(load(bare, effort.seconds))
    return pairs


_RATES = ("mock/s", "bare/s", "mock/bare", "lowest", "highest")
_LATENCIES = ("mock p50", "p99", "bare p50", "p99")


def _rates_table(measured: dict[str, Rows], effort: Effort) -> Table:
    busiest = max(pairs.busiest() for rows in measured.values() for pairs in rows.values())
    table = Table(
        f"bulk_delete of nothing, on {RUNS:,} runs: requests per second, latency in ms",
        ("request", "loop", "conns", *_RATES, *_LATENCIES),
        left=2,
        notes=(
            f"Medians of {effort.rounds} rounds of {effort.seconds:g} s, mock and bare in turn; "
            "the ratio is taken round by round.",
            "No two requests in a row are the same, except in `one body` and the sample.",
            "Log lines are written, to nowhere: only the sample earns any.",
            f"The client's processor time was at most {busiest:.0%} of a round.",
        ),
    )
    for loop, rows in measured.items():
        for (name, connections), pairs in rows.items():
            table.add(name, loop, str(connections), *_figures(pairs))
    return table


def _figures(pairs: Pairs) -> Iterator[str]:
    shares = pairs.shares()
    for loads in (pairs.mock, pairs.bare):
        yield f"{median(load.rate for load in loads):,.0f}"
    yield from (f"{share:.2f}" for share in (median(shares), shares[0], shares[-1]))
    for loads in (pairs.mock, pairs.bare):
        for share in (0.5, 0.99):
            yield f"{median(load.percentile(share) for load in loads) * 1e3:.2f}"


def _drains(effort: Effort, population: Population) -> Table:
    table = Table(
        f"Drain: delete {_CALL} at a time until none is left, one call after the other",
        ("runs", "loop", "calls", "mock, ms", "bare, ms", "mock/bare"),
        left=0,
        notes=(
            f"Medians of {effort.rounds} rounds; the bare server answers as many calls with "
            f"{_CALL} ids each.",
            "Every drain has a new server: what it indexes at the first call is part of its time.",
            "mock/bare: calls per second, as above.",
        ),
    )
    for loop in loops.names()[: effort.loops]:
        for runs in effort.drains:
            pairs = _drained(effort, population, loop, runs)
            times = [median(load.seconds for load in side) for side in (pairs.mock, pairs.bare)]
            table.add(
                f"{runs:,}",
                loop,
                str(len(pairs.mock[0].latencies)),
                *(f"{seconds * 1e3:.1f}" for seconds in times),
                f"{median(pairs.shares()):.2f}",
            )
    return table


def _in_all(calls: int) -> Again:
    left = count(calls - 1, -1)
    return lambda _, __: next(left) > 0


def _drained(effort: Effort, population: Population, loop: str, runs: int) -> Pairs:
    environment = loops.environment(loop, population.folder)
    requests = shapes.http(shapes.DRAIN)
    pairs = Pairs()
    for turn in range(effort.rounds):
        say(f"http, {loop}, drain of {runs:,}, round {turn + 1}")
        with servers.running(servers.mock(population.lines(runs)), environment) as mock:
            drained = client.repeat(mock, requests, lambda _, body: body != _NOTHING_LEFT)
        calls = len(drained.latencies)
        assert calls == runs / _CALL + 1, f"{runs:,} runs were drained in {calls} calls"
        with servers.running(servers.bare(_CALL), environment) as bare:
            answered = client.repeat(bare, requests, _in_all(calls))
        pairs.mock.append(drained)
        pairs.bare.append(answered)
    return pairs
