"""Printing on a terminal. Claim: any text is shown, whatever the width and the encoding."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from rich.console import Console

from mockserver.rendering import Entry, Page, Section, Tone
from mockserver.rendering.terminal import TerminalPrinter, print_page

ENTRY = Entry(
    Tone.BAD,
    "differs",
    "f:1",
    "POST /x",
    (("3.8.8 deletes", "all [bold]of[/bold] them"), ("", "a sentence")),
    '{"a": 1}',
    (("only 3.8.8", "id", "long-name", "Late"), ("only 3.8.8", "... and 2 more", "", "")),
)


def printed(page: Page, *, width: int = 60, encoding: str = "utf-8", colour: bool = False) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    system: Literal["standard", "auto"] = "standard" if colour else "auto"
    console = Console(
        file=stream, width=width, highlight=False, force_terminal=colour, color_system=system
    )
    print_page(page, console)
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode(encoding)


def page_of(*sections: Section, facts: tuple[tuple[str, str], ...] = ()) -> Page:
    return Page(Tone.BAD, "Something changed", facts, sections)


def test_a_page_is_printed_with_its_headline_last() -> None:
    """Entries with their table, then what is good, then notes; markup is text."""
    section = Section("requests", (ENTRY,), ("this is good",), ("a note",))
    assert printed(page_of(section, facts=(("database", "SQLite"), ("runs", "4")))) == (
        "\n"
        "── requests ────────────────────────────────────────────────\n"
        "✗ differs: f:1  POST /x\n"
        '    {"a": 1}\n'
        "    3.8.8 deletes: all [bold]of[/bold] them\n"
        "    a sentence\n"
        "      only 3.8.8  id              long-name  Late\n"
        "      only 3.8.8  ... and 2 more\n"
        "✓ this is good\n"
        "  a note\n"
        "\n"
        "── result ──────────────────────────────────────────────────\n"
        "database SQLite\n"
        "runs     4\n"
        "\n"
        "✗ Something changed\n"
    )


def test_a_folded_entry_is_one_line() -> None:
    """Without a label the mark stands alone, and without facts no empty line is left."""
    entry = Entry(Tone.NOTICE, "", "late-once", details=(("before", "x"),), opened=False)
    assert printed(page_of(Section("s", (entry,)))).splitlines()[2:] == [
        "~ late-once",
        "",
        f"── result {'─' * 50}",
        "✗ Something changed",
    ]


@pytest.mark.parametrize(
    ("encoding", "mark", "name"), [("ascii", "x", "\\xdc"), ("latin-1", "x", "Ü")]
)
def test_other_encodings_have_marks_they_can_hold(encoding: str, mark: str, name: str) -> None:
    """And escapes for characters that they lack."""
    page = page_of(Section("s", notes=("Ü",)))
    text = printed(page, encoding=encoding)
    assert f"{mark} Something changed" in text
    assert f"  {name}\n" in text


def test_long_texts_are_wrapped_and_rows_are_not() -> None:
    """So that an id can be copied."""
    entry = Entry(Tone.BAD, "", "t", details=(("a", "word " * 10),), rows=(("id" * 30,),))
    lines = printed(page_of(Section("s", (entry,))), width=40).splitlines()
    assert f"      {'id' * 30}" in lines
    assert sum("word" in line for line in lines) == 2
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("colour", [True, False])
def test_only_a_terminal_has_colours(colour: bool) -> None:
    """A file or a pipe gets plain text."""
    text = printed(page_of(Section("s", (ENTRY,))), colour=colour)
    assert ("\x1b[" in text) is colour


def test_a_rule_is_never_longer_than_the_terminal() -> None:
    """Also where the name alone is longer."""
    stream = io.StringIO()
    TerminalPrinter(Console(file=stream, width=20)).print_rule("a long name of a section")
    assert stream.getvalue() == "\n── a long name of a\n"


def test_a_headline_may_also_lead() -> None:
    """For a long page of which the beginning matters most; its last line stays the headline."""
    stream = io.StringIO()
    page = Page(Tone.GOOD, "Nothing goes", (), (Section("s", notes=("a note",)),))
    print_page(page, Console(file=stream, width=60), lead=True)
    lines = stream.getvalue().splitlines()
    assert lines[0] == lines[-1] == "✓ Nothing goes"
