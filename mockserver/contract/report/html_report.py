"""Rendering a report as one HTML page that loads nothing: no script, file or other origin."""

from __future__ import annotations

import html
from collections.abc import Iterator
from string import Template
from xml.etree import ElementTree as ET

from ...resources import resource_path
from ..findings import Finding, Outcome, Table, Verdict
from .report import VERDICT_LABELS, Report, counts_text, finding_title, group_by_verdict, times_text

Element = ET.Element
_TEMPLATE = "contract/report/report.html"


def render_html(report: Report) -> str:
    """The page. It is built of elements, not of joined text, so that all text is escaped."""
    sections = [*map(_section, report.outcomes), *_remarks(report)]
    parts = [_header(report), _cards(report), *sections, _footer()]
    # method: as XML, an empty element would be <p/>, which HTML reads as an opened one.
    body = "\n".join(ET.tostring(part, encoding="unicode", method="html") for part in parts)
    template = Template(resource_path(_TEMPLATE).read_text(encoding="utf-8"))
    name = html.escape(f"{report.headline} - {report.run.url}")
    # A $ in the values is safe: they are not substituted again.
    return template.substitute(title=name, body=body)


def _element(tag: str, *children: Element | str, **attributes: str) -> Element:
    """An element with child elements and texts; the attribute `class` is passed as `class_`."""
    element = Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif last is None:  # ElementTree keeps text before the first child in `text`,
            element.text = (element.text or "") + child
        else:  # and text after a child in that child's `tail`
            last.tail = (last.tail or "") + child
    return element


def _severity_class(outcome: Outcome) -> str:
    """The CSS class of a command's worst failing verdict, which decides its colour."""
    groups = group_by_verdict([finding for finding in outcome.findings if finding.fails])
    return groups[0][0].value if groups else "ok"


def _header(report: Report) -> Element:
    facts = _element("dl")
    for name, value in report.run.facts:
        facts.extend((_element("dt", name), _element("dd", value)))
    mark = _element("span", "✗" if report.fails else "✓")
    worst = report.findings[0].verdict.value if report.fails else "ok"
    return _element("header", _element("h1", mark, f" {report.headline}"), facts, class_=worst)


def _cards(report: Report) -> Element:
    cards = _element("nav", class_="cards")
    for outcome in report.outcomes:
        counts_by_verdict = [
            f"{len(group)} {VERDICT_LABELS[verdict]}"
            for verdict, group in group_by_verdict(outcome.findings)
        ]
        passed = [f"{len(outcome.holds)} passed"] if outcome.holds else []
        cards.append(
            _element(
                "a",
                _element("b", f"{'✗' if outcome.fails else '✓'} {outcome.verb}"),
                ", ".join([*counts_by_verdict, *passed]) or "nothing was checked",
                href=f"#{outcome.verb}",
                class_=_severity_class(outcome),
            )
        )
    return cards


def _section(outcome: Outcome) -> Element:
    return _element("section", _element("h2", outcome.verb), *_contents(outcome), id=outcome.verb)


def _contents(outcome: Outcome) -> Iterator[Element]:
    for verdict, findings in group_by_verdict(outcome.findings):
        yield from (_finding(verdict, finding) for finding in findings)
    if outcome.holds:
        yield _element("h3", "Passed")
        yield _element("ul", *(_element("li", text) for text in outcome.holds), class_="holds ok")
    yield from map(_table, outcome.tables)
    if outcome.notes:
        yield _element("h3", "Notes")
        yield _element("ul", *(_element("li", text) for text in outcome.notes))
    yield _element("p", counts_text(outcome), class_="soft")


def _finding(verdict: Verdict, finding: Finding) -> Element:
    heading = _element(
        "summary",
        _element("span", VERDICT_LABELS[verdict], class_="word"),
        _element("b", finding_title(finding)),
        _element("code", finding.subject),
        times_text(finding),
    )
    parts = [heading]
    if finding.acceptance:
        parts.append(_element("p", _element("b", finding.acceptance.sentence)))
    parts.append(_element("p", finding.sentence))
    if finding.party:
        parts.append(_element("p", "At fault: ", _element("b", finding.party.value)))
    if finding.evidence:
        parts.append(_element("pre", finding.evidence))
    if finding.curl:
        parts.append(_element("pre", finding.curl, class_="curl"))
    if finding.id:
        parts.append(_element("p", "id: ", _element("code", finding.id), class_="soft"))
    opened = {"open": ""} if finding.fails else {}
    return _element("details", *parts, class_=verdict.value, **opened)


def _remarks(report: Report) -> Iterator[Element]:
    """A section about the list of accepted findings, if there is something to say."""
    if report.remarks:
        remarks = (_element("li", str(remark)) for remark in report.remarks)
        yield _element(
            "section", _element("h2", "accepted"), _element("ul", *remarks), id="accepted"
        )


def _table(table: Table) -> Element:
    columns = _element("tr", *(_element("th", name) for name in table.columns))
    rows = [_element("tr", *(_element("td", cell) for cell in row)) for row in table.rows]
    grid = _element("table", _element("thead", columns), _element("tbody", *rows))
    return _element("div", _element("h3", table.title), _element("div", grid, class_="scroll"))


def _footer() -> Element:
    return _element("p", "Made by mockserver verify.", class_="soft")
