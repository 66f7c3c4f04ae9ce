"""The command `explain`: its options, and what they may be together.

reports/explanation_report.py does the work and is imported when the command runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .program import CommandApp, FlagGroup, register_command
from .shared_options import ClockFlags, ReportFlags

commands = CommandApp()


class Kind(StrEnum):
    """What a bulk delete is about."""

    FLOW_RUNS = "flow-runs"
    FLOWS = "flows"
    DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True)
class FilterFlags(FlagGroup):
    """The filter that is explained."""

    filter: Annotated[
        str,
        typer.Argument(
            metavar="FILTER",
            help="The filter, or the whole body of a bulk_delete: a file, - for stdin, or JSON "
            "itself.",
            show_default=False,
        ),
    ]


@dataclass(frozen=True, slots=True)
class QuestionFlags(FlagGroup):
    """What is asked of the filter."""

    TITLE = "What is asked"

    of: Annotated[
        Kind,
        typer.Option(
            metavar="|".join(Kind),
            help="What the filter is about: what POST /flows/bulk_delete or "
            "/deployments/bulk_delete would delete, and what goes with it.",
        ),
    ] = Kind.FLOW_RUNS
    dialect: Annotated[
        str | None,
        typer.Option(
            envvar="MOCKSERVER_DIALECT",
            metavar="NAME[@RELEASE]",
            help="Whose server deletes: spec (as the API document says), prefect-sqlite, "
            "prefect-postgresql (the newest release), or a release, such as prefect-sqlite@3.8.8. "
            "Default: spec; with --server, what the server is.",
            show_default=False,
        ),
    ] = None
    protect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILTER",
            help="Runs that must never go, given as FILTER is; repeatable. If one would go, it is "
            "shown, and the exit code is 1.",
        ),
    ] = None
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Explain this run (its id or its name): what each condition says of it; "
            "repeatable.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class SourceFlags(FlagGroup):
    """The flow runs: in seeds, or on a server."""

    TITLE = "Whose flow runs"

    runs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SEEDS",
            help="Your flow runs, as 'serve' takes them (a copy of your server's); repeatable. "
            "Default: the fixtures that come with mockserver.",
        ),
    ] = None
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The API of a server whose flow runs these are. It is only asked to list and to "
            "count. PREFECT_API_KEY or PREFECT_API_AUTH_STRING give the credentials.",
        ),
    ] = None
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="'NAME: VALUE'", help="Sent to the server; repeatable."),
    ] = None
    most: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="How many flow runs are read from a server. Of one that has more, only the runs "
            "that the filter selects are read, and what needs the others is left out.",
        ),
        # MAX_RUNS of mockserver.remote, written out: importing it for --help would import aiohttp.
    ] = 10_000
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="How long one reply of a server may take."),
    ] = 60.0
    patience: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="How long a failing request is sent to a server again."
        ),
    ] = 60.0


@register_command(commands, FilterFlags, QuestionFlags, SourceFlags, ClockFlags, ReportFlags)
def explain(
    subject: FilterFlags,
    question: QuestionFlags,
    source: SourceFlags,
    clock: ClockFlags,
    report: ReportFlags,
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
    _refuse_contradictions(question, source)
    from .reports import ExplainOptions, tell_explanation, tell_related

    output = report.output()
    options = ExplainOptions(
        filter=subject.filter,
        runs=tuple(source.runs or ()),
        server=source.server,
        headers=tuple(source.header or ()),
        most=source.most,
        timeout=source.timeout,
        patience=source.patience,
        dialect=question.dialect,
        protect=tuple(question.protect or ()),
        wanted=tuple(question.run or ()),
        now=clock.time,
    )
    if question.of is Kind.FLOW_RUNS:
        found_problem = tell_explanation(options, output)
    else:
        found_problem = tell_related(options, question.of.value, output)
    if found_problem:
        raise typer.Exit(1)


def _refuse_contradictions(question: QuestionFlags, source: SourceFlags) -> None:
    """Raise UsageError for flags that cannot be together."""
    if question.protect and not (source.runs or source.server):
        raise UsageError("--protect needs --runs or --server: whose flow runs are protected?")
    if source.runs and source.server:
        raise UsageError("--runs and --server were given; expected one of them")
    if source.header and not source.server:
        raise UsageError("--header needs --server")
    if question.of is not Kind.FLOW_RUNS and question.run:
        raise UsageError(
            f"--of {question.of.value} explains no single runs: --run is about flow runs"
        )
