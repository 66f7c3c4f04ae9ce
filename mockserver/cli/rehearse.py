"""The command `rehearse`: its options, and what they may be together.

reports/rehearsal_report.py does the work and is imported when the command runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .program import CommandApp, FlagGroup, register_command
from .shared_options import ClockFlags, ReportFlags

commands = CommandApp()


@dataclass(frozen=True, slots=True)
class ScriptFlags(FlagGroup):
    """The script that is rehearsed."""

    command: Annotated[
        list[str],
        typer.Argument(
            metavar="COMMAND", help="After --: your script with its arguments.", show_default=False
        ),
    ]


@dataclass(frozen=True, slots=True)
class WorldFlags(FlagGroup):
    """The flow runs and the server that the script meets."""

    TITLE = "What the script meets"

    runs: Annotated[
        list[Path],
        typer.Option(
            metavar="SEEDS",
            help="Your flow runs, as 'serve' takes them (a copy of your server's); repeatable.",
            show_default=False,
        ),
    ]
    dialect: Annotated[
        str,
        typer.Option(
            envvar="MOCKSERVER_DIALECT",
            metavar="NAME[@RELEASE]",
            help="Which server the script meets: prefect-sqlite or prefect-postgresql (the newest "
            "release), one of a release, such as prefect-sqlite@3.8.8, or spec (the API document).",
        ),
    ] = "prefect-sqlite"


@dataclass(frozen=True, slots=True)
class ExpectationFlags(FlagGroup):
    """What the script may delete."""

    TITLE = "What must hold"

    protect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILTER",
            help="Runs that must never go: a FlowRunFilter as JSON or in a file; repeatable.",
        ),
    ] = None
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="FILTER",
            help="Exactly the runs that shall be gone: a FlowRunFilter as JSON or in a file.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RepetitionFlags(FlagGroup):
    """The runs of the script: how many, and what is different in each."""

    TITLE = "How often, and under what"

    times: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=100,
            help="Run the script so many times in the same world; after the first, none should "
            "delete anything.",
        ),
    ] = 1
    faults: Annotated[
        bool,
        typer.Option(
            "--faults",
            help="Run it again under each fault that real servers show: 503 of SQLite, 429, lost "
            "replies, cut connections, slow replies, another client that deletes meanwhile.",
        ),
    ] = False
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Run it again under this fault only; repeatable."),
    ] = None
    dialects: Annotated[
        list[str] | None,
        typer.Option(
            metavar="all|NAME",
            help="Run it again on another server, named as for --dialect, repeatable; all: on each "
            "release and database that would delete other runs.",
        ),
    ] = None
    timeout: Annotated[
        float,
        typer.Option(min=0.1, max=86_400, metavar="SECONDS", help="The most that a run may take."),
    ] = 300.0


@register_command(
    commands, ScriptFlags, WorldFlags, ExpectationFlags, RepetitionFlags, ClockFlags, ReportFlags
)
def rehearse(
    script: ScriptFlags,
    world: WorldFlags,
    expectation: ExpectationFlags,
    repetition: RepetitionFlags,
    clock: ClockFlags,
    report: ReportFlags,
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
    if repetition.faults and repetition.fault:
        raise UsageError("--faults and --fault were given; expected one of them")
    from .reports import RehearseOptions, tell_rehearsal

    output = report.output()
    options = RehearseOptions(
        runs=tuple(world.runs),
        command=tuple(script.command),
        dialect=world.dialect,
        protect=tuple(expectation.protect or ()),
        expect=expectation.expect,
        times=repetition.times,
        faults=None if repetition.faults else tuple(repetition.fault or ()),
        others=tuple(repetition.dialects or ()),
        seconds=repetition.timeout,
        now=clock.time,
    )
    if tell_rehearsal(options, output):
        raise typer.Exit(1)
