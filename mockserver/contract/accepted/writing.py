"""Bringing a list of accepted findings up to date: new entries appended, those unseen dropped.

Invariant: the lines of an entry that stays are not touched, and neither are comments. Only where
the list is written in a way that lines cannot be told apart is it written anew.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import yaml

from ...errors import UsageError
from ..findings import Finding
from ..report import Report
from .entries import AcceptedList, Entry, acceptable_findings, is_seen, why_unchecked
from .reading import ROOT_KEY, parse_accepted

HEADER = """\
# Findings of mockserver that are accepted: with `--accept` and this file they are shown and do not
# make a run fail. Each needs a reason. `expires: 2027-03-01` in an entry ends it after that day.
"""
_MAX_REQUEST_CHARS = 2_000
_TEXT_WIDTH = 94  # with the indentation, lines of 100


@dataclass(frozen=True, slots=True)
class Update:
    """A list brought up to date: its text, its entries, and which are new or dropped."""

    text: str
    entries: Sequence[Entry]
    added: Sequence[Entry]
    dropped: Sequence[Entry]


def update(current: AcceptedList, report: Report, other: AcceptedList | None = None) -> Update:
    """Bring a list up to date with what a run has found.

    An entry is dropped only if the run has looked for it, and not at random. A new one takes the
    reason that `other`, another list, has for it, if there is one.
    """
    dropped = [one for one in current.entries if is_gone(one, report)]
    kept = [one for one in current.entries if one not in dropped]
    added: list[Entry] = []
    for finding in acceptable_findings(report):
        if not any(one.covers(finding) for one in (*current.entries, *added)):
            known = other.find(finding) if other else None
            added.append(_entry(finding, report, known))
    entries = [*kept, *added]
    return Update(_edit(current, kept, added) or render(entries), entries, added, dropped)


def is_gone(entry: Entry, report: Report) -> bool:
    """Whether what an entry is about is certainly not there any more."""
    return not (entry.is_random or is_seen(entry, report) or why_unchecked(entry, report))


def _entry(finding: Finding, report: Report, known: Entry | None) -> Entry:
    """An entry about a finding; with the id, reason and expiry of a known one."""
    run = report.run
    request = finding.curl
    if len(request) > _MAX_REQUEST_CHARS:
        request = f"not shown: {len(request):,} characters; the report of the run has it"
    entry = Entry(finding.id, finding.sentence, request, run.release, run.database)
    if known is None:
        return entry
    return replace(entry, id=known.id, reason=known.reason, expires=known.expires)


def render(entries: Sequence[Entry]) -> str:
    """The text of a list."""
    if not entries:
        return f"{HEADER}\n{ROOT_KEY}: []\n"
    return f"{HEADER}\n{ROOT_KEY}:\n" + "\n".join(_render_entry(one, "  ") for one in entries)


def _render_entry(entry: Entry, indent: str) -> str:
    first, *rest = _entry_lines(entry)
    return "\n".join([f"{indent}- {first}", *(f"{indent}  {line}".rstrip() for line in rest), ""])


def _entry_lines(entry: Entry) -> Iterator[str]:
    yield f"id: {_scalar(entry.id)}"
    if entry.found:
        yield "found: >-"
        yield from (f"  {line}" for line in _wrap(entry.found))
    if entry.request:
        # A block, in which a shell command needs no quotes around it and can be copied.
        yield from ("request: |-", f"  {entry.request}")
    for key, text in (("release", entry.release), ("database", entry.database)):
        if text:
            yield f"{key}: {_scalar(text)}"
    yield f"reason: {_scalar(entry.reason)}"
    if entry.expires:
        yield f"expires: {entry.expires}"


def _wrap(text: str) -> Sequence[str]:
    return textwrap.wrap(text, _TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)


def _scalar(text: str) -> str:
    """A text as YAML writes it on one line: quoted only if it must be."""
    if not text:
        return '""'
    dumped = yaml.safe_dump(text, allow_unicode=True, width=float("inf"))
    return dumped.removesuffix("\n").removesuffix("\n...")


def _edit(current: AcceptedList, kept: Sequence[Entry], added: Sequence[Entry]) -> str:
    """The text with lines of dropped entries removed and new entries appended; "" if that fails."""
    lines = current.text.splitlines(keepends=True)
    if not current.entries:
        return ""
    spans = _spans(lines, current.entries)
    if spans is None:
        return ""
    first, end = spans[0].start, spans[-1].stop
    indent = _DASH.match(lines[current.entries[0].line - 1])
    body = [
        "".join(lines[line] for line in span)
        for entry, span in zip(current.entries, spans, strict=True)
        if entry in kept
    ]
    if body:
        # What was between it and a dropped entry is between nothing now.
        body[-1] = _BLANK_END.sub("", body[-1], count=1) + "\n"
    # As far apart as the others are, if there are others.
    gap = "\n" if len(spans) < 2 or lines[spans[0].stop - 1].isspace() else ""
    body += [f"{gap}{_render_entry(one, indent[1] if indent else '')}" for one in added]
    text = "".join([*lines[:first], *body, *lines[end:]])
    return text if _says(text, current, [*kept, *added]) else ""


def _says(text: str, current: AcceptedList, entries: Sequence[Entry]) -> bool:
    """Whether the text of a list has these entries, so that an edit has lost nothing."""
    try:
        found = parse_accepted(current.path, text, reasons_needed=False).entries
    except UsageError:
        return False
    return [(one.id, one.reason, one.expires) for one in found] == [
        (one.id, one.reason, one.expires) for one in entries
    ]


_BLANK_END = re.compile(r"\n[ \r\n]*\Z|\Z")
_DASH = re.compile(r"( *)- ")


def _spans(lines: Sequence[str], entries: Sequence[Entry]) -> Sequence[range] | None:
    """The lines of each entry, with the comments above it; None if an entry shares a line."""
    starts = [entry.line - 1 for entry in entries]
    if not all(_DASH.match(lines[start]) for start in starts) or len(set(starts)) < len(starts):
        return None
    starts = [_start_of_comment(lines, start) for start in starts]
    end = len(lines)
    while lines[end - 1].startswith("#") or lines[end - 1].isspace():
        end -= 1  # what stands below the list is not of its last entry
    return [range(start, stop) for start, stop in zip(starts, [*starts[1:], end], strict=True)]


def _start_of_comment(lines: Sequence[str], start: int) -> int:
    """The first line of the comment right above a line, if there is one, else the line."""
    dash = _DASH.match(lines[start])
    most = len(dash[1]) if dash else 0
    # Deeper, a # is in the text of the entry above.
    while start and re.match(rf" {{0,{most}}}#", lines[start - 1]):
        start -= 1
    return start
