"""Reporting to GitHub Actions: annotations in the log, and markdown for the summary page."""

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
from .advice import LEGEND
from .report import (
    VERDICT_LABELS,
    Report,
    finding_label,
    finding_title,
    group_by_verdict,
    times_text,
    was_run,
)

MAX_ANNOTATIONS = 10  # GitHub shows no more of one step
MAX_MESSAGE_CHARS = 2_000
MAX_SUMMARY_BYTES = 900_000  # GitHub rejects a summary of more than 1 MiB
# Punctuation that can begin markup; a period only in "1. " (a list) and "www." (a link).
_SYNTAX = re.compile(r"([\\`*_{}\[\]()<>#+=!|~$@:-]|(?<=[0-9])[.](?= |$)|(?<=www)[.])")


def in_actions(environment: Mapping[str, str]) -> bool:
    """Whether the process runs in GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextmanager
def stop_workflow_commands(out: TextIO, environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block, GitHub Actions takes no workflow commands from the output.

    Lines such as `::error::` from a server are then only text. Commands are on again after a line
    with a random token, which a server cannot know.
    """
    if not in_actions(environment):
        yield
        return
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", file=out, flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", file=out, flush=True)


def report_to_github(report: Report, environment: Mapping[str, str], out: TextIO) -> None:
    """Print annotations and append to the file GITHUB_STEP_SUMMARY; only in GitHub Actions.

    Raises UsageError if that file cannot be written.
    """
    if not in_actions(environment):
        return
    for line in (*error_annotations(report), *warning_annotations(report)):
        print(line, file=out, flush=True)
    if environment.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(environment["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as page:
                page.write(render_markdown(report))
        except OSError as error:
            raise UsageError(f"GITHUB_STEP_SUMMARY: {error.strerror or error}") from None


def error_annotations(report: Report) -> Sequence[str]:
    """A workflow command for each failure, as many as GitHub shows; the last one says how many
    more there are.
    """
    failures = [finding for finding in report.findings if finding.fails]
    shown = failures
    lines = []
    if len(failures) > MAX_ANNOTATIONS:
        shown = failures[: MAX_ANNOTATIONS - 1]
    for finding in shown:
        expired = finding.acceptance.sentence if finding.acceptance else ""
        text = "\n".join(filter(None, (expired, finding.sentence, finding.curl)))
        lines.append(_error_command(f"{finding_title(finding)}: {finding.subject}", text))
    if len(shown) < len(failures):
        rest = len(failures) - len(shown)
        lines.append(
            _error_command("mockserver", f"{rest} more; the log and the reports have all of them")
        )
    return lines


def warning_annotations(report: Report) -> Sequence[str]:
    """A workflow command for each entry in the list of accepted findings that should be changed.

    GitHub shows it at the entry's line, if the list is in the repository.
    """
    return [
        f"::warning file={_escape_property(remark.path)},line={remark.line},"
        f"title=accepted findings::{_escape_data(remark.sentence[:MAX_MESSAGE_CHARS])}"
        for remark in report.remarks
        if remark.is_warning
    ][:MAX_ANNOTATIONS]


def _error_command(name: str, text: str) -> str:
    heading = _escape_property(name[:200])
    return f"::error title={heading}::{_escape_data(text[:MAX_MESSAGE_CHARS])}"


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _escape_data(text: str) -> str:
    # % first, or it would escape the other escapes. The rules are those of GitHub's own toolkit:
    # actions/toolkit, packages/core/src/command.ts, escapeData and escapeProperty.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def render_markdown(report: Report) -> str:
    """The report in GitHub's markdown, cut to the size that GitHub accepts."""
    whole = "\n".join(_markdown(report)) + "\n"
    if len(whole.encode()) <= MAX_SUMMARY_BYTES:
        return whole
    # Cut between paragraphs; the <details> around them is closed below.
    truncated = whole.encode()[:MAX_SUMMARY_BYTES].decode(errors="ignore").rpartition("\n\n")[0]
    return f"{truncated}\n\n</details>\n\n... cut here; the other reports have all of it\n"


def _markdown(report: Report) -> Iterator[str]:
    yield f"## {'❌' if report.fails else '✅'} {escape_markdown(report.headline)}\n"
    yield escape_markdown(report.spent) + "\n"
    yield " · ".join(f"{name} {code_span(value)}" for name, value in report.run.facts) + "\n"
    yield from _advice(report)
    for outcome in report.outcomes:
        yield f"### {escape_markdown(outcome.verb)}\n"
        if not was_run(outcome):
            yield "- not run"
        for verdict, findings in group_by_verdict(outcome.findings):
            opened = " open" if findings[0].fails else ""
            heading = f"{len(findings)} {VERDICT_LABELS[verdict]}"
            yield f"<details{opened}><summary>{heading}</summary>\n"
            for finding in findings:
                yield from _finding(finding)
            yield "</details>\n"
        yield from (f"- ✓ {escape_markdown(text)}" for text in outcome.holds)
        yield from (f"- {escape_markdown(text)}" for text in outcome.notes)
        if outcome.counts:
            counts = (
                f"{escape_markdown(name)} {count:,}" for name, count in outcome.counts.items()
            )
            yield f"- {', '.join(counts)}"
        yield ""
        for table in outcome.tables:
            yield from _table(table)
    yield "<details><summary>words</summary>\n"
    yield from (f"- {word}: {escape_markdown(meaning)}" for word, meaning in LEGEND)
    yield "\n</details>\n"
    if report.remarks:
        yield "### accepted\n"
        yield from (f"- {escape_markdown(str(remark))}" for remark in report.remarks)
        yield ""


def _advice(report: Report) -> Iterator[str]:
    """What each failing finding means, and what to do about it."""
    if report.advice:
        yield "### what to do\n"
    for finding, advice in report.advice:
        label = finding_label(finding)
        title = f"{label}: {escape_markdown(finding_title(finding))}"
        yield f"**{title}** {code_span(finding.subject)}\\"
        yield escape_markdown(finding.sentence) + "\n"
        for name, text in advice.lines:
            shown = code_span(text) if text == advice.reproduce else escape_markdown(text)
            yield f"- {name}: {shown}"
        yield ""


def _finding(finding: Finding) -> Iterator[str]:
    title, times = escape_markdown(finding_title(finding)), times_text(finding)
    yield f"**{title}** {code_span(finding.subject)}{times}\\"  # a backslash is a line break
    lines = [escape_markdown(finding.acceptance.sentence)] if finding.acceptance else []
    lines.append(escape_markdown(finding.sentence))
    lines += [f"At fault: {finding.party.value}"] if finding.party else []
    lines += [f"id: {code_span(finding.id)}"] if finding.id else []
    yield "\\\n".join(lines) + "\n"
    if finding.curl:
        yield from (_fenced_code_block(finding.curl, "sh"), "")


def _table(table: Table) -> Iterator[str]:
    yield f"<details><summary>{html.escape(table.title)}</summary>\n"
    for row in (table.columns, ["---"] * len(table.columns), *table.rows):
        yield "| " + " | ".join(one if one == "---" else escape_markdown(one) for one in row) + " |"
    yield "\n</details>\n"


def escape_markdown(text: str) -> str:
    """A text as one line of markdown without any markup."""
    without_html = " ".join(text.split()).replace("&", "&amp;")
    without_html = without_html.replace("<", "&lt;").replace(">", "&gt;")
    return _SYNTAX.sub(r"\\\1", without_html)


def code_span(text: str) -> str:
    """A text in a code span; the fence has more backticks than any run in the text."""
    fence = "`" * (_longest_backtick_run(text) + 1)
    beside = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{beside}{text}{beside}{fence}" if text.strip() else ""


def _fenced_code_block(text: str, language: str) -> str:
    fence = "`" * max(3, _longest_backtick_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_backtick_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
