"""Options that several commands have: the time, and the forms of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..prefect import SEED_TIME_SYNTAX, parse_seed_time
from .program import FlagGroup

if TYPE_CHECKING:
    from .output import ReportOutput

OUTPUT = "What is told and written"
"""Where --help lists the forms of a report."""

NowOption = Annotated[
    str | None,
    typer.Option(
        "--now",
        envvar="MOCKSERVER_NOW",
        metavar="TIME",
        help="Freeze the clock at this time: an RFC 3339 date-time, or a relative one such as "
        "now-1d. Relative times in seeds and requests count from it.",
    ),
]

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of text.", rich_help_panel=OUTPUT)
]
MarkdownOption = Annotated[
    bool,
    typer.Option(
        "--markdown", help="Print Markdown, as for a pull request.", rich_help_panel=OUTPUT
    ),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Also write the report as one HTML page; it is replaced.",
        rich_help_panel=OUTPUT,
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Write reports to FOLDER: HTML, JSON, JUnit XML and markdown.",
        rich_help_panel=OUTPUT,
    ),
]


def parse_now(text: str | None) -> datetime | None:
    """Return the time that --now gives, in UTC; None if it was not given. Raises UsageError."""
    if text is None:
        return None
    try:
        return parse_seed_time(text, datetime.now(UTC))
    except ValueError:
        came = f"--now (or MOCKSERVER_NOW) is {text!r}"
        raise UsageError(f"{came}; expected {SEED_TIME_SYNTAX}") from None


@dataclass(frozen=True, slots=True)
class ClockFlags(FlagGroup):
    """What time it is."""

    now: NowOption = None

    @property
    def time(self) -> datetime | None:
        """The time that --now gives, in UTC; None if it was not given. Raises UsageError."""
        return parse_now(self.now)


@dataclass(frozen=True, slots=True)
class ReportFlags(FlagGroup):
    """The forms in which a command tells its report."""

    TITLE = OUTPUT

    as_json: JsonOption = False
    as_markdown: MarkdownOption = False
    html: HtmlOption = None

    def output(self) -> ReportOutput:
        """Return these flags as what tells the report. Raises UsageError."""
        from .output import ReportOutput

        return ReportOutput(
            self.html, as_json=self.as_json, as_markdown=self.as_markdown, lead=True
        )
