"""Workers: processes that execute the runs of a work pool."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that has sent a heartbeat. Its name is unique in its work pool."""

    id: str
    name: str
    work_pool_id: str
    last_heartbeat_time: datetime
    heartbeat_interval_seconds: int | None
    created: datetime
    updated: datetime

    @property
    def status(self) -> str:
        """The status that filters compare: what the last heartbeat has set."""
        # Only a background service of a real server sets another, later.
        return "ONLINE"
