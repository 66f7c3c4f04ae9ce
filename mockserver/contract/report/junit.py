"""Rendering a report as JUnit XML, as the common CI servers read it.

Each command is a test suite. Passed checks and known findings are passed tests; a known finding has
its text in `system-out`. New findings, and known ones that are gone, are failures. Accepted ones
are skipped tests, which CI servers show apart from passed ones, with the reason. So are the remarks
on the list of accepted findings, in a suite of their own.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from xml.etree import ElementTree as ET

from ..findings import Finding, Outcome, Verdict
from .report import VERDICT_LABELS, Report, finding_title

Element = ET.Element


def render_junit(report: Report) -> str:
    """The report as an XML document."""
    suites = [_suite(report, outcome) for outcome in report.outcomes]
    suites += [_remarks_suite(report)] if report.remarks else []
    root = Element("testsuites", name="mockserver verify", time=f"{report.run.seconds:.3f}")
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, outcome: Outcome) -> Element:
    suite = Element(
        "testsuite",
        name=f"mockserver {outcome.verb}",
        tests=str(len(outcome.holds) + len(outcome.findings)),
        failures=str(sum(finding.fails for finding in outcome.findings)),
        errors="0",
        skipped=str(sum(one.verdict is Verdict.ACCEPTED for one in outcome.findings)),
        time=f"{outcome.seconds:.3f}",
        timestamp=_timestamp(report),
    )
    properties = ET.SubElement(suite, "properties")
    counts = [(name, str(count)) for name, count in outcome.counts.items()]
    for name, value in (*report.run.facts, *counts):
        ET.SubElement(properties, "property", name=name, value=value)
    for sentence in outcome.holds:
        ET.SubElement(suite, "testcase", classname=_class(outcome), name=sentence, time="0")
    seen: Counter[str] = Counter()
    for finding in outcome.findings:
        name = f"{finding_title(finding)}: {finding.subject}"
        seen[name] += 1  # of two tests with the same name, some CI servers show only one
        number = f" ({seen[name]})" if seen[name] > 1 else ""
        suite.append(_case(outcome, finding, name + number))
    if outcome.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(outcome.notes)
    return suite


def _remarks_suite(report: Report) -> Element:
    count = str(len(report.remarks))
    suite = Element(
        "testsuite",
        name="mockserver accepted",
        tests=count,
        failures="0",
        errors="0",
        skipped=count,
        time="0",
        timestamp=_timestamp(report),
    )
    for remark in report.remarks:
        name = f"{remark.path}:{remark.line}: {remark.id}"
        case = ET.SubElement(
            suite, "testcase", classname="mockserver.accepted", name=name, time="0"
        )
        ET.SubElement(case, "skipped", message=remark.sentence)
    return suite


def _timestamp(report: Report) -> str:
    # Without an offset: the usual schema, JUnit.xsd, allows none.
    return report.run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _class(outcome: Outcome) -> str:
    return f"mockserver.{outcome.verb}"


def _case(outcome: Outcome, finding: Finding, name: str) -> Element:
    case = Element("testcase", classname=_class(outcome), name=name, time="0")
    accepted = finding.acceptance.sentence if finding.acceptance else ""
    id_line = f"id: {finding.id}" if finding.id else ""
    parts = (finding.sentence, finding.evidence, finding.curl, id_line)
    details = "\n".join(filter(None, parts))
    if finding.verdict is Verdict.ACCEPTED:
        ET.SubElement(case, "skipped", message=accepted)
        ET.SubElement(case, "system-out").text = details
    elif finding.verdict is Verdict.KNOWN:
        ET.SubElement(case, "system-out").text = f"{VERDICT_LABELS[finding.verdict]}: {details}"
    else:
        kind, message = VERDICT_LABELS[finding.verdict], finding.sentence
        text = "\n".join(filter(None, (accepted, details)))
        ET.SubElement(case, "failure", type=kind, message=message).text = text
    return case
