"""The command `explain`: its options, and what they may be together.

reports/explanation_report.py does the work and is imported when the command runs.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .program import CommandApp
from .shared_options import HtmlOption, JsonOption, MarkdownOption, NowOption, parse_now

commands = CommandApp()


class Kind(StrEnum):
    """What a bulk delete is about."""

    FLOW_RUNS = "flow-runs"
    FLOWS = "flows"
    DEPLOYMENTS = "deployments"


FilterArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILTER",
        help="The filter, or the whole body of a bulk_delete: a file, - for stdin, or JSON itself.",
        show_default=False,
    ),
]
RunsOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="SEEDS",
        help="Your flow runs, as 'serve' takes them (a copy of your server's); repeatable. "
        "Default: the fixtures that come with mockserver.",
        rich_help_panel="Whose flow runs",
    ),
]
ServerOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The API of a server whose flow runs these are. It is only asked to list and to "
        "count. PREFECT_API_KEY or PREFECT_API_AUTH_STRING give the credentials.",
        rich_help_panel="Whose flow runs",
    ),
]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="'NAME: VALUE'",
        help="Sent to the server; repeatable.",
        rich_help_panel="Whose flow runs",
    ),
]
MostOption = Annotated[
    int,
    typer.Option(
        metavar="NUMBER",
        min=1,
        help="How many flow runs are read from a server. Of one that has more, only the runs that "
        "the filter selects are read, and what needs the others is left out.",
        rich_help_panel="Whose flow runs",
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="How long one reply of a server may take.",
        rich_help_panel="Whose flow runs",
    ),
]
PatienceOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="How long a failing request is sent to a server again.",
        rich_help_panel="Whose flow runs",
    ),
]
DialectOption = Annotated[
    str | None,
    typer.Option(
        envvar="MOCKSERVER_DIALECT",
        metavar="NAME[@RELEASE]",
        help="Whose server deletes: spec (as the API document says), prefect-sqlite, "
        "prefect-postgresql (the newest release), or a release, such as prefect-sqlite@3.8.8. "
        "Default: spec; with --server, what the server is.",
        show_default=False,
        rich_help_panel="What is asked",
    ),
]
ProtectOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILTER",
        help="Runs that must never go, given as FILTER is; repeatable. If one would go, it is "
        "shown, and the exit code is 1.",
        rich_help_panel="What is asked",
    ),
]
OfOption = Annotated[
    Kind,
    typer.Option(
        "--of",
        metavar="|".join(Kind),
        help="What the filter is about: what POST /flows/bulk_delete or /deployments/bulk_delete "
        "would delete, and what goes with it.",
        rich_help_panel="What is asked",
    ),
]
RunOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ID",
        help="Explain this run (its id or its name): what each condition says of it; repeatable.",
        rich_help_panel="What is asked",
    ),
]


@commands.command()
def explain(
    filter_: FilterArgument,
    of: OfOption = Kind.FLOW_RUNS,
    runs: RunsOption = None,
    server: ServerOption = None,
    dialect: DialectOption = None,
    protect: ProtectOption = None,
    run: RunOption = None,
    header: HeaderOption = None,
    # MAX_RUNS of mockserver.remote, written out: importing it for --help would import aiohttp.
    most: MostOption = 10_000,
    timeout: TimeoutOption = 60.0,
    patience: PatienceOption = 60.0,
    now: NowOption = None,
    as_json: JsonOption = False,
    markdown: MarkdownOption = False,
    html: HtmlOption = None,
) -> None:
    r"""Tell what a bulk_delete would delete, and why; nothing is deleted.

    *What will my clean-up take with it?* Give it the filter that your script sends, and a copy of
    your flow runs:

        mockserver explain filter.json --runs runs.ndjson

    It tells how many runs go, in how many calls, and what goes with them; by which conditions, and
    which runs are near misses; and which releases of Prefect would delete others. Is a run that
    you need among them? Let a filter protect it, and ask for it by name:

        mockserver explain filter.json --runs runs.ndjson \
          --protect '{"tags": {"any_": ["keep"]}}' --run nightly-etl-7

    *Without a copy:* --server URL asks the server itself, and only reads.

    *Flows and deployments* are deleted in bulk, too, and take flow runs with them. Here a filter
    on flow runs protects these, as {"flow_runs": {...}}:

        mockserver explain --of flows --runs runs.ndjson '{"name": {"like_": "o"}}'

    The exit code is 1 if a protected run would go, or if the server would fail to answer.
    """
    if protect and not (runs or server):
        raise UsageError("--protect needs --runs or --server: whose flow runs are protected?")
    if runs and server:
        raise UsageError("--runs and --server were given; expected one of them")
    if header and not server:
        raise UsageError("--header needs --server")
    if of is not Kind.FLOW_RUNS and run:
        raise UsageError(f"--of {of.value} explains no single runs: --run is about flow runs")
    from .output import ReportOutput
    from .reports import ExplainOptions, tell_explanation, tell_related

    output = ReportOutput(html, as_json=as_json, as_markdown=markdown, lead=True)
    options = ExplainOptions(
        filter=filter_,
        runs=tuple(runs or ()),
        server=server,
        headers=tuple(header or ()),
        most=most,
        timeout=timeout,
        patience=patience,
        dialect=dialect,
        protect=tuple(protect or ()),
        wanted=tuple(run or ()),
        now=parse_now(now),
    )
    if of is not Kind.FLOW_RUNS:
        found_problem = tell_related(options, of.value, output)
    else:
        found_problem = tell_explanation(options, output)
    if found_problem:
        raise typer.Exit(1)
