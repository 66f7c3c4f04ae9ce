"""Rendering a report as JUnit XML, as the common CI servers read it.

Each command is a test suite. Passed checks and known findings are passed tests; a known finding has
its text in `system-out`. New findings, and known ones that are gone, are failures.
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
        skipped="0",
        time=f"{outcome.seconds:.3f}",
        # Without an offset: the usual schema, JUnit.xsd, allows none.
        timestamp=report.run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
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


def _class(outcome: Outcome) -> str:
    return f"mockserver.{outcome.verb}"


def _case(outcome: Outcome, finding: Finding, name: str) -> Element:
    case = Element("testcase", classname=_class(outcome), name=name, time="0")
    details = "\n".join(filter(None, (finding.sentence, finding.evidence, finding.curl)))
    if finding.verdict is Verdict.KNOWN:
        ET.SubElement(case, "system-out").text = f"{VERDICT_LABELS[finding.verdict]}: {details}"
    else:
        kind, message = VERDICT_LABELS[finding.verdict], finding.sentence
        ET.SubElement(case, "failure", type=kind, message=message).text = details
    return case
