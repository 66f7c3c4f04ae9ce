"""Pages as Markdown, for a pull request, an issue or the summary of a CI job.

Invariant: a text is shown as it is: characters that mean something in Markdown are escaped, and
code and tables stay whole whatever is in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .page import Entry, Page, Section, Tone

_MARKS = {Tone.BAD: "❌", Tone.WARNING: "⚠️", Tone.NOTICE: "", Tone.GOOD: "✅"}
# GitHub also makes links of @name, #1 and addresses; a zero-width space would change what is
# copied, so these stay.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")
_BACKTICKS = re.compile("`+")


def render_markdown(page: Page) -> str:
    """A page as a Markdown document."""
    lines = [f"## {page.mark} {escape(page.headline)}", ""]
    lines += [f"- **{escape(name)}**: {escape(value)}" for name, value in page.facts]
    for section in page.sections:
        lines += ["", f"### {escape(section.name)}", *_section(section)]
    return "\n".join([*lines, ""])


def escape(text: str) -> str:
    """A text in one line of Markdown that is shown as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.splitlines()))


def _section(section: Section) -> Iterator[str]:
    for entry in section.entries:
        yield from _entry(entry)
    if section.good or section.notes:
        yield ""
    yield from (f"- ✅ {escape(text)}" for text in section.good)
    yield from (f"- {escape(text)}" for text in section.notes)


def _entry(entry: Entry) -> Iterator[str]:
    label = f"{entry.label}: " if entry.label else ""
    heading = f"**{escape(label + entry.title)}** {escape(entry.subject)}".rstrip()
    yield ""
    yield f"{_MARKS[entry.tone]} {heading}".lstrip()
    if entry.code:
        yield ""
        yield from _code(entry.code)
    if entry.details:
        yield ""
        for name, text in entry.details:
            yield f"- {escape(name)}: {escape(text)}" if name else f"- {escape(text)}"
    if entry.rows:
        yield ""
        yield from _table(entry.rows)


def _code(text: str) -> Iterator[str]:
    # A fence must be longer than any run of backticks in it.
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (fence, text, fence)


def _table(rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """A table: Markdown has none without a head, so its head is empty."""
    yield "|" + " |" * len(rows[0])
    yield "|" + "---|" * len(rows[0])
    for row in rows:
        yield f"| {' | '.join(escape(cell.strip()) for cell in row)} |"
