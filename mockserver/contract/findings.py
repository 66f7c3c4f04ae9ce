"""Findings about a server, and the outcome of each command: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding relates to the registries of known deviations."""

    KNOWN = "known"  # registered, and seen on this server
    GONE = "gone"  # registered, but not seen on this server
    NEW = "new"  # not registered


class Party(StrEnum):
    """Who is at fault when document, server and mock disagree about a request."""

    DOCUMENT = "the document"
    SERVER = "the server"
    MOCK = "the mock"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between a server and the contract.

    `verb` is the command, `check` the id of the rule that found it, such as `at-most-limit`.
    `subject` is an operation (`POST /flow_runs/bulk_delete`), a field
    (`FlowRunFilter.end_time.before_`) or a schema. `sentence` says what came and what was expected.
    `deviation` is the id of a registered deviation. `evidence` gives details and may have several
    lines. `curl` is a shell command that shows the difference. `times`: how often it was seen.
    """

    verb: str
    check: str
    subject: str
    sentence: str
    verdict: Verdict = Verdict.NEW
    party: Party | None = None
    deviation: str | None = None
    evidence: str = ""
    curl: str = ""
    times: int = 1

    @property
    def fails(self) -> bool:
        """Whether the finding makes the exit code 1: it is new, or a known one is gone."""
        return self.verdict is not Verdict.KNOWN


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under a title. `reports_only`: it is too long for a terminal."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    reports_only: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command did and found.

    `holds` are sentences about what was checked and is as expected. `notes` say what could not be
    checked, and why. `counts` are numbers by name, such as requests sent.
    """

    verb: str
    findings: Sequence[Finding] = ()
    holds: Sequence[str] = ()
    notes: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    seconds: float = 0.0

    @property
    def fails(self) -> bool:
        """Whether any finding fails."""
        return any(finding.fails for finding in self.findings)
