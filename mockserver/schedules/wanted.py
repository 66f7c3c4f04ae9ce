"""Which dates of a schedule are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from .effort import Effort

MOST_CANDIDATES = 1002
"""How many dates of a schedule are looked at (Prefect: MAX_ITERATIONS, and two more)."""


class Wanted(NamedTuple):
    """From when until when dates are wanted, at most how many, and at what effort.

    One date is given at least, even if none is wanted, as on a real server.
    """

    start: datetime
    end: datetime
    most: int
    effort: Effort

    def choose(self, candidates: Iterator[datetime]) -> Iterator[datetime]:
        """Those that are wanted of some dates: up to the first one after the end, each once."""
        found = set()
        for date in islice(candidates, MOST_CANDIDATES):
            self.effort.spend()
            if date > self.end:
                return
            if date not in found:
                found.add(date)
                yield date
            if len(found) >= self.most:
                return
