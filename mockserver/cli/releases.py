"""The command `releases`: its options, and what they may be together.

reports/release_report.py does the work and is imported when the command runs.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .program import CommandApp
from .shared_options import HtmlOption, JsonOption, NowOption, parse_now

commands = CommandApp()


class Database(StrEnum):
    """The names of `prefect.DATABASES`."""

    sqlite = "sqlite"
    postgresql = "postgresql"


ReleasesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RELEASE",
        help="None: list them. One: what it does. Two: what changes from the first to the second.",
        show_default=False,
    ),
]
DatabaseOption = Annotated[
    Database | None,
    typer.Option(
        metavar="|".join(Database),
        help="The database of the server. Default: both; for two releases, sqlite.",
        show_default=False,
    ),
]
RequestsOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="What your script sends: bodies of bulk_delete, one a line, or requests with "
        "method, path and body, or a journal as /_mock/journal returns it; - reads stdin.",
    ),
]
RunsOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="SEEDS",
        help="Your flow runs, as 'serve' takes them (a copy of your server's); repeatable.",
    ),
]


@commands.command()
def releases(
    releases: ReleasesArgument = None,
    database: DatabaseOption = None,
    requests: RequestsOption = None,
    runs: RunsOption = None,
    now: NowOption = None,
    as_json: JsonOption = False,
    html: HtmlOption = None,
) -> None:
    """Tell what Prefect's releases changed, and what an upgrade does to your requests.

    *What will my clean-up delete after the upgrade?* Put what it sends into a file, one body on a
    line, or let it run against 'mockserver serve --journal 1000' and save /_mock/journal. Then:

        mockserver releases 3.8.8 3.9.1 --requests sent.jsonl --runs runs.ndjson

    The exit code is 1 if a request would select other flow runs; without --runs, if it would mean
    something else.
    """
    given = releases or []
    if len(given) > 2:
        raise UsageError(f"{len(given)} releases were given; expected none, one or two")
    if len(given) < 2 and (requests or runs):
        raise UsageError("--requests and --runs need two releases to compare")
    if runs and not requests:
        raise UsageError("--runs needs --requests, which says what is done to these flow runs")
    from .output import ReportOutput
    from .reports import CompareOptions, compare, describe

    output = ReportOutput(html, as_json=as_json)
    if len(given) < 2:
        describe(given, None if database is None else database.value, output)
        return
    name = (database or Database.sqlite).value
    options = CompareOptions(given[0], given[1], name, requests, tuple(runs or ()), parse_now(now))
    if compare(options, output):
        raise typer.Exit(1)
