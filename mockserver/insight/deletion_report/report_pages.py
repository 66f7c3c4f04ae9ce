"""The page of a deletion report: what went by which requests, what was refused, what is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import to_single_line
from ...prefect import LIMIT_REACHED
from ...rendering import Entry, Page, Section, Tone
from .. import count_of
from ..explanation import MAX_SENTENCE, run_row, table_entry

if TYPE_CHECKING:  # a report prints itself with this file
    from .report import DeletionReport, Protected, RequestLine

MAX_LOG_LINES = 5
"""How many kinds of requests a log tells of."""
MAX_LINES = 20
"""How many groups of requests a section shows."""
MAX_ROWS = 6
"""How many rows of a table are shown, unless a caller says otherwise."""
_SHOWN_TABLES = ("state", "flow", "deployment", "tag")  # of one group; the whole has all


def report_page(
    report: DeletionReport, facts: tuple[tuple[str, str], ...] = (), most: int = MAX_ROWS
) -> Page:
    """What was deleted. `facts` say where it was; `most` is how many rows each table has."""
    sections = (
        _protected_section(report),
        _requests("what deleted", report.deleting, most),
        Section(
            "what went, by",
            tuple(table_entry(table, most) for table in report.tables),
            notes=tuple(_table_notes(report)),
        ),
        _requests("refused", report.refused, most),
        _requests("other requests", report.others, most),
    )
    shown = tuple(one for one in sections if one.entries or one.good or one.notes)
    tone = Tone.BAD if report.lost else Tone.GOOD
    known = (("dialect", report.dialect.name),)
    return Page(tone, report_sentence(report), (*facts, *known), shown)


def report_sentence(report: DeletionReport, *, with_protected: bool = True) -> str:
    """What was deleted, in a sentence without a full stop; also how many protected runs."""
    calls = sum(one.calls for one in report.deleting)
    refused = sum(one.calls for one in report.refused)
    asked = f" in {count_of(calls, 'call')}" if calls else ""
    others = _others(report)
    gone = " and ".join([f"{count_of(report.deleted, 'flow run')} of {report.before:,}", *others])
    parts = [f"{gone} deleted{asked}"]
    if report.lost and with_protected:
        parts.append(f"{report.lost:,} of them protected")
    parts.append(f"{report.left:,} left")
    if refused:
        parts.append(f"{count_of(refused, 'request')} refused")
    return "; ".join(parts)


def _others(one: DeletionReport | RequestLine) -> list[str]:
    """How many flows and deployments are gone, where any are."""
    counts = ((one.flows, "flow"), (one.deployments, "deployment"))
    return [count_of(number, noun) for number, noun in counts if number]


def report_lines(report: DeletionReport) -> Iterator[str]:
    """A report in a few lines, for a log: the whole, then what deleted the most."""
    yield report_sentence(report)
    deleting = [line for line in report.deleting if line.deleted or _others(line)]
    for line in deleting[:MAX_LOG_LINES]:
        limit = "" if line.limit is None else f", up to {line.limit} a call"
        left = [one for one in line.warnings if one.id == LIMIT_REACHED]
        yield (
            f"{line.method} {line.path} deleted {_told(line)} in "
            f"{count_of(line.calls, 'call')}: {to_single_line(line.sentence)}{limit}"
            + "".join(f"; {one.id}: {one.sentence}" for one in left)
        )
    if len(deleting) > MAX_LOG_LINES:
        rest = sum(line.deleted for line in deleting[MAX_LOG_LINES:])
        kinds = count_of(len(deleting) - MAX_LOG_LINES, "more kind")
        yield f"{kinds} of requests deleted {rest:,}"


def _protected_section(report: DeletionReport) -> Section:
    entries, good, notes = [], [], []
    for one in report.protected:
        sentence = to_single_line(one.sentence)
        if one.gone.count:
            entries.append(_protected_entry(one))
        elif one.matching:
            good.append(f"{count_of(one.matching, 'protected run')} left, as before: {sentence}")
        else:
            notes.append(f"protects nothing, as no flow run matched: {sentence}")
    return Section("protected", tuple(entries), tuple(good), tuple(notes))


def _protected_entry(one: Protected) -> Entry:
    rows = list(map(run_row, one.gone.first))
    if one.gone.count > len(rows):
        rows.append((f"... and {one.gone.count - len(rows):,} more", "", ""))
    counted = f"{one.gone.count:,} of {count_of(one.matching, 'protected run')}"
    sentence = (("those for which", to_single_line(one.sentence, MAX_SENTENCE)),)
    return Entry(Tone.BAD, "deleted", counted, details=sentence, rows=tuple(rows))


def _requests(name: str, lines: tuple[RequestLine, ...], most: int) -> Section:
    entries = tuple(_request_entry(line, most) for line in lines[:MAX_LINES])
    more = sum(line.calls for line in lines[MAX_LINES:])
    notes = (f"and {count_of(more, 'request')} of other kinds",) if more else ()
    return Section(name, entries, notes=notes)


def _request_entry(line: RequestLine, most: int) -> Entry:
    details = []
    if line.reason:
        details.append(("because", line.reason))
    if line.sentence:
        limit = "" if line.limit is None else f", up to {line.limit} a call"
        details.append(("those for which", to_single_line(line.sentence, MAX_SENTENCE) + limit))
    details += [(one.id, one.sentence) for one in line.warnings]
    if line.deleted:
        details += [
            (f"by {table.title}", _summary(table_entry(table, most)))
            for table in line.tables
            if table.title in _SHOWN_TABLES
        ]
    subject = f"{count_of(line.calls, 'call')} answered {line.status}"
    return Entry(
        _tone(line),
        f"deleted {_told(line)}" if line.sentence else "",
        f"{line.method} {line.path}",
        subject,
        tuple(details),
    )


def _told(line: RequestLine) -> str:
    """What requests deleted: flow runs, and other records if there are any."""
    return " and ".join([f"{line.deleted:,}", *_others(line)])


def _summary(entry: Entry) -> str:
    """The rows of a table in one line: `Completed 40, Failed 3`."""
    return ", ".join(f"{name} {number.strip()}".rstrip() for name, number, _ in entry.rows)


def _tone(line: RequestLine) -> Tone:
    if line.reason or any(not one.is_note for one in line.warnings):
        return Tone.WARNING
    return Tone.NOTICE


def _table_notes(report: DeletionReport) -> Iterator[str]:
    if report.deleted > report.tabled:
        yield (
            f"The tables are about {report.tabled:,} of the {report.deleted:,}: those that there "
            "were at first, as far as their ids were kept."
        )
    if report.ungrouped:
        yield f"{count_of(report.ungrouped, 'request')} of too many kinds are not told one by one."
