"""How much is measured: the full settings and those of `--quick`."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Numbers of rounds and calls, durations, and sizes."""

    loops: int  # how many event loops to measure HTTP on; the first is the default one
    connections: tuple[int, ...]
    rounds: int  # each is the mock, then the baseline server
    seconds: float  # of one side of a round
    drains: tuple[int, ...]  # runs to drain
    starts: int
    imports: int
    loads: int
    sizes: tuple[int, ...]  # numbers of runs in a file or a store
    calls: int  # of one store operation
    fixtures: int  # tests that use the fixture
    selects: tuple[int, ...]  # numbers of runs to select from, beside other query engines
    blocks: tuple[int, ...]  # numbers of runs in a server that is sent heavy requests
    max_runs: int  # the largest store: to drain, to load, and to write to
    draw_chart: bool  # whether to draw the chart of the README again


FULL = Effort(
    loops=2,
    connections=(1, 8, 32),
    rounds=7,
    seconds=0.7,
    drains=(1_000, 10_000),
    starts=15,
    imports=15,
    loads=5,
    sizes=(1_000, 100_000),
    calls=500,
    fixtures=1_000,
    selects=(10_000, 100_000, 1_000_000),
    blocks=(1_000, 100_000, 1_000_000),
    max_runs=1_000_000,
    draw_chart=True,
)
QUICK = Effort(
    loops=1,
    connections=(8,),
    rounds=2,
    seconds=0.1,
    drains=(1_000,),
    starts=2,
    imports=2,
    loads=2,
    sizes=(1_000,),
    calls=50,
    fixtures=50,
    selects=(1_000,),
    blocks=(1_000,),
    max_runs=2_000,
    draw_chart=False,
)


def log_progress(text: str) -> None:
    """Print to stderr what is being measured."""
    print(f"... {text}", file=sys.stderr, flush=True)
