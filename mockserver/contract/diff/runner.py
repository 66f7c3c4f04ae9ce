"""The verb `diff`: does a server mean by filters and deletes what our dialect means?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from ...prefect import NulHandling
from ..findings import Finding, Outcome, Party
from ..server import (
    API_LIMITATIONS,
    CleanupJournal,
    CreatedRuns,
    Identity,
    Ownership,
    SideEffect,
    Target,
    TargetError,
    compare_snapshots,
    random_drafts,
    require_permission,
    take_snapshot,
)
from .delete_comparison import DeleteComparison, create_sentinels
from .filter_comparison import CountCallback, FilterComparison
from .twin import Twin
from .vocabulary import vocabulary_of

MAX_EXISTING_RUNS = 20_000
"""Flow runs of a server that are read to be compared: they are asked for 200 at a time."""

ProgressCallback = Callable[[str, int, int], None]
"""Progress: what is being done, how much of it is done, of how much."""


@dataclass(frozen=True, slots=True)
class DiffSettings:
    """What is tried. `existing`: on the flow runs that are there; nothing is created.

    `delete`: also traces of bulk_delete, until `deletes` were sent.
    """

    existing: bool = False
    delete: bool = False
    filters: int = 3000
    deletes: int = 300
    runs: int = 150
    seed: int = 0


def diff(
    target: Target,
    identity: Identity,
    settings: DiffSettings,
    journals: Path,
    on_progress: ProgressCallback,
) -> Outcome:
    """Hold a server against its dialect. Raises UsageError, where it may not, and TargetError."""
    started = time.monotonic()
    instead = "--existing compares on the flow runs that are there, and only reads."
    if settings.delete:
        require_permission(target, SideEffect.DELETES, "diff --delete", instead)
    elif not settings.existing:
        require_permission(target, SideEffect.CREATES, "diff", instead)
    parts = (
        [_diff_existing(target, identity, settings, on_progress)]
        if settings.existing
        else list(_diff_created(target, identity, settings, journals, on_progress))
    )
    return Outcome(
        "diff",
        findings=[finding for part in parts for finding in part.findings],
        holds=[sentence for part in parts for sentence in part.holds],
        notes=[note for part in parts for note in part.notes],
        counts={name: count for part in parts for name, count in part.counts.items()},
        tables=[table for part in parts for table in part.tables],
        seconds=time.monotonic() - started,
    )


def _diff_existing(
    target: Target, identity: Identity, settings: DiffSettings, on_progress: ProgressCallback
) -> Outcome:
    """Filters on what is there, which initial_snapshot may be changing."""
    count = target.request_json("POST", "/flow_runs/count", {})
    if count > MAX_EXISTING_RUNS:
        raise TargetError(
            f"{target.url} holds {count:,} flow runs, and to compare on them all are read; "
            f"that is done up to {MAX_EXISTING_RUNS:,}"
        )

    def read_twin() -> Twin:
        records = {
            "flow_runs": list(target.iter_records("/flow_runs/filter")),
            "task_runs": list(target.iter_records("/task_runs/filter")),
        }
        nameless = {"flow_runs": {"work_queue_name": {"is_null_": True}}}
        unnamed = {run["id"] for run in target.iter_records("/flow_runs/filter", **nameless)}
        for run in records["flow_runs"]:
            if run["id"] in unnamed:
                run["work_queue_name"] = None
        return Twin.from_records(records, identity.dialect)

    on_count = _count_callback(on_progress, "filters", settings.filters)
    outcome = _compare_filters(
        FilterComparison(target, {}, read_twin(), read_twin, on_count), settings, "that were there"
    )
    note = (
        "a server tells the name of a run's queue where the column that work_queue_name filters "
        "by is null; which those are was asked of the server, so is_null_ of it is not compared"
    )
    return replace(outcome, notes=(*outcome.notes, note))


def _diff_created(
    target: Target,
    identity: Identity,
    settings: DiffSettings,
    journals: Path,
    on_progress: ProgressCallback,
) -> Iterator[Outcome]:
    """Filters, and deletes if they are wanted, on flow runs made for it and taken away again."""
    initial_snapshot = take_snapshot(target)
    with CleanupJournal.create(target, journals) as journal:
        created_runs = CreatedRuns(target, journal)
        nul = identity.dialect.nul is not NulHandling.FAILS
        drafts = list(random_drafts(Random(settings.seed), settings.runs, nul=nul))  # noqa: S311
        created_runs.create(drafts, _count_callback(on_progress, "flow runs made", settings.runs))
        twin = Twin.from_records(created_runs.fetch_records(), identity.dialect)
        on_count = _count_callback(on_progress, "filters", settings.filters)
        comparison = FilterComparison(target, created_runs.scope, twin, None, on_count)
        yield _compare_filters(comparison, settings, "made for it")
        created_runs.delete_all()
        if settings.delete:
            # Where initial_snapshot can reach the server, they can put flow runs on it at any time.
            guarded = len(initial_snapshot) > 0 or target.ownership is not Ownership.OURS
            yield _compare_deletes(created_runs, journal, identity, guarded, settings, on_progress)
    findings = compare_snapshots(initial_snapshot, take_snapshot(target), "diff")
    holds = (
        []
        if findings
        else [f"the {len(initial_snapshot):,} flow runs that were there are as they were"]
    )
    notes = [f"the API cannot make {what}" for what in API_LIMITATIONS]
    yield Outcome("diff", findings, holds, notes)


def _compare_filters(comparison: FilterComparison, settings: DiffSettings, which: str) -> Outcome:
    """Filters tried, and what came of it."""
    vocabulary = vocabulary_of(comparison.twin.store)
    findings = comparison.search(vocabulary, settings.filters, settings.seed)
    held = len(comparison.twin.store)
    name = comparison.twin.dialect.name
    tried, coverage = comparison.tried, comparison.coverage
    agree = f"{coverage.filter_count:,} filters select of {held:,} flow runs {which} what {name} selects"
    unshown = comparison.unshown()
    untried = coverage.untried()
    notes = [f"not shown by these flow runs: {', '.join(unshown)}"] if unshown else []
    if untried:
        notes.append(f"{len(untried):,} cells of the meaning not tried: {_abbreviate(untried)}")
    return Outcome(
        "diff",
        [*findings, *comparison.deviation_findings()],
        [agree],
        notes,
        {"filters": tried, "flow runs": held},
        list(coverage.tables()),
    )


def _abbreviate(words: Sequence[str], most: int = 5) -> str:
    more = f"; {len(words) - most:,} more" if len(words) > most else ""
    return "; ".join(words[:most]) + more


def _compare_deletes(
    created_runs: CreatedRuns,
    journal: CleanupJournal,
    identity: Identity,
    guarded: bool,
    settings: DiffSettings,
    on_progress: ProgressCallback,
) -> Outcome:
    """Deletes tried, and what came of it."""
    on_count = _count_callback(on_progress, "deletes", settings.deletes)
    sentinels = CreatedRuns(created_runs.target, journal)
    if guarded:
        create_sentinels(sentinels)
    comparison = DeleteComparison(created_runs, identity.dialect, guarded, on_count)
    findings = comparison.search(settings.deletes, settings.seed)
    holds = [
        f"{comparison.sent:,} deletes took {comparison.deleted:,} flow runs, "
        f"as {identity.dialect.name} would, and left the same"
    ]
    left = {run["id"] for run in sentinels.fetch_records()["flow_runs"]}
    lost = [one for one in sentinels.ids if one not in left]
    if lost:
        findings.append(
            Finding(
                "diff",
                "sentinels",
                "POST /flow_runs/bulk_delete",
                f"flow runs that no request named are gone: {', '.join(lost)}",
                party=Party.SERVER,
            )
        )
    elif sentinels.ids:
        holds.append(f"{len(sentinels.ids)} sentinels, which no request named, are there")
    notes = (
        [f"{comparison.skipped:,} deletes were not sent: other flow runs might have matched"]
        if comparison.skipped
        else []
    )
    return Outcome("diff", findings, holds, notes, {"deletes": comparison.sent})


def _count_callback(on_progress: ProgressCallback, what: str, total: int) -> CountCallback:
    return lambda done: on_progress(what, done, total)
