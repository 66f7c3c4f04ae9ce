"""A report for GitHub Actions: annotations in its log, and markdown for its summary page."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ...errors import UsageError
from ..findings import Finding, Table
from .report import WORDS, Report, ordered, title

MOST_ANNOTATIONS = 10  # GitHub shows no more of a step
MOST_TEXT = 2_000
MOST_SUMMARY = 900_000  # bytes; GitHub refuses a summary of more than 1 MiB
_SYNTAX = re.compile(r"([\\`*_{}\[\]()<>#+=!|~$@:-]|(?<=[0-9])[.](?= |$)|(?<=www)[.])")


def in_actions(environment: Mapping[str, str]) -> bool:
    """Whether this runs in GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextmanager
def no_commands(out: TextIO, environment: Mapping[str, str]) -> Iterator[None]:
    """In Actions, what is printed within is only text: a server's words cannot give commands."""
    if not in_actions(environment):
        yield
        return
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", file=out, flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", file=out, flush=True)


def tell_github(report: Report, environment: Mapping[str, str], out: TextIO) -> None:
    """In Actions, print annotations and add to the page that GITHUB_STEP_SUMMARY names.

    Raises UsageError where that page cannot be written.
    """
    if not in_actions(environment):
        return
    for line in error_lines(report):
        print(line, file=out, flush=True)
    if environment.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(environment["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as page:
                page.write(markdown(report))
        except OSError as error:
            raise UsageError(f"GITHUB_STEP_SUMMARY: {error.strerror or error}") from None


def error_lines(report: Report) -> Sequence[str]:
    """A line for each failure, as many as GitHub shows; the last one says how many more."""
    failures = [finding for finding in report.findings if finding.fails]
    shown = failures
    lines = []
    if len(failures) > MOST_ANNOTATIONS:
        shown = failures[: MOST_ANNOTATIONS - 1]
    for finding in shown:
        text = f"{finding.sentence}\n{finding.curl}" if finding.curl else finding.sentence
        lines.append(_error(f"{title(finding)}: {finding.subject}", text))
    if len(shown) < len(failures):
        rest = len(failures) - len(shown)
        lines.append(_error("mockserver", f"{rest} more; the log and the reports have all of them"))
    return lines


def _error(name: str, text: str) -> str:
    heading = _data(name[:200]).replace(":", "%3A").replace(",", "%2C")
    return f"::error title={heading}::{_data(text[:MOST_TEXT])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def markdown(report: Report) -> str:
    """The report as GitHub's markdown, bounded as GitHub bounds it."""
    whole = "\n".join(_markdown(report)) + "\n"
    if len(whole.encode()) <= MOST_SUMMARY:
        return whole
    kept = whole.encode()[:MOST_SUMMARY].decode(errors="ignore").rpartition("\n\n")[0]
    return f"{kept}\n\n</details>\n\n... and more; the reports have all of it\n"


def _markdown(report: Report) -> Iterator[str]:
    yield f"## {'❌' if report.fails else '✅'} {escaped(report.headline)}\n"
    yield " · ".join(f"{name} {code(value)}" for name, value in report.run.facts) + "\n"
    for outcome in report.outcomes:
        yield f"### {escaped(outcome.verb)}\n"
        for verdict, findings in ordered(outcome.findings):
            opened = " open" if findings[0].fails else ""
            heading = f"{len(findings)} {WORDS[verdict]}"
            yield f"<details{opened}><summary>{heading}</summary>\n"
            for finding in findings:
                yield from _finding(finding)
            yield "</details>\n"
        yield from (f"- ✓ {escaped(text)}" for text in outcome.holds)
        yield from (f"- {escaped(text)}" for text in outcome.notes)
        if outcome.counts:
            said = (f"{escaped(name)} {count:,}" for name, count in outcome.counts.items())
            yield f"- {', '.join(said)}"
        yield ""
        for table in outcome.tables:
            yield from _table(table)


def _finding(finding: Finding) -> Iterator[str]:
    times = f" ({finding.times:,} times)" if finding.times > 1 else ""
    yield f"**{escaped(title(finding))}** {code(finding.subject)}{times}\\"
    yield escaped(finding.sentence) + ("\\" if finding.party else "\n")
    if finding.party:
        yield f"Wrong is {finding.party.value}.\n"
    if finding.curl:
        yield from (_fenced(finding.curl, "sh"), "")


def _table(table: Table) -> Iterator[str]:
    yield f"<details><summary>{html.escape(table.title)}</summary>\n"
    for row in (table.columns, ["---"] * len(table.columns), *table.rows):
        yield "| " + " | ".join(one if one == "---" else escaped(one) for one in row) + " |"
    yield "\n</details>\n"


def escaped(text: str) -> str:
    """A text in markdown that is nothing but text."""
    plain = " ".join(text.split()).replace("&", "&amp;")
    plain = plain.replace("<", "&lt;").replace(">", "&gt;")
    return _SYNTAX.sub(r"\\\1", plain)


def code(text: str) -> str:
    """A text in a code span, whatever backticks it holds."""
    fence = "`" * (_longest(text) + 1)
    beside = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{beside}{text}{beside}{fence}" if text.strip() else ""


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
