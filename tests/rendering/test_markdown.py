"""Markdown. Claim: any text is shown as it is, and tables and code stay whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.rendering import Entry, Page, Section, Tone
from mockserver.rendering.markdown_page import escape, render_markdown

ENTRY = Entry(
    Tone.BAD,
    "differs",
    "f:1",
    "POST /x",
    (("3.8.8 deletes", "all"), ("", "a sentence")),
    '{"a": 1}',
    (("only 3.8.8", "  id"), ("a|b", "")),
)
PAGE = Page(
    Tone.BAD,
    "Something changed",
    (("database", "SQLite"),),
    (Section("requests", (ENTRY,), ("good",), ("a note",)), Section("nothing")),
)


def test_everything_on_a_page_is_shown() -> None:
    """Headline, facts, and all of a section, in order."""
    assert (
        render_markdown(PAGE)
        == """\
## ✗ Something changed

- **database**: SQLite

### requests

❌ **differs: f:1** POST /x

```
{"a": 1}
```

- 3.8.8 deletes: all
- a sentence

| | |
|---|---|
| only 3.8.8 | id |
| a\\|b |  |

- ✅ good
- a note

### nothing
"""
    )


def test_an_entry_may_have_only_a_title() -> None:
    """Then it is a line."""
    section = Section("s", (Entry(Tone.NOTICE, "", "title"),))
    assert (
        render_markdown(Page(Tone.GOOD, "h", (), (section,))) == "## ✓ h\n\n\n### s\n\n**title**\n"
    )


def test_code_with_fences_stays_code() -> None:
    """The fence is longer than any in it."""
    section = Section("s", (Entry(Tone.NOTICE, "", "t", code="a\n````\nb"),))
    assert "`````\na\n````\nb\n`````" in render_markdown(Page(Tone.GOOD, "h", (), (section,)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b*c", "a\\_b\\*c"),
        ("<b>x</b>", "\\<b\\>x\\</b\\>"),
        ("[a](b)", "\\[a\\](b)"),
        ("two\nlines", "two lines"),
        ("name is one of {a}", "name is one of \\{a\\}"),
    ],
)
def test_what_markdown_reads_is_escaped(text: str, shown: str) -> None:
    """So it is shown as it is, in one line."""
    assert escape(text) == shown


@given(st.text())
def test_a_text_never_ends_its_line(text: str) -> None:
    """A cell or an item is one line, whatever it holds."""
    assert len(f"x{escape(text)}x".splitlines()) == 1
