"""HTML pages. Claim: any text is shown as it is, and a page loads nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.rendering import Entry, Page, Section, Tone
from mockserver.rendering.html_page import element, html_document, render_page

VOID = {"meta", "link", "br", "img"}


class Reader(HTMLParser):
    """Collects the visible texts, and checks that tags nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        assert not {name for name, _ in attrs} & {"onclick", "onload", "src"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.texts.append(data)


def texts_of(document: str) -> list[str]:
    reader = Reader()
    reader.feed(document)
    reader.close()
    assert reader.open == []
    return reader.texts


ENTRY = Entry(
    Tone.BAD,
    "differs",
    "f:1",
    "POST /x",
    (("3.8.8 deletes", "all"), ("", "a sentence")),
    '{"a": 1}',
    (("only 3.8.8", "id", "<b>name</b>"),),
)


def page_of(*sections: Section, tone: Tone = Tone.BAD) -> Page:
    return Page(tone, "Something changed", (("database", "SQLite"),), sections)


def test_everything_on_a_page_is_shown() -> None:
    """Headline, facts, and all of a section, in order."""
    section = Section("requests", (ENTRY,), ("this is good",), ("a note",))
    shown = texts_of(render_page(page_of(section)))
    assert shown[0] == "Something changed"  # the title of the window
    assert shown[1:] == [
        "✗", " Something changed", "database", "SQLite", "requests", "differs", "f:1", "POST /x",
        '{"a": 1}', "3.8.8 deletes: ", "all", "a sentence", "only 3.8.8", "id", "<b>name</b>",
        "this is good", "a note", "Made by mockserver.",
    ]  # fmt: skip


def test_an_empty_section_has_only_its_name() -> None:
    """No list without items."""
    document = render_page(page_of(Section("nothing"), tone=Tone.GOOD))
    assert "<ul" not in document
    assert "✓" in texts_of(document)


@pytest.mark.parametrize(("opened", "count"), [(True, 1), (False, 0)])
def test_an_entry_can_be_folded(opened: bool, count: int) -> None:
    """A reader opens it."""
    entry = Entry(Tone.NOTICE, "changed", "late-once", opened=opened)
    document = render_page(page_of(Section("s", (entry,))))
    assert document.count('<details class="known" open="">') == count
    assert document.count("<details") == 1


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_any_text_is_escaped(text: str) -> None:
    """Whatever it holds: markup, references, placeholders of the template."""
    section = Section("s", notes=(f"({text})",))
    assert f"({text})" in texts_of(render_page(page_of(section)))
    assert texts_of(html_document(f"({text})", []))[0] == f"({text})"


def test_a_page_loads_nothing() -> None:
    """Its policy forbids it, and nothing in it asks for it."""
    document = render_page(page_of())
    assert "default-src 'none'" in document
    assert not re.findall(r"https?://|url\(|@import|<script", document)


def test_every_tone_has_its_colour() -> None:
    """The classes are in the style sheet."""
    document = render_page(page_of())
    for tone in Tone:
        assert f".{tone.value} {{ --mark:" in document


def test_texts_stand_between_elements_in_order() -> None:
    """Before the first child, and after each."""
    made = element("p", "a", "b", element("b", "c"), "d", "e", element("i"), class_="x")
    document = html_document("t", [made])
    assert '<p class="x">ab<b>c</b>de<i></i></p>' in document
