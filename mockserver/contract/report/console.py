"""A report on a terminal: what is new first, then what is known, then what holds."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ..findings import Finding, Outcome, Table, Verdict
from .report import VERDICT_LABELS, Report, finding_title, group_by_verdict

_STYLES = {Verdict.NEW: "bold red", Verdict.GONE: "bold yellow", Verdict.KNOWN: "cyan"}
_MARKS = {Verdict.NEW: "✗", Verdict.GONE: "!", Verdict.KNOWN: "~"}
_ASCII = {"✗": "x", "✓": "+", "─": "-"}


def print_report(report: Report, console: Console) -> None:
    """Print the page. Colours are the console's affair: a terminal has them, a file has none."""
    page = _ReportPrinter(console)
    for outcome in report.outcomes:
        page.outcome(outcome)
    page.rule("result")
    for name, value in report.run.facts:
        page.line(f"{name:<13}", value)
    console.print()
    mark, style = ("✗", "bold red") if report.fails else ("✓", "bold green")
    page.text(f"{mark} {report.headline}", style)


class _ReportPrinter:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.ascii_marks = not (console.encoding or "").lower().startswith("utf")

    def encodable(self, text: str) -> str:
        """Our own marks where the terminal has them."""
        for mark, instead in _ASCII.items() if self.ascii_marks else ():
            text = text.replace(mark, instead)
        return text.encode(self.console.encoding or "utf-8", "backslashreplace").decode(
            self.console.encoding or "utf-8"
        )

    def text(self, text: str, style: str = "", *, indent: int = 0) -> None:
        """Lines that are wrapped as wide as the terminal is, and end where they end."""
        wide = max(20, self.console.width - indent)
        for line in Text(self.encodable(text), style).wrap(self.console, wide):
            line.rstrip()
            self.console.print(Text(" " * indent) + line, soft_wrap=True)

    def line(self, name: str, value: str) -> None:
        """A line that is never wrapped, so that it can be copied."""
        whole = Text.assemble((self.encodable(name), "dim"), " ", self.encodable(value))
        self.console.print(whole, soft_wrap=True)

    def rule(self, name: str) -> None:
        line = "─" * max(3, min(self.console.width, 100) - len(name) - 4)
        self.console.print()
        self.text(f"── {name} {line}"[: self.console.width], "bold")

    def outcome(self, outcome: Outcome) -> None:
        self.rule(outcome.verb)
        for verdict, findings in group_by_verdict(outcome.findings):
            for finding in findings:
                self.finding(verdict, finding)
        for sentence in outcome.holds:
            self.text(f"✓ {sentence}", "green")
        for table in outcome.tables:
            if not table.reports_only:
                self.table(table)
        for note in outcome.notes:
            self.text(f"note: {note}", "dim", indent=2)
        counts = [f"{count:,} {name}" for name, count in outcome.counts.items()]
        self.text(", ".join([*counts, f"{outcome.seconds:.1f} s"]), "dim", indent=2)

    def finding(self, verdict: Verdict, finding: Finding) -> None:
        times = f" ({finding.times:,} times)" if finding.times > 1 else ""
        heading = Text.assemble(
            (self.encodable(f"{_MARKS[verdict]} {VERDICT_LABELS[verdict]}: "), _STYLES[verdict]),
            (self.encodable(finding_title(finding)), "bold"),
            self.encodable(f"  {finding.subject}{times}"),
        )
        self.console.print(heading, soft_wrap=True)
        for text, style in _details(finding):
            self.text(text, style, indent=4)
        if finding.curl:
            self.line("    $", finding.curl)

    def table(self, table: Table) -> None:
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
    yield finding.sentence, ""
    if finding.party:
        yield f"wrong is {finding.party.value}", "bold"
    if finding.evidence and finding.fails:
        yield finding.evidence, "dim"
