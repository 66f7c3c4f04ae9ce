"""The commands `report merge`, which makes one report of several, and `report schema`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..resources import resource_text
from .contract_flags import needs_extra
from .program import CommandApp
from .shared_options import OUTPUT, FolderOption, HtmlOption, JsonOption, MarkdownOption

commands = CommandApp()
report_commands = CommandApp(
    help="Merge reports of the contract kit, or print their schema.", no_args_is_help=True
)
commands.add_typer(report_commands, name="report")

_PathsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="DIR", help="A folder of --report, or one that holds several; or a report.json."
    ),
]
_JunitOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Also write JUnit XML; it is replaced.", rich_help_panel=OUTPUT
    ),
]
_AcceptOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Findings that FILE accepts do not fail, as for verify.",
        rich_help_panel=OUTPUT,
    ),
]
_WriteAcceptedOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write what was found to FILE, or bring it up to date, as for verify.",
        rich_help_panel=OUTPUT,
    ),
]


@report_commands.command()
def merge(
    paths: _PathsArgument,
    report: FolderOption = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    html: HtmlOption = None,
    junit: _JunitOption = None,
    accept: _AcceptOption = None,
    write_accepted: _WriteAcceptedOption = None,
) -> None:
    """Merge reports of verify, drift, fuzz or diff into one.

    The shards of a run become the report of the whole run: what they covered is added up, and each
    finding counts once. Several servers, such as releases or databases, become a table.

        mockserver verify --spawn prefect --shard 1/2 --report out/1
        mockserver verify --spawn prefect --shard 2/2 --report out/2
        mockserver report merge out --report merged

    Exit codes: 0 the contract holds, 1 it does not, or a shard is missing, 2 wrong use.
    """
    if as_json and as_markdown:
        raise UsageError("--json and --markdown were given; expected one of them")
    with needs_extra("report merge"):
        from ..contract import MergeOptions, run_merge
        from ..contract.report import HTML_REPORT, JSON_REPORT, JUNIT_REPORT, MARKDOWN_REPORT

        files = {HTML_REPORT: html, JUNIT_REPORT: junit}
        options = MergeOptions(
            paths,
            report,
            {form: path for form, path in files.items() if path is not None},
            JSON_REPORT if as_json else MARKDOWN_REPORT if as_markdown else None,
            accept,
            write_accepted,
        )
        if run_merge(options, os.environ):
            raise typer.Exit(1)


@report_commands.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of report.json."""
    print(resource_text("contract/report/report.schema.json"), end="")  # noqa: T201
