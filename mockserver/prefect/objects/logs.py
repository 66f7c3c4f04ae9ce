"""Logs: lines that runs have written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Log:
    """One line of a run's log; `number` counts the lines of a store in the order they came in.

    The ids of its runs are as they were sent: a run need not exist.
    """

    id: str
    number: int
    name: str
    level: int
    message: str
    timestamp: datetime
    flow_run_id: str | None
    task_run_id: str | None
    created: datetime

    @property
    def text(self) -> str:
        """What a search of the text looks at."""
        return f"{self.message} {self.name}"
