"""Rendering: how a report looks on a terminal, as an HTML page and as Markdown.

Comes in: a `Page`, which is a headline and sections of entries; or lines and elements, from a
report that is built otherwise. Goes out: text on a rich console, HTML that loads nothing, Markdown.
Invariant: a text is shown as it is. Each renderer escapes it for its own syntax.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports
from .page import Entry, Page, Section, Tone

if TYPE_CHECKING:
    from .html_page import Element, element, html_document, render_page
    from .markdown_page import render_markdown
    from .terminal import TerminalPrinter, page_text, print_page

__getattr__ = lazy_exports(
    __name__,
    {
        "html_page": ("Element", "element", "html_document", "render_page"),
        "markdown_page": ("render_markdown",),
        "terminal": ("TerminalPrinter", "page_text", "print_page"),
    },
)
