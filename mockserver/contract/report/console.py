"""Printing a report on a terminal: what was tested, the result and what to do; then the details."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ...rendering import TerminalPrinter
from ..findings import Finding, Outcome, Table, Verdict
from .advice import LEGEND
from .report import (
    Remark,
    Report,
    counts_text,
    finding_label,
    finding_title,
    group_by_verdict,
    times_text,
    was_run,
)

_STYLES = {
    Verdict.NEW: "bold red",
    Verdict.GONE: "bold yellow",
    Verdict.ACCEPTED: "magenta",
    Verdict.KNOWN: "cyan",
}
_MARKS = {Verdict.NEW: "✗", Verdict.GONE: "!", Verdict.ACCEPTED: "○", Verdict.KNOWN: "~"}
_REMEDY = (
    "To accept findings: --write-accepted accepted.yaml lists them for review; with --accept "
    "accepted.yaml they are then shown and do not fail."
)


def print_report(report: Report, console: Console) -> None:
    """Print the report. `console` decides on colours: a terminal has them, a file has none."""
    printer = _ReportPrinter(console)
    printer.print_opening(report)
    for outcome in report.outcomes:
        printer.print_outcome(outcome)
    printer.print_remarks(report.remarks)
    printer.print_legend()
    if any(finding.fails and finding.id for finding in report.findings):
        printer.print_wrapped(_REMEDY, "dim")
    printer.print_headline(report)


class _ReportPrinter(TerminalPrinter):
    def print_opening(self, report: Report) -> None:
        """Print what was tested, the result, and of each failing finding what to do."""
        self.print_rule("tested")
        for name, value in report.run.facts:
            self.print_line(f"{name:<13}", value)
        self.console.print()
        self.print_headline(report)
        self.print_wrapped(report.spent, "dim", indent=2)
        if report.advice:
            self.print_rule("what to do")
        for finding, advice in report.advice:
            mark = f"{_MARKS[finding.verdict]} {finding_label(finding)}: "
            subject = f"  {finding.subject}"
            self.print_heading(mark, _STYLES[finding.verdict], finding_title(finding), subject)
            self.print_wrapped(finding.sentence, "", indent=4)
            for name, text in advice.lines:
                if text == advice.reproduce:
                    self.print_line(f"    {name}:", text)
                else:
                    self.print_wrapped(f"{name}: {text}", "", indent=4)

    def print_headline(self, report: Report) -> None:
        mark, style = ("✗", "bold red") if report.fails else ("✓", "bold green")
        self.print_wrapped(f"{mark} {report.headline}", style)

    def print_legend(self) -> None:
        self.print_rule("words")
        for word, meaning in LEGEND:
            self.print_wrapped(f"{word}: {meaning}", "dim", indent=2)

    def print_outcome(self, outcome: Outcome) -> None:
        self.print_rule(outcome.verb)
        for verdict, findings in group_by_verdict(outcome.findings):
            for finding in findings:
                self.print_finding(verdict, finding)
        for sentence in outcome.holds:
            self.print_wrapped(f"✓ {sentence}", "green")
        for table in outcome.tables:
            if not table.reports_only:
                self.print_table(table)
        for note in outcome.notes:
            self.print_wrapped(f"note: {note}", "dim", indent=2)
        counts = counts_text(outcome) if was_run(outcome) else "not run"
        self.print_wrapped(counts, "dim", indent=2)

    def print_finding(self, verdict: Verdict, finding: Finding) -> None:
        mark = f"{_MARKS[verdict]} {finding_label(finding)}: "
        subject = f"  {finding.subject}{times_text(finding)}"
        self.print_heading(mark, _STYLES[verdict], finding_title(finding), subject)
        for text, style in _details(finding):
            self.print_wrapped(text, style, indent=4)
        if finding.curl:
            self.print_line("    $", finding.curl)
        if finding.id:
            self.print_line("    id:", finding.id)

    def print_remarks(self, remarks: Sequence[Remark]) -> None:
        """Print what there is to say about the list of accepted findings."""
        if remarks:
            self.print_rule("accepted")
        for remark in remarks:
            # Not wrapped: it has an id to be copied, and the place of the entry.
            mark, style = ("!", "bold yellow") if remark.is_warning else (" ", "dim")
            self.console.print(Text(self.encodable(f"{mark} {remark}"), style), soft_wrap=True)

    def print_table(self, table: Table) -> None:
        grid = RichTable(
            title=Text(self.encodable(table.title), "bold"),
            title_justify="left",
            box=None,
            header_style="dim",
            padding=(0, 2, 0, 0),
        )
        for name in table.columns:
            grid.add_column(Text(self.encodable(name)), overflow="fold")
        for row in table.rows:
            grid.add_row(*(Text(self.encodable(cell)) for cell in row))
        self.console.print(Padding(grid, (1, 0, 1, 2), expand=False))


def _details(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.acceptance:
        yield finding.acceptance.sentence, "bold"
    yield finding.sentence, ""
    if finding.party:
        yield f"at fault: {finding.party.value}", "bold"
    if finding.evidence and finding.fails:
        yield finding.evidence, "dim"
