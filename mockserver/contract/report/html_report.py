"""Rendering a report as one HTML page that loads nothing: no script, file or other origin."""

from __future__ import annotations

from collections.abc import Iterator

from ...rendering import Element, element, html_document
from ..findings import Finding, Outcome, Table, Verdict
from .advice import LEGEND
from .report import (
    VERDICT_LABELS,
    Report,
    counts_text,
    finding_label,
    finding_title,
    group_by_verdict,
    times_text,
    was_run,
)


def render_html(report: Report) -> str:
    """The page. It is built of elements, not of joined text, so that all text is escaped."""
    sections = [*map(_section, report.outcomes), *_remarks(report)]
    parts = [_header(report), _cards(report), *_advice(report), *sections, _legend(), _footer()]
    return html_document(f"{report.headline} - {report.run.url}", parts)


def _severity_class(outcome: Outcome) -> str:
    """The CSS class of a command's worst failing verdict, which decides its colour."""
    groups = group_by_verdict([finding for finding in outcome.findings if finding.fails])
    return groups[0][0].value if groups else "ok" if was_run(outcome) else ""


def _header(report: Report) -> Element:
    facts = element("dl")
    for name, value in report.run.facts:
        facts.extend((element("dt", name), element("dd", value)))
    mark = element("span", "✗" if report.fails else "✓")
    worst = report.findings[0].verdict.value if report.fails else "ok"
    title = element("h1", mark, f" {report.headline}")
    return element("header", title, element("p", report.spent), facts, class_=worst)


def _cards(report: Report) -> Element:
    cards = element("nav", class_="cards")
    for outcome in report.outcomes:
        counts_by_verdict = [
            f"{len(group)} {VERDICT_LABELS[verdict]}"
            for verdict, group in group_by_verdict(outcome.findings)
        ]
        passed = [f"{len(outcome.holds)} passed"] if outcome.holds else []
        cards.append(
            element(
                "a",
                element("b", f"{_mark(outcome)} {outcome.verb}"),
                ", ".join([*counts_by_verdict, *passed]) or "not run",
                href=f"#{outcome.verb}",
                class_=_severity_class(outcome),
            )
        )
    return cards


def _mark(outcome: Outcome) -> str:
    if not was_run(outcome):
        return "–"
    return "✗" if outcome.fails else "✓"


def _advice(report: Report) -> Iterator[Element]:
    """A section that says of each failing finding what it means and what to do."""
    if not report.advice:
        return
    parts = [element("h2", "what to do")]
    for finding, advice in report.advice:
        label = finding_label(finding)
        parts.append(
            element("h3", f"{label}: {finding_title(finding)} ", element("code", finding.subject))
        )
        parts.append(element("p", finding.sentence))
        lines = element("dl")
        for name, text in advice.lines:
            shown = element("code", text) if text == advice.reproduce else text
            lines.extend((element("dt", name), element("dd", shown)))
        parts.append(lines)
    yield element("section", *parts, id="what-to-do")


def _legend() -> Element:
    lines = element("dl")
    for word, meaning in LEGEND:
        lines.extend((element("dt", word), element("dd", meaning)))
    return element("section", element("h2", "words"), lines, id="words")


def _section(outcome: Outcome) -> Element:
    return element("section", element("h2", outcome.verb), *_contents(outcome), id=outcome.verb)


def _contents(outcome: Outcome) -> Iterator[Element]:
    for verdict, findings in group_by_verdict(outcome.findings):
        yield from (_finding(verdict, finding) for finding in findings)
    if outcome.holds:
        yield element("h3", "Passed")
        yield element("ul", *(element("li", text) for text in outcome.holds), class_="holds ok")
    yield from map(_table, outcome.tables)
    if outcome.notes:
        yield element("h3", "Notes")
        yield element("ul", *(element("li", text) for text in outcome.notes))
    counts = counts_text(outcome) if was_run(outcome) else "not run"
    yield element("p", counts, class_="soft")


def _finding(verdict: Verdict, finding: Finding) -> Element:
    heading = element(
        "summary",
        element("span", finding_label(finding), class_="word"),
        element("b", finding_title(finding)),
        element("code", finding.subject),
        times_text(finding),
    )
    parts = [heading]
    if finding.acceptance:
        parts.append(element("p", element("b", finding.acceptance.sentence)))
    parts.append(element("p", finding.sentence))
    if finding.party:
        parts.append(element("p", "At fault: ", element("b", finding.party.value)))
    if finding.evidence:
        parts.append(element("pre", finding.evidence))
    if finding.curl:
        parts.append(element("pre", finding.curl, class_="curl"))
    if finding.id:
        parts.append(element("p", "id: ", element("code", finding.id), class_="soft"))
    opened = {"open": ""} if finding.fails else {}
    return element("details", *parts, class_=verdict.value, **opened)


def _remarks(report: Report) -> Iterator[Element]:
    """A section about the list of accepted findings, if there is something to say."""
    if report.remarks:
        remarks = (element("li", str(remark)) for remark in report.remarks)
        yield element("section", element("h2", "accepted"), element("ul", *remarks), id="accepted")


def _table(table: Table) -> Element:
    columns = element("tr", *(element("th", name) for name in table.columns))
    rows = [element("tr", *(element("td", cell) for cell in row)) for row in table.rows]
    grid = element("table", element("thead", columns), element("tbody", *rows))
    return element("div", element("h3", table.title), element("div", grid, class_="scroll"))


def _footer() -> Element:
    return element("p", "Made by mockserver verify.", class_="soft")
