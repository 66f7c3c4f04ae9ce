"""Telling a report in the form that the user asked for: text, JSON, Markdown, an HTML page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ...errors import UsageError
from ...rendering import Page, print_page, render_markdown, render_page
from .atomic_write import atomic_write
from .notes import print_note


@dataclass(frozen=True, slots=True)
class ReportOutput:
    """How a report is told: as text, JSON or Markdown on stdout, and as a page in a file.

    `lead`: the headline also comes first in the text. Raises UsageError for a file that is not
    named as a page, and for two forms at once.
    """

    html: Path | None = None
    as_json: bool = False
    as_markdown: bool = False
    lead: bool = False

    def __post_init__(self) -> None:
        if self.html and self.html.suffix not in (".html", ".htm"):
            raise UsageError(f"--html is {self.html}; expected a name that ends in .html")
        if self.as_json and self.as_markdown:
            raise UsageError("--json and --markdown were given; expected one of them")

    def tell(self, page: Page, value: dict[str, Any], html_page: Page | None = None) -> None:
        """Print the page or the JSON value, and write the HTML page, by default the same page."""
        self._print(page, value)
        if self.html:
            with atomic_write(self.html, overwrite=True) as file:
                file.write(render_page(html_page or page).encode())
            print_note(f"wrote {self.html}")

    def _print(self, page: Page, value: dict[str, Any]) -> None:
        if self.as_json:
            print(json.dumps(value, indent=2))  # noqa: T201
        elif self.as_markdown:
            print(render_markdown(page), end="")  # noqa: T201
        else:
            print_page(page, Console(highlight=False), lead=self.lead)
