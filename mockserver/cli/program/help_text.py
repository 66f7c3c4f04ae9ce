"""A help page as text for a terminal, at most 100 columns wide, and readable at 80.

Invariant: no line is longer than the width, except a word or an example that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap

from .help_page import Entry, HelpPage

MAX_WIDTH = 100
"""Longer lines are hard to read."""
_NAMES = 25  # columns; the help of a longer name begins below it
_INDENT = "  "


def help_text(page: HelpPage, width: int) -> str:
    """The page in lines of at most `width` columns."""
    lines = [*_fold(f"Usage: {page.usage}", width, " " * 8), ""]
    for paragraph in page.text.strip("\n").split("\n\n"):
        lines += [*_paragraph(paragraph, width), ""]
    for section in page.sections:
        lines.append(f"{section.title}:")
        for entry in section.entries:
            lines += _entry(entry, width)
        lines.append("")
    return "\n".join(lines)


def _paragraph(text: str, width: int) -> list[str]:
    """A paragraph, folded; an indented one is an example and stays as it is."""
    if text.startswith("    "):
        return text.splitlines()
    plain = re.sub(r"(?<!\w)\*(\S[^*]*)\*(?!\w)", r"\1", text.replace("`", ""))
    return _fold(plain, width, "")


def _entry(entry: Entry, width: int) -> Iterator[str]:
    facts = f" [{'; '.join(entry.facts)}]" if entry.facts else ""
    text = (entry.text.replace("`", "") + facts).strip()
    name = f"{_INDENT}{entry.name}"
    column = _NAMES + len(_INDENT)
    folded = wrap(text, width - column, break_long_words=False, break_on_hyphens=False)
    if len(name) + 1 >= column or not folded:
        yield name
    else:
        yield f"{name:{column}}{folded.pop(0)}"
    yield from (" " * column + line for line in folded)


def _fold(text: str, width: int, indent: str) -> list[str]:
    return wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
