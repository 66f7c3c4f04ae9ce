"""Adding up what several runs of one command have done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..diff import Coverage, undecided_notes
from ..findings import Outcome
from ..report import Report, was_run
from .same_findings import merge_findings


def group_outcomes(reports: Iterable[Report]) -> Mapping[str, Sequence[Outcome]]:
    """The outcomes of reports by command, in the order in which the commands first come.

    Of a command that some of them ran, the others are left out.
    """
    groups: dict[str, list[Outcome]] = {}
    for report in reports:
        for outcome in report.outcomes:
            groups.setdefault(outcome.verb, []).append(outcome)
    return {verb: [*filter(was_run, group)] or group for verb, group in groups.items()}


def add_outcomes(outcomes: Sequence[Outcome]) -> Outcome:
    """What several runs of a command on the same kind of server did and found together.

    A sentence about what is as expected has to hold in all of them.
    """
    found = [("", finding) for outcome in outcomes for finding in outcome.findings]
    added = replace(
        _add_up(outcomes),
        findings=merge_findings(found),
        holds=[one for one in outcomes[0].holds if all(one in each.holds for each in outcomes)],
        notes=unique(note for outcome in outcomes for note in outcome.notes),
        cells=max(outcome.cells for outcome in outcomes),
    )
    if not added.coverage:
        return added
    undecided = Coverage.of(added.coverage).undecided()
    decided = {"cells decided": added.cells - len(undecided)}
    return replace(
        added,
        undecided=undecided,
        notes=[*added.notes, *undecided_notes(undecided)],
        counts={**added.counts, **decided},
    )


def join_servers(outcomes: Sequence[tuple[str, Outcome]]) -> Outcome:
    """What a command did and found on several servers, each with its name.

    Every server has cells of its own; the tables of coverage add up what was tried on all of them.
    """
    parts = [outcome for _, outcome in outcomes]
    return replace(
        _add_up(parts),
        findings=merge_findings(
            [(name, finding) for name, outcome in outcomes for finding in outcome.findings]
        ),
        holds=unique(sentence for outcome in parts for sentence in outcome.holds),
        notes=[f"{name}: {note}" for name, outcome in outcomes for note in outcome.notes],
        cells=sum(outcome.cells for outcome in parts),
        undecided=[f"{name}: {cell}" for name, outcome in outcomes for cell in outcome.undecided],
    )


def _add_up(outcomes: Sequence[Outcome]) -> Outcome:
    """The first outcome with the numbers of all."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
    coverage = Coverage.of(*(outcome.coverage for outcome in outcomes))
    seen = coverage.counts()
    return replace(
        outcomes[0],
        counts=dict(counts),
        tables=[*coverage.tables()] if seen else outcomes[0].tables,
        seconds=sum(outcome.seconds for outcome in outcomes),
        is_complete=all(outcome.is_complete for outcome in outcomes),
        coverage=seen,
    )


def unique(texts: Iterable[str]) -> list[str]:
    """Each text once, in the order in which they first come."""
    return list(dict.fromkeys(texts))
