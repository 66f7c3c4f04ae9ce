"""The page: a report as a value, which says what is shown and not how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How serious something is. The values are the classes of page.html, which have colours."""

    BAD = "new"
    WARNING = "gone"
    NOTICE = "known"
    GOOD = "ok"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a section.

    `label` is its kind in a word, `title` what it is about, `subject` where or when. `details` are
    texts with a name each, which may be empty. `code` is shown as it is; `rows` are a table
    without a head. Of an entry that is not `opened`, a terminal shows the first line, and an HTML
    page shows the rest when a reader opens it.
    """

    tone: Tone
    label: str
    title: str
    subject: str = ""
    details: tuple[tuple[str, str], ...] = ()
    code: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    opened: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: its entries, then what is good, then notes."""

    name: str
    entries: tuple[Entry, ...] = ()
    good: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A report: its headline (a sentence without a full stop), its facts, its sections."""

    tone: Tone
    headline: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    @property
    def mark(self) -> str:
        """The sign before the headline."""
        return "✗" if self.tone is Tone.BAD else "✓"
