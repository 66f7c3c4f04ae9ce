"""Concurrency limits, and the leases on their slots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import floor

TAG_PREFIX = "tag:"
"""Begins the names of limits on tags (Prefect: api/concurrency_limits.py)."""
# Prefect: models/concurrency_limits_v2.py.
_OCCUPANCY_SAMPLES = 2
_MIN_OCCUPANCY = 0.1
_ALL_SLOTS = 2**63  # more than any limit has
# Default of Prefect's settings tag_concurrency_slot_wait_seconds and
# maximum_concurrency_slot_wait_seconds.
MAX_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class ConcurrencyLimit:
    """A limit: so many slots that can be taken at a time. Slots of a rate limit decay.

    `active_slots` are those that were taken when the limit was `updated`, `denied_slots` those that
    were asked for in vain.
    """

    id: str
    name: str
    limit: int
    active: bool
    active_slots: int
    denied_slots: int
    slot_decay_per_second: float
    avg_slot_occupancy_seconds: float
    created: datetime
    updated: datetime

    @property
    def tag(self) -> str | None:
        """The tag that it limits; None where it limits no tag."""
        return self.name[len(TAG_PREFIX) :] if self.name.startswith(TAG_PREFIX) else None

    def active_at(self, now: datetime) -> int:
        """The slots that are taken at an instant."""
        return max(0, self.active_slots - self._decayed(self.slot_decay_per_second, now))

    def _denied_at(self, now: datetime) -> int:
        rate = self.slot_decay_per_second
        if rate <= 0:
            rate = 1.0 / max(_MIN_OCCUPANCY, min(self.avg_slot_occupancy_seconds, MAX_WAIT))
        return max(0, self.denied_slots - self._decayed(rate, now))

    def _decayed(self, rate: float, now: datetime) -> int:
        slots = rate * (now - self.updated).total_seconds()
        return floor(slots) if slots < _ALL_SLOTS else _ALL_SLOTS  # also where it is no number

    def has_free(self, slots: int, now: datetime) -> bool:
        """Whether so many slots can be taken at an instant."""
        return self.active and self.active_at(now) + slots <= self.limit

    def taken(self, slots: int, now: datetime) -> ConcurrencyLimit:
        """The limit once so many slots more are taken."""
        active, denied = self.active_at(now) + slots, self._denied_at(now)
        return replace(self, active_slots=active, denied_slots=denied, updated=now)

    def returned(self, slots: int, seconds: float | None, now: datetime) -> ConcurrencyLimit:
        """The limit once so many slots were given back, which were taken for so many seconds."""
        active, denied = max(0, self.active_at(now) - slots), self._denied_at(now)
        average = self.avg_slot_occupancy_seconds
        if seconds and slots and self.limit:
            samples = self.limit * _OCCUPANCY_SAMPLES
            average += (max(seconds / slots, _MIN_OCCUPANCY) - average) / samples
        return replace(
            self,
            active_slots=active,
            denied_slots=denied,
            avg_slot_occupancy_seconds=average,
            updated=now,
        )

    def denied(self, slots: int, now: datetime) -> ConcurrencyLimit:
        """The limit once so many slots were asked for in vain."""
        return replace(self, denied_slots=self._denied_at(now) + slots, updated=now)

    def seconds_to_wait(self, slots: int) -> float:
        """About how long it takes until so many slots are free."""
        # Prefect: api/concurrency_limits_v2.py, _generate_concurrency_locked_response.
        if self.slot_decay_per_second > 0:
            return (slots + self.denied_slots) / self.slot_decay_per_second
        wait = min(self.avg_slot_occupancy_seconds, MAX_WAIT) * self.blocked(slots)
        return min(wait, MAX_WAIT)

    def blocked(self, slots: int) -> float:
        """How much stands before so many slots; of several limits, the highest decides."""
        waiting = slots + self.denied_slots
        return waiting if self.slot_decay_per_second > 0 else waiting / self.limit


@dataclass(frozen=True, slots=True)
class ConcurrencyLease:
    """Slots of limits that somebody has taken until `expires`."""

    id: str
    limit_ids: tuple[str, ...]
    slots: int
    task_run_id: str | None
    created: datetime
    expires: datetime
