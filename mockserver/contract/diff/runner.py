"""The command `diff`: does a server select and delete the same flow runs as a dialect of the mock?

Runs on flow runs that it creates and deletes again, or, reading only, on those that are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import tee
from pathlib import Path
from random import Random
from typing import Any

from ...prefect import FlowRun, NulHandling
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
from ..shards import WHOLE, Shard
from .coverage import DECIDABLE_CELLS
from .covering import plan_filters
from .delete_comparison import DeleteComparison, create_sentinels
from .filter_comparison import (
    MAX_DIFFERENCES,
    CountCallback,
    FilterComparison,
    FindingCallback,
    no_op,
)
from .selection import DELETE_CHECK, FILTER_CHECK, Selection
from .twin import Twin
from .vocabulary import Vocabulary, vocabulary_of

Json = Any
MAX_EXISTING_RUNS = 20_000
"""The most flow runs that are read for a comparison: each request lists 200 of them."""

ProgressCallback = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class DiffSettings:
    """How much to try, and on which flow runs.

    `existing`: on the flow runs that are there, reading only; else `runs` are created. `filters`
    bounds the filters that are tried. `delete`: also try bulk_delete, up to `deletes` times. Of all
    that, a `shard` asks its part. `only` is the id of a finding, None: any; what cannot show it is
    not asked.
    """

    existing: bool = False
    delete: bool = False
    filters: int = 650
    deletes: int = 150
    runs: int = 120
    seed: int = 0
    shard: Shard = WHOLE
    only: str | None = None

    @property
    def selection(self) -> Selection:
        """What is asked of all that."""
        return Selection.of(self.shard, self.only)


def diff(
    target: Target,
    identity: Identity,
    settings: DiffSettings,
    journals: Path,
    on_progress: ProgressCallback,
    on_finding: FindingCallback = no_op,
) -> Outcome:
    """Compare a server with the dialect that `identity` says it speaks.

    `journals` is the folder for the journal of what is created, which is deleted in every case.
    `on_finding` is called with each difference.
    Raises UsageError if the server must not be used so, and TargetError if it fails.
    """
    started, sent_before = time.monotonic(), target.sent
    instead = "Or compare on the flow runs that are there, which only reads: --existing."
    if settings.delete:
        require_permission(target, SideEffect.DELETES, "diff --delete", instead)
    elif not settings.existing:
        require_permission(target, SideEffect.CREATES, "diff", instead)
    parts = (
        [_diff_existing(target, identity, settings, on_progress, on_finding)]
        if settings.existing
        else list(_diff_created(target, identity, settings, journals, on_progress, on_finding))
    )
    return Outcome(
        "diff",
        findings=[finding for part in parts for finding in part.findings],
        holds=[sentence for part in parts for sentence in part.holds],
        notes=[note for part in parts for note in part.notes],
        counts={
            "requests": target.sent - sent_before,
            **{name: count for part in parts for name, count in part.counts.items()},
        },
        tables=[table for part in parts for table in part.tables],
        seconds=time.monotonic() - started,
        is_complete=settings.delete and all(part.is_complete for part in parts),
        cells=sum(part.cells for part in parts),
        undecided=[cell for part in parts for cell in part.undecided],
        coverage={name: seen for part in parts for name, seen in part.coverage.items()},
    )


def _diff_existing(
    target: Target,
    identity: Identity,
    settings: DiffSettings,
    on_progress: ProgressCallback,
    on_finding: FindingCallback,
) -> Outcome:
    """Compare filters on the flow runs that are there, which others may change meanwhile."""
    count = target.count("flow_runs")
    if count > MAX_EXISTING_RUNS:
        raise TargetError(
            f"{target.url} holds {count:,} flow runs; to compare on them, all would have to be "
            f"read, and at most {MAX_EXISTING_RUNS:,} are"
        )

    def read_twin() -> Twin:
        return _read_twin(target, identity)

    on_count = _count_callback(on_progress, "filters", settings.shard.portion(settings.filters))
    twin = read_twin()
    outcome = _compare_filters(
        FilterComparison(target, identity, {}, twin, read_twin, on_count, on_finding),
        plan_filters(vocabulary_of(twin.store), twin, settings.seed),
        vocabulary_of(twin.store),
        settings,
        "that were there",
    )
    # What these flow runs do not show, others may.
    return replace(outcome, notes=(*outcome.notes, _QUEUE_NOTE), is_complete=False)


# Prefect: schemas/responses.py, FlowRunResponse.model_validate shows the queue's own name.
_QUEUE_NOTE = (
    "work_queue_name.is_null_ was not compared: a server shows the name of a run's queue even if "
    "the column that the filter reads is null, so the server had to be asked which runs these are"
)


def _read_twin(target: Target, identity: Identity) -> Twin:
    """A twin of all flow runs and task runs on a server."""
    records = {
        "flow_runs": list(target.iter_records("/flow_runs/filter")),
        "task_runs": list(target.iter_records("/task_runs/filter")),
    }
    without_queue = {"flow_runs": {"work_queue_name": {"is_null_": True}}}
    ids = {run["id"] for run in target.iter_records("/flow_runs/filter", **without_queue)}
    for run in records["flow_runs"]:
        if run["id"] in ids:
            run["work_queue_name"] = None
    return Twin.from_records(records, identity.dialect)


def _diff_created(
    target: Target,
    identity: Identity,
    settings: DiffSettings,
    journals: Path,
    on_progress: ProgressCallback,
    on_finding: FindingCallback,
) -> Iterator[Outcome]:
    """Compare filters, and deletes if the settings say so, on flow runs created for that.

    Yields an outcome for each, and one about the flow runs that were there before.
    """
    initial_snapshot = take_snapshot(target)
    with CleanupJournal.create(target, journals) as journal:
        created_runs = CreatedRuns(target, journal, foreign=initial_snapshot.ids)
        # PostgreSQL stores no NUL (deviation nul-in-text).
        nul = identity.dialect.nul is not NulHandling.FAILS
        drafts = list(random_drafts(Random(settings.seed), settings.runs, nul=nul))  # noqa: S311
        created_ids = created_runs.create(
            drafts, _count_callback(on_progress, "flow runs created", settings.runs)
        )
        twin = Twin.from_records(created_runs.fetch_records(), identity.dialect)
        vocabulary = vocabulary_of(_runs_in_order(twin, created_ids))
        # Planning takes seconds, and the deletes are tried with the same filters.
        planned, for_deletes = tee(plan_filters(vocabulary, twin, settings.seed))
        if settings.selection.compares(FILTER_CHECK):
            filters_here = settings.shard.portion(settings.filters)
            on_count = _count_callback(on_progress, "filters", filters_here)
            scope = created_runs.scope
            comparison = FilterComparison(target, identity, scope, twin, None, on_count, on_finding)
            yield _compare_filters(comparison, planned, vocabulary, settings, "created for it")
        if settings.delete and settings.selection.compares(DELETE_CHECK):
            # Others can reach every server but our own, and create flow runs on it at any time.
            guarded = len(initial_snapshot) > 0 or target.ownership is not Ownership.OURS
            yield _compare_deletes(
                created_runs,
                journal,
                identity,
                guarded,
                for_deletes,
                settings,
                on_progress,
                on_finding,
            )
        created_runs.delete_all()
    findings = compare_snapshots(initial_snapshot, take_snapshot(target), "diff")
    unchanged = f"the {len(initial_snapshot):,} flow runs that were there before are unchanged"
    holds = [] if findings else [unchanged]
    notes = [f"the API cannot create {what}" for what in API_LIMITATIONS]
    yield Outcome("diff", findings, holds, notes)


def _runs_in_order(twin: Twin, ids: Sequence[str]) -> Iterator[FlowRun]:
    """The flow runs as they were created. Their ids, which the server chose, differ from run to
    run: in this order the same seed plans the same filters whatever they are.
    """
    for flow_run_id in ids:
        run = twin.store.get(flow_run_id)
        if run is not None:
            yield run


def _compare_filters(
    comparison: FilterComparison,
    planned: Iterable[Json],
    vocabulary: Vocabulary,
    settings: DiffSettings,
    which: str,
) -> Outcome:
    """Try filters; `which` says in the outcome on which flow runs."""
    findings = comparison.search(
        planned, vocabulary, settings.filters, settings.seed, settings.selection
    )
    run_count = len(comparison.twin.store)
    name = comparison.twin.dialect.name
    tried, coverage = comparison.tried, comparison.coverage
    agree = f"filters select the same as {name} does, of flow runs {which}"
    unshown = comparison.unshown() if settings.shard.is_whole else ()
    undecided = coverage.undecided()
    notes = (
        [f"deviations that these flow runs do not show: {', '.join(unshown)}"] if unshown else []
    )
    if comparison.unsettled:
        notes.append(
            f"{comparison.unsettled:,} filters were not decided: the server changed while it was "
            "asked, or did not repeat its answer"
        )
    if settings.shard.is_whole:
        notes += undecided_notes(undecided)
    notes += _stopped_note(findings, "filters")
    return Outcome(
        "diff",
        [*findings, *comparison.deviation_findings()],
        [agree],
        notes,
        {
            "filters": tried,
            "filters that agree": coverage.filter_count,
            "cells decided": len(DECIDABLE_CELLS) - len(undecided),
            "flow runs": run_count,
        },
        list(coverage.tables()),
        is_complete=len(findings) < MAX_DIFFERENCES and not comparison.unsettled,
        cells=len(DECIDABLE_CELLS),
        undecided=undecided,
        coverage=coverage.counts(),
    )


def undecided_notes(undecided: Sequence[str]) -> list[str]:
    """A note of the cells that were not decided, if there are any."""
    if not undecided:
        return []
    return [f"{len(undecided):,} cells not decided: {_abbreviate(undecided)}"]


def _stopped_note(findings: Sequence[Finding], what: str) -> list[str]:
    """A note if the search has stopped before the end."""
    if len(findings) < MAX_DIFFERENCES:
        return []
    return [f"not all {what} were tried: the search stops at {MAX_DIFFERENCES} differences"]


def _abbreviate(words: Sequence[str], most: int = 5) -> str:
    more = f"; {len(words) - most:,} more" if len(words) > most else ""
    return "; ".join(words[:most]) + more


def _compare_deletes(
    created_runs: CreatedRuns,
    journal: CleanupJournal,
    identity: Identity,
    guarded: bool,
    filters: Iterable[Json],
    settings: DiffSettings,
    on_progress: ProgressCallback,
    on_finding: FindingCallback,
) -> Outcome:
    """Try deletes. If filters are restricted (`guarded`), sentinels show that it works."""
    on_count = _count_callback(on_progress, "deletes", settings.shard.portion(settings.deletes))
    sentinels = CreatedRuns(created_runs.target, journal)
    if guarded:
        create_sentinels(sentinels)
    comparison = DeleteComparison(created_runs, identity, guarded, on_count, on_finding)
    findings = comparison.search(filters, settings.deletes, settings.seed, settings.selection)
    stopped = _stopped_note(findings, "deletes")
    holds = [f"deletes remove and leave the same flow runs as {identity.dialect.name} does"]
    lost = _lost_runs(sentinels)
    if lost:
        findings.append(
            Finding(
                "diff",
                "sentinels",
                "POST /flow_runs/bulk_delete",
                f"flow runs that no filter named are gone: {', '.join(lost)}",
                party=Party.SERVER,
            )
        )
    elif sentinels.ids:
        holds.append(f"{len(sentinels.ids)} sentinels, which no filter named, are still there")
    notes = (
        [f"{comparison.skipped:,} deletes were not sent: other flow runs might have matched"]
        if comparison.skipped
        else []
    )
    counts = {"deletes": comparison.sent, "deleted": comparison.deleted}
    return Outcome("diff", findings, holds, [*notes, *stopped], counts, is_complete=not stopped)


def _lost_runs(created_runs: CreatedRuns) -> list[str]:
    """The ids of created runs that the server does not list any more."""
    listed = {run["id"] for run in created_runs.fetch_records()["flow_runs"]}
    return [run_id for run_id in created_runs.ids if run_id not in listed]


def _count_callback(on_progress: ProgressCallback, what: str, total: int) -> CountCallback:
    return lambda done: on_progress(what, done, total)
