"""A snapshot of all flow runs of a server, to show that the runs of others were not touched.

Invariant: runs that the kit did not create are the same after a run of the kit as before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..findings import Finding
from .target import Target

# A server computes these from the clock when it answers; all other fields are stored.
# Prefect itself ignores them in comparisons (schemas/responses.py, FlowRunResponse.__eq__).
_CLOCK_DEPENDENT_FIELDS = frozenset({"estimated_run_time", "estimated_start_time_delta"})


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """The flow runs of a server: `digests` maps each id to a digest of the run's fields."""

    digests: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the runs."""
        return frozenset(self.digests)


def take_snapshot(target: Target) -> RunSnapshot:
    """Read all flow runs, PAGE at a time. Raises TargetError."""
    return RunSnapshot(
        {run["id"]: _digest(run) for run in target.iter_records("/flow_runs/filter")}
    )


def without_clock_fields(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run's fields without those that depend on the clock."""
    return {key: value for key, value in run.items() if key not in _CLOCK_DEPENDENT_FIELDS}


def _digest(run: Mapping[str, Any]) -> str:
    text = json.dumps(without_clock_fields(run), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def compare_snapshots(before: RunSnapshot, after: RunSnapshot, verb: str) -> list[Finding]:
    """Compare the runs that existed before: one finding if any are gone, one if any changed."""
    gone = sorted(before.ids - after.ids)
    changed = sorted(
        one for one in before.ids & after.ids if before.digests[one] != after.digests[one]
    )
    return [
        Finding(
            verb,
            check,
            "the runs that existed before",
            f"{len(ids):,} of {len(before):,} flow runs that the kit did not create {what}: "
            f"{', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''}",
        )
        for check, what, ids in (
            ("others-gone", "are gone", gone),
            ("others-changed", "were changed", changed),
        )
        if ids
    ]
