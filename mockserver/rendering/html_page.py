"""HTML pages that load nothing: no script, file or other origin.

Invariant: a page is built of elements, not of joined text, so that all text is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from string import Template
from xml.etree import ElementTree as ET

from ..resources import resource_text
from .page import Entry, Page, Section

Element = ET.Element
_TEMPLATE = "rendering/page.html"


def element(tag: str, *children: Element | str, **attributes: str) -> Element:
    """An element with child elements and texts; the attribute `class` is passed as `class_`."""
    made = Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif last is None:  # ElementTree keeps text before the first child in `text`,
            made.text = (made.text or "") + child
        else:  # and text after a child in that child's `tail`
            last.tail = (last.tail or "") + child
    return made


def html_document(title: str, parts: Iterable[Element]) -> str:
    """A whole document in the style that all pages have."""
    # method: as XML, an empty element would be <p/>, which HTML reads as an opened one.
    body = "\n".join(ET.tostring(part, encoding="unicode", method="html") for part in parts)
    template = Template(resource_text(_TEMPLATE))
    # A $ in the values is safe: they are not substituted again.
    return template.substitute(title=html.escape(title), body=body)


def render_page(page: Page) -> str:
    """A page as a whole HTML document."""
    facts = element("dl")
    for name, value in page.facts:
        facts.extend((element("dt", name), element("dd", value)))
    heading = element("h1", element("span", page.mark), f" {page.headline}")
    header = element("header", heading, facts, class_=page.tone.value)
    footer = element("p", "Made by mockserver.", class_="soft")
    return html_document(page.headline, [header, *map(_section, page.sections), footer])


def _section(section: Section) -> Element:
    return element("section", element("h2", section.name), *_contents(section))


def _contents(section: Section) -> Iterator[Element]:
    yield from map(_entry, section.entries)
    if section.good:
        yield element("ul", *(element("li", text) for text in section.good), class_="holds ok")
    if section.notes:
        yield element("ul", *(element("li", text) for text in section.notes))


def _entry(entry: Entry) -> Element:
    heading = element(
        "summary",
        element("span", entry.label, class_="word"),
        element("b", entry.title),
        element("code", entry.subject),
    )
    parts = [heading]
    if entry.code:
        parts.append(element("pre", entry.code))
    for name, text in entry.details:
        parts.append(element("p", element("b", f"{name}: "), text) if name else element("p", text))
    if entry.rows:
        rows = [element("tr", *(element("td", cell) for cell in row)) for row in entry.rows]
        parts.append(element("div", element("table", element("tbody", *rows)), class_="scroll"))
    opened = {"open": ""} if entry.opened else {}
    return element("details", *parts, class_=entry.tone.value, **opened)
