"""How much may be done for one request about schedules."""

from __future__ import annotations

from ..errors import TooLarge

MOST_STEPS = 14_000
"""Steps of one request: days, times and dates that are looked at. They take up to 40 ms."""


class Effort:
    """Counts what is done for a request, and ends it where that is too much."""

    def __init__(self, left: int = MOST_STEPS) -> None:
        self._left = left

    def spend(self, steps: int = 1) -> None:
        """Count steps. Raises TooLarge when there were too many."""
        self._left -= steps
        if self._left < 0:
            raise TooLarge(
                "The dates of this deployment's schedules take too long to find: more than"
                f" {MOST_STEPS:,} days and times would be looked at for one request. Ask for fewer"
                " runs, or for less time between start_time and end_time; a schedule should not"
                " start long before start_time."
            )
