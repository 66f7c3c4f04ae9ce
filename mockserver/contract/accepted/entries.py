"""The entries of a list of accepted findings, and what each of them means for a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ...prefect import release_key
from ..findings import Acceptance, Finding, is_covered
from ..report import Report

ID_WORDS = ("drift", "fuzz", "diff", "gone")
"""The first words of ids."""
# Documents are compared, and deviations probed, in the same way in every run.
_CERTAIN = ("drift ", "gone ", "fuzz shows ")


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted finding: the keys of its entry in the file, of which `id` decides.

    `found`, `request`, `release` and `database` tell a reader what was seen, and where. `reason`
    is "" until somebody has written one. `expires` is the last day on which the entry counts.
    `line` is its first line in the file, `reason_line` the one for the reason.
    """

    id: str
    found: str = ""
    request: str = ""
    release: str = ""
    database: str = ""
    reason: str = ""
    expires: date | None = None
    line: int = field(default=0, compare=False)
    reason_line: int = field(default=0, compare=False)

    @property
    def is_random(self) -> bool:
        """Whether random requests have found it, so that one run without it proves nothing."""
        return not self.id.startswith(_CERTAIN)

    def covers(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        return is_covered(finding.id, self.id)

    def is_expired(self, today: date) -> bool:
        """Whether it counts no longer."""
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True)
class AcceptedList:
    """A file of entries, and its text; a file that does not exist yet has neither."""

    path: Path
    entries: Sequence[Entry] = ()
    text: str = ""

    def where(self, entry: Entry) -> str:
        """The place of an entry, as editors and compilers write it."""
        return f"{self.path}:{entry.line}"

    def find(self, finding: Finding) -> Entry | None:
        """The entry about a finding: the one with its id, or the first that covers it."""
        exact = (entry for entry in self.entries if entry.id == finding.id)
        return next(exact, next((one for one in self.entries if one.covers(finding)), None))

    def acceptance(self, entry: Entry, today: date) -> Acceptance:
        """What a report says about a finding that an entry is about."""
        return Acceptance(entry.reason, entry.expires, self.where(entry), entry.is_expired(today))


def is_acceptable(finding: Finding) -> bool:
    """Whether a finding fails and can be accepted, or is accepted."""
    return bool(finding.id) and (finding.fails or finding.acceptance is not None)


def acceptable_findings(report: Report) -> Iterator[Finding]:
    """The findings that need an entry."""
    return filter(is_acceptable, report.findings)


def is_seen(entry: Entry, report: Report) -> bool:
    """Whether a run has found what an entry is about."""
    return any(entry.covers(finding) for finding in acceptable_findings(report))


def why_unchecked(entry: Entry, report: Report) -> str:
    """Why it means nothing that a run did not find what an entry is about; "" if it does."""
    run = report.run
    if entry.database and run.database and entry.database != run.database:
        return f"it was seen on {entry.database}, and this server uses {run.database}"
    if _is_older(run.release, entry.release):
        return f"it was seen on {entry.release}, and this server is {run.release}"
    verb = verb_of(entry.id)
    complete = {outcome.verb for outcome in report.outcomes if outcome.is_complete}
    return "" if verb in complete else f"{verb} did not run, or not all of it"


def verb_of(finding_id: str) -> str:
    """The command that tells whether a finding is still there."""
    word = finding_id.partition(" ")[0]
    # fuzz probes each deviation; diff may meet one, and proves nothing by not meeting it.
    return "fuzz" if word == "gone" else word


def _is_older(release: str, other: str) -> bool:
    """Whether a release is older than another; not if one of them is no release."""
    try:
        return release_key(release) < release_key(other)
    except ValueError:
        return False
