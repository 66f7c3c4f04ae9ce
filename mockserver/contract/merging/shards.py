"""The reports of the shards of one run, as the report of the whole run."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from ..findings import Finding, Outcome, Table
from ..report import SHARD_MISSING, Remark, RemarkKind, Report, RunInfo
from ..shards import WHOLE
from .outcomes import add_outcomes, group_outcomes

_VERB = "shards"


def group_shards(reports: Sequence[Report]) -> Sequence[Sequence[Report]]:
    """The reports by the run that they are shards of: the same command, server, seed and budget."""
    groups: dict[Hashable, list[Report]] = {}
    for report in reports:
        groups.setdefault(_run_key(report.run), []).append(report)
    return [*groups.values()]


def _run_key(run: RunInfo) -> Hashable:
    # A server that was started has another port in each run.
    url = "" if run.spawn else run.url
    budget = tuple(sorted(run.budget.items()))
    return (
        *(run.command, run.flags, url, run.server, run.release, run.database, run.dialect),
        *(run.seed, budget, run.shard.total),
    )


def merge_shards(reports: Sequence[Report]) -> Report:
    """The report of a whole run from those of its shards; a shard without a report is a finding.

    Of two reports of one shard, which was then run again, the later counts.
    """
    by_number: dict[int, Report] = {}
    for report in sorted(reports, key=lambda one: one.run.started):
        by_number[report.run.shard.number] = report
    shards = [by_number[number] for number in sorted(by_number)]
    outcomes = [add_outcomes(group) for group in group_outcomes(shards).values()]
    repeated = len(reports) - len(shards)
    run = replace(
        shards[0].run,
        started=min(one.run.started for one in shards),
        seconds=max(one.run.seconds for one in shards),
        shard=WHOLE,
    )
    return Report(run, [*_shards_outcome(shards, repeated), *outcomes], common_remarks(shards))


def _shards_outcome(shards: Sequence[Report], repeated: int) -> Iterator[Outcome]:
    """What there is to say about the shards themselves; nothing of a run that had none."""
    total = shards[0].run.shard.total
    notes = [f"{repeated} reports of a shard that was run again were left out"] if repeated else []
    if total == 1 and not notes:
        return
    missing = [*_missing(shards, total)]
    table = Table("Each shard", ("shard", "result", "requests", "seconds"), [*map(_row, shards)])
    counts = {"shards": len(shards)}
    yield Outcome(_VERB, missing, [], notes, counts, [table], is_complete=not missing)


def _missing(shards: Sequence[Report], total: int) -> Iterator[Finding]:
    there = {report.run.shard.number for report in shards}
    run = shards[0].run
    for number in sorted({*range(1, total + 1)} - there):
        yield Finding(
            _VERB,
            SHARD_MISSING,
            f"shard {number} of {total}",
            f"shard {number} of {total} is missing: there is no report of what it asked",
            curl=f"{run.command_line(run.command)} --shard {number}/{total}",
        )


def _row(report: Report) -> Sequence[str]:
    requests = sum(outcome.counts.get("requests", 0) for outcome in report.outcomes)
    result = "does not hold" if report.fails else "holds"
    return (str(report.run.shard), result, f"{requests:,}", f"{report.run.seconds:.1f}")


def common_remarks(reports: Sequence[Report]) -> list[Remark]:
    """The remarks that hold for all reports: that one has not seen something tells nothing."""
    return [
        remark
        for remark in dict.fromkeys(remark for report in reports for remark in report.remarks)
        if remark.kind is RemarkKind.ENDING or all(remark in one.remarks for one in reports)
    ]
