"""What a user should know of seeds that were loaded: what was accepted although it may surprise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..store import RunLogs
from .loaded_seeds import Seeds


def load_notes(
    seeds: Seeds,
    unknown_fields: Mapping[str, int],
    orphaned_subflows: int,
    ending_before_start: int,
) -> Iterator[str]:
    """The notes on seeds, as sentences.

    `unknown_fields` says how often fields came that no table lists.
    """
    if unknown_fields:
        named = ", ".join(
            f"{key} ({count:,} times)" for key, count in sorted(unknown_fields.items())
        )
        yield f"fields that Prefect 3.8 does not have were kept without a check: {named}"
    if orphaned_subflows:
        yield (
            f"{orphaned_subflows:,} subflows refer to a task run that is not in the seeds: "
            "no parent_flow_run_id filter finds them; add the answer of POST /task_runs/filter"
        )
    if ending_before_start:
        yield f"{ending_before_start:,} flow runs end before they start; kept as they are"
    dropped = RunLogs(seeds.logs.values()).dropped if seeds.logs else 0
    if dropped:
        yield f"{dropped:,} logs are more than a server keeps here: the oldest are dropped"
