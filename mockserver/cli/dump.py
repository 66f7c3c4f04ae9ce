"""The command `dump`: its options.

server_copy.py does the work and is imported when the command runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .program import CommandApp, FlagGroup, register_command

commands = CommandApp()


class TaskRuns(StrEnum):
    """Which task runs are copied."""

    links = "links"
    all = "all"


@dataclass(frozen=True, slots=True)
class SourceFlags(FlagGroup):
    """Which server is copied."""

    url: Annotated[
        str | None,
        typer.Argument(
            envvar="PREFECT_API_URL",
            metavar="URL",
            help="The server's API, such as http://127.0.0.1:4200/api.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class TargetFlags(FlagGroup):
    """The file or folder that the copy becomes."""

    TITLE = "Where it goes"

    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A name that ends in .ndjson, .ndjson.gz or .packed; any other is a folder.",
        ),
    ]
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, not where the last copy stopped.")
    ] = False
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")] = False


@dataclass(frozen=True, slots=True)
class ContentFlags(FlagGroup):
    """Which records are copied, and what of them."""

    TITLE = "What is copied"

    where: Annotated[
        str | None,
        typer.Option(
            metavar="FILTER",
            help="Only these flow runs, and what they name: a filter as JSON, a file with it, or - "
            "for stdin. It may be a whole body with flow_runs, flows, deployments...",
        ),
    ] = None
    task_runs: Annotated[
        TaskRuns,
        typer.Option(
            metavar="|".join(TaskRuns),
            help="links: those that started a subflow. all: every one; they are many.",
        ),
    ] = TaskRuns.links
    logs: Annotated[
        bool,
        typer.Option(
            "--logs", help="Copy logs, too: the latest 100,000 at most. They can hold anything."
        ),
    ] = False
    anonymize: Annotated[
        bool,
        typer.Option(
            "--anonymize",
            help="Replace names, tags, parameters, keys and other texts by made-up ones.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class RequestFlags(FlagGroup):
    """What is sent with requests, and the bounds of them."""

    TITLE = "How the server is asked"

    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header", metavar="'NAME: VALUE'", help="Sent with every request; repeatable."
        ),
    ] = None
    concurrency: Annotated[int, typer.Option(min=1, help="How many requests at once.")] = 4
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="At most so many requests a second.")
    ] = None
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long one reply may take.")
    ] = 60.0
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long a failing request is sent again.")
    ] = 300.0


@register_command(commands, SourceFlags, TargetFlags, ContentFlags, RequestFlags)
def dump(
    source: SourceFlags, target: TargetFlags, content: ContentFlags, requests: RequestFlags
) -> None:
    """Copy a server: its flow runs, and what else a workspace holds. It only reads.

        mockserver dump http://127.0.0.1:4200/api -o workspace.ndjson.gz

    Then rehearse on the copy, with the database and the release of your server:

        mockserver serve workspace.ndjson.gz --dialect prefect-sqlite@3.9.1

    PREFECT_API_KEY or PREFECT_API_AUTH_STRING give the credentials, as for Prefect's client. At the
    end the copy is held against the server's own counts, and what changed meanwhile is copied
    again. FILE appears when it is whole and can be loaded. Until then FILE.partial holds what was
    copied: after Ctrl-C or a crash, the same command goes on from there.

    *A part:* `--where '{"expected_start_time": {"after_": "2026-01-01T00:00:00Z"}}'` copies the
    runs that the filter matches, the flows, deployments, pools and queues that they name, and
    their artifacts; no variables, blocks and limits.

    *Secrets:* those of blocks are not asked for; the copy shows asterisks, as the server does.
    Variables, parameters, job variables and templates of pools are copied as they are.

    *To share it:* `--anonymize`. Equal names stay equal, but like_ does not find what it found.
    Ids, times, types of states and numbers stay.
    """
    from .server_copy import CopyOptions, copy_server

    copy_server(
        CopyOptions(
            url=source.url,
            output=target.output,
            where=content.where,
            all_task_runs=content.task_runs is TaskRuns.all,
            logs=content.logs,
            anonymize=content.anonymize,
            headers=tuple(requests.header or ()),
            concurrency=requests.concurrency,
            per_second=requests.rate,
            timeout=requests.timeout,
            patience=requests.patience,
            restart=target.restart,
            overwrite=target.force,
        )
    )
