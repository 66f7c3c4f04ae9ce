"""Telling which findings of several runs are the same one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from ..findings import Finding, Verdict, is_covered
from ..report import VERDICT_LABELS

_WORST_FIRST = tuple(VERDICT_LABELS)
Named = tuple[str, Finding]
"""A finding, and the server that it was made on; "" where there is only one."""


def merge_findings(found: Sequence[Named]) -> list[Finding]:
    """Each finding once, in its worst form, as often seen as all of it together.

    Its sentence begins with the servers that have it.
    """
    covering = _covering_ids({finding.id for _, finding in found})
    groups: dict[Hashable, list[Named]] = {}
    for name, finding in found:
        groups.setdefault(_fact(finding, covering), []).append((name, finding))
    return [*map(_merge, groups.values())]


def _merge(group: Sequence[Named]) -> Finding:
    # The shortest id is that of the difference which covers the others.
    worst = min(
        (finding for _, finding in group),
        key=lambda one: (_WORST_FIRST.index(one.verdict), len(one.id)),
    )
    names = ", ".join(dict.fromkeys(name for name, _ in group if name))
    return replace(
        worst,
        times=sum(finding.times for _, finding in group),
        sentence=f"{names}: {worst.sentence}" if names else worst.sentence,
    )


def _fact(finding: Finding, covering: Mapping[str, str]) -> Hashable:
    """What a finding is about, as `Report.findings` has it."""
    if finding.id:
        return covering[finding.id]
    if finding.verdict is Verdict.KNOWN:
        return finding.verdict, finding.deviation
    return finding.check, finding.subject, finding.sentence


def _covering_ids(ids: set[str]) -> Mapping[str, str]:
    """For each id the one of the same difference with the fewest keys."""
    shortest_first = sorted(ids, key=lambda one: (len(one), one))
    return {
        found: next(other for other in shortest_first if is_covered(found, other))
        for found in shortest_first
    }
