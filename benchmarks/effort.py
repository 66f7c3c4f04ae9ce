"""How much is measured."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How often, how long and how large."""

    loops: int  # event loops to measure HTTP on: the one in use, or every one there is
    connections: tuple[int, ...]
    rounds: int  # each is mock, then bare
    seconds: float  # of one side of a round
    drains: tuple[int, ...]  # runs to drain
    starts: int
    imports: int
    loads: int
    sizes: tuple[int, ...]  # runs in a file or a store
    calls: int  # of one operation of a store
    fixtures: int  # tests that have one
    selects: tuple[int, ...]  # runs to select from, beside peers
    most: int  # runs to drain, and to add to, at the most
    pictures: bool  # whether the picture of the README is drawn anew


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
    most=1_000_000,
    pictures=True,
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
    most=2_000,
    pictures=False,
)


def say(text: str) -> None:
    """Tell what is being measured."""
    print(f"... {text}", file=sys.stderr, flush=True)
