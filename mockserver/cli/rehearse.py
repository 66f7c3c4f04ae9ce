"""The command `rehearse`: its options, and what they may be together.

reports/rehearsal_report.py does the work and is imported when the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .program import CommandApp
from .shared_options import HtmlOption, JsonOption, MarkdownOption, NowOption, parse_now

commands = CommandApp()

CommandArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="COMMAND", help="After --: your script with its arguments.", show_default=False
    ),
]
RunsOption = Annotated[
    list[Path],
    typer.Option(
        metavar="SEEDS",
        help="Your flow runs, as 'serve' takes them (a copy of your server's); repeatable.",
        show_default=False,
        rich_help_panel="What the script meets",
    ),
]
DialectOption = Annotated[
    str,
    typer.Option(
        envvar="MOCKSERVER_DIALECT",
        metavar="NAME[@RELEASE]",
        help="Which server the script meets: prefect-sqlite or prefect-postgresql (the newest "
        "release), one of a release, such as prefect-sqlite@3.8.8, or spec (the API document).",
        rich_help_panel="What the script meets",
    ),
]
ProtectOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILTER",
        help="Runs that must never go: a FlowRunFilter as JSON or in a file; repeatable.",
        rich_help_panel="What must hold",
    ),
]
ExpectOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILTER",
        help="Exactly the runs that shall be gone: a FlowRunFilter as JSON or in a file.",
        rich_help_panel="What must hold",
    ),
]
TimesOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        max=100,
        help="Run the script so many times in the same world; after the first, none should "
        "delete anything.",
        rich_help_panel="How often, and under what",
    ),
]
FaultsOption = Annotated[
    bool,
    typer.Option(
        "--faults",
        help="Run it again under each fault that real servers show: 503 of SQLite, 429, lost "
        "replies, cut connections, slow replies, another client that deletes meanwhile.",
        rich_help_panel="How often, and under what",
    ),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Run it again under this fault only; repeatable.",
        rich_help_panel="How often, and under what",
    ),
]
DialectsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="all|NAME",
        help="Run it again on another server, named as for --dialect, repeatable; all: on each "
        "release and database that would delete other runs.",
        rich_help_panel="How often, and under what",
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0.1,
        max=86_400,
        metavar="SECONDS",
        help="The most that a run may take.",
        rich_help_panel="How often, and under what",
    ),
]


@commands.command()
def rehearse(
    command: CommandArgument,
    runs: RunsOption,
    dialect: DialectOption = "prefect-sqlite",
    protect: ProtectOption = None,
    expect: ExpectOption = None,
    times: TimesOption = 1,
    faults: FaultsOption = False,
    fault: FaultOption = None,
    dialects: DialectsOption = None,
    timeout: TimeoutOption = 300.0,
    now: NowOption = None,
    as_json: JsonOption = False,
    markdown: MarkdownOption = False,
    html: HtmlOption = None,
) -> None:
    r"""Run your clean-up script against a private copy, and report what it deleted.

    The script is yours, in any language; nothing of it is changed. It finds the copy in
    `PREFECT_API_URL`; `PREFECT_API_KEY` is a made-up one. Its output is passed through (to
    stderr with --json and --markdown), and then comes the report:

        mockserver rehearse --runs workspace.ndjson.gz \
          --protect '{"tags": {"any_": ["keep"]}}' -- python clean_up.py

    Does it survive what real servers do, and does it end?

        mockserver rehearse --runs workspace.ndjson.gz --times 2 --faults \
          -- python clean_up.py

    The exit code is 1 if the script failed, if a protected run went, if other runs than expected
    did, if a second run deleted more, or if a fault changed what is left.
    """
    if faults and fault:
        raise UsageError("--faults and --fault were given; expected one of them")
    from .output import ReportOutput
    from .reports import RehearseOptions, tell_rehearsal

    output = ReportOutput(html, as_json=as_json, as_markdown=markdown, lead=True)
    options = RehearseOptions(
        tuple(runs),
        tuple(command),
        dialect,
        tuple(protect or ()),
        expect,
        times,
        None if faults else tuple(fault or ()),
        tuple(dialects or ()),
        timeout,
        parse_now(now),
    )
    if tell_rehearsal(options, output):
        raise typer.Exit(1)
