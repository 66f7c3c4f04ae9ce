"""Printing on a terminal: wrapped text, lines to copy, rules between sections, whole pages."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.text import Text

from .page import Entry, Page, Section, Tone

STYLES = {
    Tone.BAD: "bold red",
    Tone.WARNING: "bold yellow",
    Tone.NOTICE: "cyan",
    Tone.GOOD: "green",
}
MARKS = {Tone.BAD: "✗", Tone.WARNING: "!", Tone.NOTICE: "~", Tone.GOOD: "✓"}
_ASCII = {"✗": "x", "✓": "+", "─": "-", "○": "o"}  # for an encoding such as ASCII or Latin-1
_MAX_RULE = 100  # columns: a longer rule than that helps nobody to find a section


class TerminalPrinter:
    """Prints on a console, which decides on colours: a terminal has them, a file has none."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.ascii_marks = not (console.encoding or "").lower().startswith("utf")

    def encodable(self, text: str) -> str:
        """The text in characters that the console's encoding has.

        Without UTF, marks become ASCII; other characters that are missing become escapes.
        """
        for mark, ascii_mark in _ASCII.items() if self.ascii_marks else ():
            text = text.replace(mark, ascii_mark)
        return text.encode(self.console.encoding or "utf-8", "backslashreplace").decode(
            self.console.encoding or "utf-8"
        )

    def print_wrapped(self, text: str, style: str = "", *, indent: int = 0) -> None:
        """Print text wrapped to the terminal's width, without spaces at the end of lines."""
        width = max(20, self.console.width - indent)
        # Text and not str: rich reads [...] in a str as markup.
        for line in Text(self.encodable(text), style).wrap(self.console, width):
            line.rstrip()
            self.console.print(Text(" " * indent) + line, soft_wrap=True)

    def print_line(self, name: str, value: str) -> None:
        """Print a line without wrapping it, so that it can be copied."""
        whole = Text.assemble((self.encodable(name), "dim"), " ", self.encodable(value))
        # Else rich breaks the line at the width of the terminal.
        self.console.print(whole, soft_wrap=True)

    def print_heading(self, mark: str, style: str, title: str, rest: str) -> None:
        """Print what an entry or a finding is, in a line that is not wrapped."""
        heading = Text.assemble(
            (self.encodable(mark), style), (self.encodable(title), "bold"), self.encodable(rest)
        )
        self.console.print(heading, soft_wrap=True)

    def print_rule(self, name: str) -> None:
        """Print the name of a section in a line across the terminal."""
        line = "─" * max(3, min(self.console.width, _MAX_RULE) - len(name) - 4)
        self.console.print()
        self.print_wrapped(f"── {name} {line}"[: self.console.width], "bold")


def print_page(page: Page, console: Console, *, lead: bool = False) -> None:
    """Print a page, its headline last: that is where a reader of a terminal looks first.

    `lead`: it also comes first, for a page of which the beginning matters most.
    """
    printer = TerminalPrinter(console)
    if lead:
        printer.print_wrapped(f"{page.mark} {page.headline}", STYLES[page.tone])
    for section in page.sections:
        _print_section(section, printer)
    printer.print_rule("result")
    width = max((len(name) for name, _ in page.facts), default=0)
    for name, value in page.facts:
        printer.print_line(f"{name:<{width}}", value)
    if page.facts:
        console.print()
    printer.print_wrapped(f"{page.mark} {page.headline}", STYLES[page.tone])


def page_text(page: Page, width: int = _MAX_RULE) -> str:
    """A page as plain text of so many columns, its headline first and last; without a line end."""
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, highlight=False)
    print_page(page, console, lead=True)
    return out.getvalue().rstrip("\n")


def _print_section(section: Section, printer: TerminalPrinter) -> None:
    printer.print_rule(section.name)
    for entry in section.entries:
        _print_entry(entry, printer)
    for sentence in section.good:
        printer.print_wrapped(f"✓ {sentence}", STYLES[Tone.GOOD])
    for note in section.notes:
        printer.print_wrapped(note, "dim", indent=2)


def _print_entry(entry: Entry, printer: TerminalPrinter) -> None:
    mark = f"{MARKS[entry.tone]} {entry.label}: " if entry.label else f"{MARKS[entry.tone]} "
    subject = f"  {entry.subject}" if entry.subject else ""
    printer.print_heading(mark, STYLES[entry.tone], entry.title, subject)
    if not entry.opened:
        return
    if entry.code:
        printer.print_wrapped(entry.code, "dim", indent=4)
    for name, text in entry.details:
        printer.print_wrapped(f"{name}: {text}" if name else text, indent=4)
    widths = [max(map(len, column)) for column in zip(*entry.rows, strict=True)]
    for row in entry.rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        # Not wrapped: a row has an id to be copied.
        printer.print_line("     ", "  ".join(cells).rstrip())
