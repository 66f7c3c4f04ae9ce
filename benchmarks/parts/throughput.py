"""The part `http`: rates and latencies of bulk_delete, beside the baseline server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from benchmarks import load_generator, request_bodies
from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import GeneratedSeeds
from benchmarks.load_generator import Load, exactly
from benchmarks.results import Table, Target
from benchmarks.servers import event_loops, processes
from benchmarks.servers.processes import Address

RUNS = 1_000
TARGET_CONNECTIONS, TARGET_SHARE = 8, 0.7  # target: 0.7 of the baseline's rate
_WARM_UP_SECONDS = 0.2
_RUNS_PER_CALL = 50  # the limit of a request
_NOTHING_LEFT = b'{"deleted":[]}'


@dataclass(slots=True)
class PairedRounds:
    """Rounds of the same requests, each to the mock and then to the baseline server."""

    mock: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)

    def shares(self) -> list[float]:
        """The mock's rate as a share of the baseline's, one for each round, sorted."""
        pairs = zip(self.mock, self.bare, strict=True)
        return sorted(mock.rate / bare.rate for mock, bare in pairs)

    def busiest(self) -> float:
        """The client's highest load. Near 1 the client, not the server, was the bottleneck."""
        return max(load.busy for load in (*self.mock, *self.bare))


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """Requests that match nothing, then drains, on each event loop."""
    measured = {
        loop: _measure_loop(effort, seeds, loop)
        for loop in event_loops.loop_names()[: effort.loops]
    }
    yield _rates_table(measured, effort)
    yield _drains(effort, seeds)
    for loop, rows in measured.items():
        for (name, connections), pairs in rows.items():
            if connections == TARGET_CONNECTIONS:
                yield _target(f"{name}, {loop}", median(pairs.shares()))


def _target(of_what: str, share: float) -> Target:
    what = f"mock / bare at {TARGET_CONNECTIONS} connections, {of_what}"
    return Target(what, f">= {TARGET_SHARE}", f"{share:.2f}", share >= TARGET_SHARE)


Rows = dict[tuple[str, int], PairedRounds]


def _measure_loop(effort: Effort, seeds: GeneratedSeeds, loop: str) -> Rows:
    environment = event_loops.loop_environment(loop, seeds.folder)
    rows: Rows = {}
    with (
        processes.run_server(processes.mock_command(seeds.lines(RUNS)), environment) as mock,
        processes.run_server(processes.baseline_command(0), environment) as bare,
    ):
        for name, bodies in request_bodies.UNMATCHED_BODIES.items():
            for connections in effort.connections:
                log_progress(f"http, {loop}, {name}, {connections} connections")
                requests = request_bodies.http_requests(bodies)
                rows[name, connections] = _measure_pairs(mock, bare, requests, connections, effort)
    return rows


def _measure_pairs(
    mock: Address, bare: Address, requests: list[bytes], connections: int, effort: Effort
) -> PairedRounds:
    def load(address: Address, seconds: float) -> Load:
        return load_generator.send_concurrently(
            address, requests, lambda elapsed, _: elapsed < seconds, connections=connections
        )

    pairs = PairedRounds()
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
            "No two successive requests are equal, except in `one body` and the sample.",
            "Log lines are written to /dev/null; only the sample request causes any.",
            f"The client's processor time was at most {busiest:.0%} of a round.",
        ),
    )
    for loop, rows in measured.items():
        for (name, connections), pairs in rows.items():
            table.add(name, loop, str(connections), *_figures(pairs))
    return table


def _figures(pairs: PairedRounds) -> Iterator[str]:
    shares = pairs.shares()
    for loads in (pairs.mock, pairs.bare):
        yield f"{median(load.rate for load in loads):,.0f}"
    yield from (f"{share:.2f}" for share in (median(shares), shares[0], shares[-1]))
    for loads in (pairs.mock, pairs.bare):
        for share in (0.5, 0.99):
            yield f"{median(load.percentile(share) for load in loads) * 1e3:.2f}"


def _drains(effort: Effort, seeds: GeneratedSeeds) -> Table:
    table = Table(
        f"Drain: delete {_RUNS_PER_CALL} at a time until none is left, one call after the other",
        ("runs", "loop", "calls", "mock, ms", "bare, ms", "mock/bare"),
        left=0,
        notes=(
            f"Medians of {effort.rounds} rounds; the baseline server answers as many calls with "
            f"{_RUNS_PER_CALL} ids each.",
            "Each drain starts a new server, so building its indexes is part of the time.",
            "mock/bare: calls per second, as above.",
        ),
    )
    for loop in event_loops.loop_names()[: effort.loops]:
        for runs in effort.drains:
            pairs = _measure_drain(effort, seeds, loop, runs)
            times = [median(load.seconds for load in side) for side in (pairs.mock, pairs.bare)]
            table.add(
                f"{runs:,}",
                loop,
                str(len(pairs.mock[0].latencies)),
                *(f"{seconds * 1e3:.1f}" for seconds in times),
                f"{median(pairs.shares()):.2f}",
            )
    return table


def _measure_drain(effort: Effort, seeds: GeneratedSeeds, loop: str, runs: int) -> PairedRounds:
    environment = event_loops.loop_environment(loop, seeds.folder)
    requests = request_bodies.http_requests(request_bodies.MATCH_ALL)
    pairs = PairedRounds()
    for turn in range(effort.rounds):
        log_progress(f"http, {loop}, drain of {runs:,}, round {turn + 1}")
        with processes.run_server(processes.mock_command(seeds.lines(runs)), environment) as mock:
            drained = load_generator.send_concurrently(
                mock, requests, lambda _, body: body != _NOTHING_LEFT
            )
        calls = len(drained.latencies)
        assert calls == runs / _RUNS_PER_CALL + 1, f"{runs:,} runs were drained in {calls} calls"
        with processes.run_server(processes.baseline_command(_RUNS_PER_CALL), environment) as bare:
            answered = load_generator.send_concurrently(bare, requests, exactly(calls))
        pairs.mock.append(drained)
        pairs.bare.append(answered)
    return pairs
