"""Every flow run of a server, before and after: what was there must be there, unchanged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..findings import Finding
from .target import Target

# Computed from the clock at the time of asking; everything else of a run is kept.
_CLOCK_DEPENDENT_FIELDS = frozenset({"estimated_run_time", "estimated_start_time_delta"})


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """The flow runs of a server: id -> a digest of all that the server says of it."""

    digests: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the runs."""
        return frozenset(self.digests)


def take_snapshot(target: Target) -> RunSnapshot:
    """Ask for all of them, 200 at a time. Raises TargetError."""
    return RunSnapshot(
        {run["id"]: _digest(run) for run in target.iter_records("/flow_runs/filter")}
    )


def without_clock_fields(run: Mapping[str, Any]) -> dict[str, Any]:
    """What a server says of a run, but for what the clock changes."""
    return {key: value for key, value in run.items() if key not in _CLOCK_DEPENDENT_FIELDS}


def _digest(run: Mapping[str, Any]) -> str:
    text = json.dumps(without_clock_fields(run), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def compare_snapshots(before: RunSnapshot, after: RunSnapshot, verb: str) -> list[Finding]:
    """What became of the runs that were there before: a finding if any is gone or another one."""
    gone = sorted(before.ids - after.ids)
    changed = sorted(
        one for one in before.ids & after.ids if before.digests[one] != after.digests[one]
    )
    return [
        Finding(
            verb,
            check,
            "the runs that were there before",
            f"{len(ids):,} of {len(before):,} flow runs that the kit did not create {what}: "
            f"{', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''}",
        )
        for check, what, ids in (
            ("others-gone", "are gone", gone),
            ("others-changed", "were changed", changed),
        )
        if ids
    ]
