"""What the kit has to say of a server: findings, and what each verb has looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding means for who runs the kit."""

    KNOWN = "known"  # a registered deviation shows, as it is registered
    GONE = "gone"  # a registered deviation does not show any more
    NEW = "new"  # a difference that is in no registry


class Party(StrEnum):
    """Who is wrong about what a request means."""

    DOCUMENT = "the document"
    SERVER = "the server"
    MOCK = "the mock"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the contract says, or is known not to be.

    `check` is the id of what found it, such as `at-most-limit`; `subject` is what it is about: an
    operation (`POST /flow_runs/bulk_delete`), a field (`FlowRunFilter.end_time.before_`), or a
    schema. `sentence` says what came and what was expected. `evidence` is more of it, several
    lines at will; `curl` is a command line that shows it. `times`: how often it was seen.
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
        """Whether it is worth exit code 1: all but what is known, and still so."""
        return self.verdict is not Verdict.KNOWN


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under a heading. A `long` one is for reports, and not for a terminal."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    reports_only: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one verb has done and found.

    `holds` are sentences of what was looked at and found to be so; `notes` say what could not be
    looked at, and why; `counts` are named numbers, such as requests sent.
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
        """Whether something was found that is not known."""
        return any(finding.fails for finding in self.findings)
