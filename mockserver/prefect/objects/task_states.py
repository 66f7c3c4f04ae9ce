"""Completed states of task runs that a server has remembered by their cache keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .. import State


@dataclass(frozen=True, slots=True)
class CachedState:
    """The completed state of a task run, and until when others may take it; None: for ever."""

    task_run_id: str
    state: State
    expires: datetime | None

    def outlasts(self, other: CachedState) -> bool:
        """Whether it may be taken for as long as the other, or longer."""
        if self.expires is None or other.expires is None:
            return self.expires is None
        return self.expires >= other.expires


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The states under a cache key, which is the `id`: newest last, each outlasting the next."""

    id: str
    states: tuple[CachedState, ...]
