"""The reports of several servers, of other releases or databases, as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..findings import Outcome, Table
from ..report import VERDICT_LABELS, Report, RunInfo, advise
from ..server import Ownership
from .outcomes import join_servers, unique
from .shards import common_remarks, group_shards, merge_shards

Named = tuple[str, Report]
_VERB = "servers"


def merge_reports(reports: Sequence[Report]) -> Report:
    """One report of all: of shards that of the whole run, and of several servers a table of them.

    `reports` are at least one. A shard that is missing makes it fail.
    """
    merged = [merge_shards(group) for group in group_shards(reports)]
    if len(merged) == 1:
        return merged[0]
    named = [*zip(_names([report.run for report in merged]), merged, strict=True)]
    by_verb: dict[str, list[tuple[str, Outcome]]] = {}
    for name, report in named:
        for outcome in report.outcomes:
            again = report.run.again(outcome.verb)
            by_verb.setdefault(outcome.verb, []).append((name, _with_commands(outcome, again)))
    outcomes = [_servers_outcome(named), *map(join_servers, by_verb.values())]
    return Report(_joined_run([report.run for report in merged]), outcomes, common_remarks(merged))


def _names(runs: Sequence[RunInfo]) -> list[str]:
    """A name for each server: its release and database, and more where that is not enough."""
    names = [f"{run.server} on {run.database}" if run.database else run.server for run in runs]
    for more in ("url", "command", "seed", "started"):
        seen = Counter(names)
        names = [
            f"{name}, {more} {getattr(run, more)}" if seen[name] > 1 else name
            for name, run in zip(names, runs, strict=True)
        ]
    return names


def _with_commands(outcome: Outcome, again: str) -> Outcome:
    """The outcome with the command of each failing finding that shows it on its own server."""
    findings = [
        replace(one, curl=advise(one, again).reproduce) if one.fails else one
        for one in outcome.findings
    ]
    return replace(outcome, findings=findings)


def _joined_run(runs: Sequence[RunInfo]) -> RunInfo:
    """The facts that all runs share, and the others side by side."""

    def joined(name: str) -> str:
        return "; ".join(unique(str(getattr(run, name)) for run in runs))

    ownerships, seeds = {run.ownership for run in runs}, {run.seed for run in runs}
    return RunInfo(
        f"{len(runs)} servers",
        joined("server"),
        joined("dialect"),
        ownerships.pop() if len(ownerships) == 1 else Ownership.SHARED,
        min(run.started for run in runs),
        max(run.seconds for run in runs),
        seeds.pop() if len(seeds) == 1 else None,
        command=joined("command"),
        mockserver=joined("mockserver"),
    )


def _servers_outcome(named: Sequence[Named]) -> Outcome:
    """A table with a row for each server."""
    columns = ("server", "result", *VERDICT_LABELS.values(), "cells open", "requests", "seconds")
    table = Table("Each server", columns, [_row(name, report) for name, report in named])
    return Outcome(_VERB, counts={"servers": len(named)}, tables=[table])


def _row(name: str, report: Report) -> Sequence[str]:
    verdicts = Counter(finding.verdict for finding in report.findings)
    undecided = sum(len(outcome.undecided) for outcome in report.outcomes)
    requests = sum(outcome.counts.get("requests", 0) for outcome in report.outcomes)
    return (
        name,
        "does not hold" if report.fails else "holds",
        *(f"{verdicts[verdict]:,}" for verdict in VERDICT_LABELS),
        f"{undecided:,}",
        f"{requests:,}",
        f"{report.run.seconds:.1f}",
    )
