"""The part `drain`: delete all runs of a large store over HTTP, beside the baseline server.

Does the last call take as long as the first, and how near is a call to the baseline?
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks import load_generator, request_bodies
from benchmarks.effort import Effort, log_progress
from benchmarks.generated_seeds import NOW, GeneratedSeeds
from benchmarks.load_generator import Load, exactly
from benchmarks.results import Table, Target
from benchmarks.servers import processes
from benchmarks.servers.processes import Address

RUNS_PER_CALL = 50
MAX_SLOWDOWN = 1.5  # target: median of the last calls over that of the first
MIN_SHARE = 0.5  # target: median of the baseline over that of the mock
_CALLS_PER_SECTION = 999  # with the untimed first call the first section is 1,000 calls
_BASELINE_CALLS = 200  # after each section: enough for a median, short enough to alternate
DRAIN_BODIES = {
    "no filter": request_bodies.bulk_delete_body(),
    "type and time": request_bodies.bulk_delete_body(
        state={"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}},
        start_time={"after_": "2025-01-01T00:00:00Z"},
    ),
}


@dataclass(slots=True)
class Drain:
    """A drain in sections of a thousand calls, with calls of the baseline after each section."""

    sections: list[Load] = field(default_factory=list)
    baselines: list[Load] = field(default_factory=list)
    calls: int = 0

    def medians(self) -> list[float]:
        """The median call of each section, in microseconds."""
        return [median(load.latencies) * 1e6 for load in self.sections]

    def slowdown(self) -> float:
        """The median call of the last section over that of the first."""
        return self.medians()[-1] / self.medians()[0]

    def baseline(self) -> float:
        """The median call of the baseline server, in microseconds."""
        return median(median(load.latencies) for load in self.baselines) * 1e6

    def share(self) -> float:
        """The baseline's time over the mock's, section by section: 1 is as fast as the baseline."""
        pairs = zip(self.baselines, self.medians(), strict=True)
        return median(median(load.latencies) * 1e6 / mock for load, mock in pairs)


def measure(effort: Effort, seeds: GeneratedSeeds) -> Iterator[Table | Target]:
    """A table row and two targets for each of `DRAIN_BODIES`."""
    file = seeds.lines(effort.max_runs, now=NOW)
    table = Table(
        f"Drain {effort.max_runs:,} runs, {RUNS_PER_CALL} a call, one after the other: us a call",
        ("filter", "calls", "first 1,000", "quartiles", "last", "quartiles", "last/first", "bare",
         "bare/mock"),
        notes=("Medians of calls, alternating with the baseline server. The first call, which",
               "builds indexes, is left out. The client polls while it waits."),
    )  # fmt: skip
    for name, body in DRAIN_BODIES.items():
        log_progress(f"drain, {name}")
        with (
            processes.run_server(processes.mock_command(file), os.environ) as mock,
            processes.run_server(processes.baseline_command(RUNS_PER_CALL), os.environ) as bare,
        ):
            drain = _measure_drain(mock, bare, request_bodies.http_requests([body]))
        table.add(*_row(name, drain))
        yield from _targets(name, drain)
    yield table


def _row(name: str, drain: Drain) -> Sequence[str]:
    first, last = drain.sections[0], drain.sections[-1]
    return (
        name,
        f"{drain.calls:,}",
        f"{drain.medians()[0]:,.0f}",
        _quartiles(first),
        f"{drain.medians()[-1]:,.0f}",
        _quartiles(last),
        f"{drain.slowdown():.2f}",
        f"{drain.baseline():,.0f}",
        f"{drain.share():.2f}",
    )


def _quartiles(load: Load) -> str:
    return f"{load.percentile(0.25) * 1e6:,.0f}-{load.percentile(0.75) * 1e6:,.0f}"


def _targets(name: str, drain: Drain) -> Iterator[Target]:
    slowdown, share = drain.slowdown(), drain.share()
    yield Target(
        f"drain, {name}: last/first",
        f"<= {MAX_SLOWDOWN}",
        f"{slowdown:.2f}",
        slowdown <= MAX_SLOWDOWN,
    )
    yield Target(f"drain, {name}: bare/mock", f">= {MIN_SHARE}", f"{share:.2f}", share >= MIN_SHARE)


def _measure_drain(mock: Address, bare: Address, requests: list[bytes]) -> Drain:
    """Delete until a reply is empty."""
    load_generator.send_sequentially(mock, requests, exactly(1))
    drain = Drain(calls=1)
    empty = False

    def until_empty(seconds: float, body: bytes) -> bool:
        nonlocal empty
        empty = empty or body.endswith(b"[]}")
        return section_goes_on(seconds, body) and not empty

    while not empty:
        section_goes_on = exactly(_CALLS_PER_SECTION)
        drain.sections.append(load_generator.send_sequentially(mock, requests, until_empty))
        drain.calls += len(drain.sections[-1].latencies)
        drain.baselines.append(
            load_generator.send_sequentially(bare, requests, exactly(_BASELINE_CALLS))
        )
    if len(drain.sections) > 2:  # the last section is short, and one of its calls finds nothing
        drain.sections.pop()
        drain.baselines.pop()
    return drain
