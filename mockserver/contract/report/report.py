"""The report of a run: its facts, its outcomes, and the sentence that sums them up."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ... import __version__
from ..findings import Finding, Outcome, Table, Verdict
from ..server import Ownership
from ..shards import WHOLE, Shard
from .advice import UNFINISHED, Advice, advise
from .sanitizing import sanitize, sanitize_uncut_line

VERDICT_LABELS = {
    Verdict.NEW: "new",
    Verdict.GONE: "fixed upstream",
    Verdict.ACCEPTED: "accepted",
    Verdict.KNOWN: "known",
}
"""Verdicts in words, the worst first."""


DEFAULT_SEED = 1
"""The value of --seed where it is not given."""
_API_URL, _SERVER_URL = '"$PREFECT_API_URL"', '"${PREFECT_API_URL%/api}"'


class RemarkKind(StrEnum):
    """What there is to say about an entry in the list of accepted findings."""

    UNSEEN = "unseen"  # what it accepts was looked for, and not found
    ENDING = "ending"  # it expires soon
    UNCHECKED = "unchecked"  # that it was not seen proves nothing, such as on another database


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell about an entry, the one with this id, in the list of accepted findings.

    `path` and `line` are its place. No remark makes a run fail.
    """

    kind: RemarkKind
    id: str
    sentence: str
    path: str
    line: int

    @property
    def is_warning(self) -> bool:
        """Whether the entry should be changed."""
        return self.kind is not RemarkKind.UNCHECKED

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The facts of a run.

    `server` is what the server says it is, such as `Prefect 3.8.8`; `dialect` is what it was
    compared with. `seconds` is the duration. `seed` is None if nothing was random. `release` and
    `database` are the server's, such as `3.8.8` and `sqlite`; "" if that is not known. `spawn` is
    the value of --spawn, "" for a server at a URL, and `flags` are the flags of the command line
    that decide with it what is tested. `command` is the one that was run, such as
    `verify`, `shard` the part of it, and `budget` how much of what was to be tried, such as
    `filters`. `mockserver` is the version of this program.
    """

    url: str
    server: str
    dialect: str
    ownership: Ownership
    started: datetime
    seconds: float = 0.0
    seed: int | None = None
    release: str = ""
    database: str = ""
    spawn: str = ""
    flags: str = ""
    command: str = "verify"
    shard: Shard = WHOLE
    budget: Mapping[str, int] = field(default_factory=dict)
    mockserver: str = __version__

    def again(self, verb: str) -> str:
        """The command that asks the same server again what a command has asked it; "" where the
        request of a finding is enough: on a server that is still there, as are its flow runs.
        """
        # diff compares flow runs that it creates, and are gone afterwards.
        is_gone = verb == "diff" and self.ownership is Ownership.DISPOSABLE
        return self.command_line("verify") if self.spawn or is_gone else ""

    def command_line(self, command: str) -> str:
        """A command of the kit on the same server, with the same seed."""
        server = f"--spawn {shlex.quote(self.spawn)}" if self.spawn else shlex.quote(self.url)
        seed = f"--seed {self.seed}" if self.seed not in (None, DEFAULT_SEED) else ""
        return " ".join(filter(None, ("mockserver", command, server, self.flags, seed)))

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """Name and value of each fact, for people."""
        seed = [] if self.seed is None else [("seed", str(self.seed))]
        started_by = f"mockserver --spawn {self.spawn}, and is gone now" if self.spawn else ""
        return [
            ("server", self.url),
            *([("started by", started_by)] if started_by else []),
            ("version", self.server),
            *([("database", self.database)] if self.database else []),
            ("compared with", self.dialect),
            ("data is", self.ownership.value),
            ("started", self.started.isoformat(timespec="seconds")),
            ("took", f"{self.seconds:.1f} s"),
            ("mockserver", self.mockserver),
            *seed,
            *([] if self.shard.is_whole else [("shard", str(self.shard))]),
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """A run and its outcomes. Made by `build_report`, so its texts hold no control characters and
    no secrets; renderers still escape the syntax of their form. `remarks` are about the list of
    accepted findings, if there is one.
    """

    run: RunInfo
    outcomes: Sequence[Outcome]
    remarks: Sequence[Remark] = ()

    @property
    def findings(self) -> Sequence[Finding]:
        """The findings of all commands, each once however many saw it, the worst first."""
        found = [finding for outcome in self.outcomes for finding in outcome.findings]
        by_fact = {
            _fact(finding, index): finding for index, finding in reversed([*enumerate(found)])
        }
        findings = list(reversed(by_fact.values()))
        return [finding for _, group in group_by_verdict(findings) for finding in group]

    @property
    def fails(self) -> bool:
        """Whether any finding fails."""
        return any(outcome.fails for outcome in self.outcomes)

    @property
    def advice(self) -> Sequence[tuple[Finding, Advice]]:
        """Each failing finding, with what it means and what to do about it."""
        return [
            (finding, advise(finding, self.run.again(finding.verb)))
            for finding in self.findings
            if finding.fails
        ]

    @property
    def spent(self) -> str:
        """What the run has cost and decided, in all and by the second."""
        totals = Counter[str]()
        for outcome in self.outcomes:
            totals.update({name: outcome.counts.get(name, 0) for name in _BOUGHT})
        counts = [f"{totals[name]:,} {name}" for name in _BOUGHT if totals[name]]
        each = _rates(totals, self.run.seconds)
        told = [*counts, f"{self.run.seconds:.1f} s"]
        return ", ".join(told) + (f" ({each})" if each else "")

    @property
    def headline(self) -> str:
        """The result in a sentence without a full stop."""
        labels = Counter(map(finding_label, self.findings))  # in their order: the worst first
        counts = ", ".join(f"{count} {label}" for label, count in labels.items())
        found = f"{counts or 'no differences'}{self._unseen_text}"
        return f"{self._verdict_text}{self._undecided_text}: {found}"

    @property
    def _verdict_text(self) -> str:
        failing = [finding for finding in self.findings if finding.fails]
        if self.outcomes and not any(map(was_run, self.outcomes)):
            return "Nothing was tested"
        if not failing:
            return "The contract holds"
        if all(finding.check in UNFINISHED for finding in failing):
            return "It is not known whether the contract holds"
        return "The contract does not hold"

    @property
    def _undecided_text(self) -> str:
        undecided = sum(len(outcome.undecided) for outcome in self.outcomes)
        cells = sum(outcome.cells for outcome in self.outcomes)
        return f", {undecided:,} of {cells:,} cells not decided" if undecided else ""

    @property
    def _unseen_text(self) -> str:
        unseen = sum(remark.kind is RemarkKind.UNSEEN for remark in self.remarks)
        if not unseen:
            return ""
        return f"; {unseen} accepted finding{' was' if unseen == 1 else 's were'} not seen"


def build_report(
    run: RunInfo, outcomes: Sequence[Outcome], secrets: Collection[str] = ()
) -> Report:
    """Make a report of sanitized texts, in which the secrets are replaced.

    `secrets` are sorted by length, as `secrets_in_headers` returns them.
    """
    sanitizer = _Sanitizer(secrets, run.url if run.ownership is Ownership.OURS else "")
    return Report(sanitizer.run_info(run), [sanitizer.outcome(outcome) for outcome in outcomes])


@dataclass(frozen=True, slots=True)
class _Sanitizer:
    """Copies values with each of their texts sanitized.

    `gone` is the URL of a server that was started for the run, "" if there is none: commands then
    name a variable in its place.
    """

    secrets: Collection[str]
    gone: str = ""

    def command(self, command: str) -> str:
        # Not cut: half of a command does something else.
        line = sanitize_uncut_line(command, self.secrets)
        for url, variable in ((self.gone, _API_URL), (self.gone.removesuffix("/api"), _SERVER_URL)):
            if url:
                # Within single quotes a shell reads no variable.
                line = line.replace(f"'{url}", f"{variable}'").replace(url, variable)
        return line

    def line(self, text: str) -> str:
        # `sanitize` cuts, and may leave several lines.
        return sanitize_uncut_line(sanitize(text, self.secrets))

    def lines(self, texts: Iterable[str]) -> list[str]:
        return [self.line(text) for text in texts]

    def run_info(self, run: RunInfo) -> RunInfo:
        return replace(
            run,
            url=self.line(run.url),
            server=self.line(run.server),
            dialect=self.line(run.dialect),
            release=self.line(run.release),
            spawn=self.line(run.spawn),
            database=self.line(run.database),
            flags=sanitize_uncut_line(run.flags, self.secrets),
            command=self.line(run.command),
            mockserver=self.line(run.mockserver),
        )

    def finding(self, finding: Finding) -> Finding:
        return replace(
            finding,
            check=self.line(finding.check),
            subject=self.line(finding.subject),
            sentence=self.line(finding.sentence),
            evidence=sanitize(finding.evidence, self.secrets),
            curl=self.command(finding.curl),
            # One space between words: an id is compared after it was copied by hand.
            id=" ".join(self.line(finding.id).split()),
        )

    def table(self, table: Table) -> Table:
        return replace(
            table,
            title=self.line(table.title),
            columns=self.lines(table.columns),
            rows=[self.lines(row) for row in table.rows],
        )

    def outcome(self, outcome: Outcome) -> Outcome:
        return replace(
            outcome,
            findings=[self.finding(finding) for finding in outcome.findings],
            holds=self.lines(outcome.holds),
            notes=self.lines(outcome.notes),
            counts={self.line(name): count for name, count in outcome.counts.items()},
            tables=[self.table(table) for table in outcome.tables],
            undecided=self.lines(outcome.undecided),
        )


def _fact(finding: Finding, index: int) -> object:
    """What a finding is about: findings of several commands may be about the same."""
    if finding.id:
        return finding.id
    known = finding.deviation if finding.verdict is Verdict.KNOWN else None
    return known or index


def was_run(outcome: Outcome) -> bool:
    """Whether anything was checked."""
    return bool(outcome.findings or outcome.holds or outcome.counts)


def group_by_verdict(findings: Sequence[Finding]) -> Sequence[tuple[Verdict, Sequence[Finding]]]:
    """Group findings by verdict, the worst first; verdicts without findings are left out."""
    groups = (
        (verdict, [finding for finding in findings if finding.verdict is verdict])
        for verdict in VERDICT_LABELS
    )
    return [(verdict, group) for verdict, group in groups if group]


def finding_label(finding: Finding) -> str:
    """The verdict on a finding in words; of one that tells of what was not tested, just that."""
    return "not tested" if finding.check in UNFINISHED else VERDICT_LABELS[finding.verdict]


def finding_title(finding: Finding) -> str:
    """The id of the deviation that a finding is about, or of the check that found it."""
    return finding.deviation or finding.check


def times_text(finding: Finding) -> str:
    """How often a finding was seen, such as " (12 times)"; empty for once."""
    return f" ({finding.times:,} times)" if finding.times > 1 else ""


def counts_text(outcome: Outcome) -> str:
    """The counts and the duration of an outcome, such as "2,345 requests, 12.3 s (190 requests a
    second)".
    """
    counts = [f"{count:,} {name}" for name, count in outcome.counts.items()]
    each = _rates(outcome.counts, outcome.seconds)
    return ", ".join([*counts, f"{outcome.seconds:.1f} s"]) + (f" ({each})" if each else "")


_BOUGHT = ("requests", "cells decided")


def _rates(counts: Mapping[str, int], seconds: float) -> str:
    """What each second bought, such as "190 requests and 4.2 cells decided a second"."""
    if not seconds:
        return ""
    rates = [f"{counts[name] / seconds:.3g} {name}" for name in _BOUGHT if counts.get(name)]
    return f"{' and '.join(rates)} a second" if rates else ""
