"""What a run of the kit comes to: its facts, its outcomes, and the sentence that sums them up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..findings import Finding, Outcome, Table, Verdict
from ..server import Ownership
from .sanitizing import sanitize, sanitize_uncut_line

VERDICT_LABELS = {Verdict.NEW: "new", Verdict.GONE: "known, but gone", Verdict.KNOWN: "known"}
"""Verdicts as a page says them, the worst first."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The facts: which server, as what, whose, when, for how long, from which seed.

    `server` is what it says it is, such as `Prefect 3.8.8`; `dialect` is what it was held against.
    """

    url: str
    server: str
    dialect: str
    ownership: Ownership
    started: datetime
    seconds: float = 0.0
    seed: int | None = None

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """Name and value of each, for people."""
        seed = [] if self.seed is None else [("seed", str(self.seed))]
        return [
            ("server", self.url),
            ("says it is", self.server),
            ("held against", self.dialect),
            ("taken as", self.ownership.value),
            ("started", self.started.isoformat(timespec="seconds")),
            ("took", f"{self.seconds:.1f} s"),
            *seed,
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its outcomes. Whoever holds one holds texts without control characters and secrets;
    the syntax of where they are shown is still to be escaped.
    """

    run: RunInfo
    outcomes: Sequence[Outcome]

    @property
    def findings(self) -> Sequence[Finding]:
        """Those of all verbs, the worst first."""
        every = [finding for outcome in self.outcomes for finding in outcome.findings]
        return [
            finding for verdict in VERDICT_LABELS for finding in every if finding.verdict is verdict
        ]

    @property
    def fails(self) -> bool:
        """Whether anything but what is known was found."""
        return any(outcome.fails for outcome in self.outcomes)

    @property
    def headline(self) -> str:
        """What it comes to, in a sentence without a full stop."""
        counted = [
            (verdict, sum(finding.verdict is verdict for finding in self.findings))
            for verdict in VERDICT_LABELS
        ]
        counts_text = ", ".join(
            f"{count} {VERDICT_LABELS[verdict]}" for verdict, count in counted if count
        )
        holds = "The contract does not hold" if self.fails else "The contract holds"
        return f"{holds}: {counts_text or 'nothing differs'}"


def build_report(
    run: RunInfo, outcomes: Sequence[Outcome], secrets: Collection[str] = ()
) -> Report:
    """A report whose texts are fit to be shown, and hold none of the secrets."""

    def one(text: str) -> str:
        return sanitize_uncut_line(sanitize(text, secrets))

    def finding(found: Finding) -> Finding:
        return replace(
            found,
            check=one(found.check),
            subject=one(found.subject),
            sentence=one(found.sentence),
            evidence=sanitize(found.evidence, secrets),
            curl=sanitize_uncut_line(found.curl, secrets),
        )

    def table(shown: Table) -> Table:
        rows = [[one(cell) for cell in row] for row in shown.rows]
        return Table(
            one(shown.title), [one(name) for name in shown.columns], rows, shown.reports_only
        )

    def outcome(told: Outcome) -> Outcome:
        return replace(
            told,
            findings=[finding(found) for found in told.findings],
            holds=[one(text) for text in told.holds],
            notes=[one(text) for text in told.notes],
            counts={one(name): count for name, count in told.counts.items()},
            tables=[table(shown) for shown in told.tables],
        )

    safe = replace(run, url=one(run.url), server=one(run.server), dialect=one(run.dialect))
    return Report(safe, [outcome(told) for told in outcomes])


def group_by_verdict(findings: Sequence[Finding]) -> Sequence[tuple[Verdict, Sequence[Finding]]]:
    """Findings by their verdict, the worst first; verdicts without one are left out."""
    grouped = (
        (verdict, [one for one in findings if one.verdict is verdict]) for verdict in VERDICT_LABELS
    )
    return [(verdict, group) for verdict, group in grouped if group]


def finding_title(finding: Finding) -> str:
    """What a finding is called: its check, or the known deviation it is."""
    return finding.deviation or finding.check
