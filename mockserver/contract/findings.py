"""Findings about a server, and the outcome of each command: values without behaviour."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding relates to what is known of servers, and to what the user has accepted."""

    KNOWN = "known"  # registered as a deviation, and seen on this server
    GONE = "gone"  # registered, but not seen on this server
    NEW = "new"  # not registered
    ACCEPTED = "accepted"  # gone or new, and accepted by the user


class Party(StrEnum):
    """Who is at fault when document, server and mock disagree about a request."""

    DOCUMENT = "the document"
    SERVER = "the server"
    MOCK = "the mock"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That the user has accepted a finding: why, and through which day (None: for good).

    `where` is the place of the entry, such as `accepted.yaml:12`. An expired one counts no longer.
    """

    reason: str
    expires: date | None
    where: str
    is_expired: bool = False

    @property
    def sentence(self) -> str:
        """The acceptance for a reader, without a full stop."""
        until = "" if self.expires is None else f" until {self.expires}"
        if self.is_expired:
            return f"no longer accepted: it was{until} ({self.where}): {self.reason}"
        return f"accepted{until}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between a server and the contract.

    `verb` is the command, `check` the id of the rule that found it, such as `at-most-limit`.
    `subject` is an operation (`POST /flow_runs/bulk_delete`), a field
    (`FlowRunFilter.end_time.before_`) or a schema. `sentence` says what came and what was expected.
    `deviation` is the id of a registered deviation. `evidence` gives details and may have several
    lines. `curl` is a shell command that shows the difference. `times`: how often it was seen.

    `id` is the same in every run that finds it, whatever the seed, the server's address or the
    request: one line that begins with the verb, or with `gone`. Without an id a finding cannot be
    accepted: a known deviation need not be; an unfinished run, or lost flow runs of others, must
    not.
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
    id: str = ""
    acceptance: Acceptance | None = None

    @property
    def fails(self) -> bool:
        """Whether the finding makes the exit code 1: it is new, or a known one is gone, and nobody
        has accepted it.
        """
        return self.verdict in (Verdict.NEW, Verdict.GONE)


def gone_id(deviation: str) -> str:
    """The id of the finding that a server does not show a deviation.

    All commands that see it share it: it is one fact, and takes one reason to accept.
    """
    return f"gone {deviation}"


KEY_SEPARATOR = "+"
"""Joins the keys of a filter in the id of a finding of `diff`."""


def is_covered(found: str, accepted: str) -> bool:
    """Whether the id of a finding is accepted with another id: it is the same, or the same
    difference in a filter that has all of its keys and more.

    `diff` itself takes such filters for one difference; which of them it meets first is chance.
    """
    if found == accepted:
        return True
    (head, _, keys), (other, _, fewer) = found.rpartition(" "), accepted.rpartition(" ")
    is_difference = head.startswith("diff ") and head == other
    return is_difference and set(fewer.split(KEY_SEPARATOR)) <= set(keys.split(KEY_SEPARATOR))


def digest(texts: Iterable[str]) -> str:
    """Eight hexadecimal digits for texts that are too long for an id."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=4).hexdigest()


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
    checked, and why. `counts` are numbers by name, such as requests sent. `is_complete`: what a
    complete run of the command would find was looked for; else not finding it means nothing.
    `cells` is the number of kinds of condition that were to be decided, `undecided` those that were
    not. `coverage` says of each kind how often it decided, and was tried.
    """

    verb: str
    findings: Sequence[Finding] = ()
    holds: Sequence[str] = ()
    notes: Sequence[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    seconds: float = 0.0
    is_complete: bool = True
    cells: int = 0
    undecided: Sequence[str] = ()
    coverage: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether any finding fails."""
        return any(finding.fails for finding in self.findings)


def join_outcomes(parts: Sequence[Outcome]) -> Outcome:
    """The outcome of one command that did several things, one after the other; at least one."""
    names = dict.fromkeys(name for part in parts for name in part.counts)
    return Outcome(
        parts[0].verb,
        [finding for part in parts for finding in part.findings],
        [sentence for part in parts for sentence in part.holds],
        [note for part in parts for note in part.notes],
        {name: sum(part.counts.get(name, 0) for part in parts) for name in names},
        [table for part in parts for table in part.tables],
        sum(part.seconds for part in parts),
        all(part.is_complete for part in parts),
        sum(part.cells for part in parts),
        [cell for part in parts for cell in part.undecided],
        {name: seen for part in parts for name, seen in part.coverage.items()},
    )
