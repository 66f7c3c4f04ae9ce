"""The command `serve`: its options, and how they become `ServeOptions`.

run_server.py does the work. It needs aiohttp and is imported when the command runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from ..prefect import find_dialect
from .program import CommandApp
from .shared_options import NowOption, parse_now

commands = CommandApp()


class LogFormat(StrEnum):
    """How log lines are written to stderr."""

    text = "text"
    json = "json"


SeedsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SEEDS",
        help="Seed files or folders: YAML, JSON or NDJSON, each also as .gz, or packed. "
        "Default: the fixtures that come with mockserver.",
    ),
]
FixturesOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="SEEDS",
        envvar="MOCKSERVER_FIXTURES",
        help="More seeds; the same as more SEEDS.",
        rich_help_panel="What it serves",
    ),
]
HostOption = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        envvar="MOCKSERVER_HOST",
        help="The address to listen on.",
        rich_help_panel="Where it listens, and to whom",
    ),
]
PortOption = Annotated[
    int,
    typer.Option(
        metavar="PORT",
        envvar="MOCKSERVER_PORT",
        min=0,
        max=65535,
        help="The port to listen on; 0 takes any free one.",
        rich_help_panel="Where it listens, and to whom",
    ),
]
DialectOption = Annotated[
    str,
    typer.Option(
        envvar="MOCKSERVER_DIALECT",
        metavar="NAME[@RELEASE]",
        help="Answer as the published API document says (spec), or as a real Prefect server on "
        "SQLite or PostgreSQL does: prefect-sqlite, prefect-postgresql (the newest release), or "
        "that of a release, such as prefect-sqlite@3.8.8. 'mockserver releases' lists them.",
        rich_help_panel="What it serves",
    ),
]
LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        metavar="|".join(LogFormat),
        envvar="MOCKSERVER_LOG_FORMAT",
        help="The format of log lines on stderr.",
        rich_help_panel="What it shows and keeps",
    ),
]
# Measured on aiohttp alone: 0.51 of its rate with 8 connections, 0.43 with 32.
AccessLogOption = Annotated[
    bool,
    typer.Option(
        envvar="MOCKSERVER_ACCESS_LOG",
        help="Log every request. This costs about half of the request rate.",
        rich_help_panel="What it shows and keeps",
    ),
]
MaxBodyOption = Annotated[
    int,
    typer.Option(
        envvar="MOCKSERVER_MAX_BODY",
        min=1,
        metavar="BYTES",
        help="The longest request body; a longer one is answered with 413.",
        rich_help_panel="What a client may cost",
    ),
]
ClientTimeoutOption = Annotated[
    float,
    typer.Option(
        envvar="MOCKSERVER_CLIENT_TIMEOUT",
        min=0.001,
        max=3600,
        metavar="SECONDS",
        help="How long a client may take to send a body, and how long it may read nothing of a "
        "reply; then it gets 408, or is cut.",
        rich_help_panel="What a client may cost",
    ),
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="MOCKSERVER_ALLOW_HOST",
        metavar="NAME",
        help="Also answer requests addressed to this host name ('*': any name). Without it, a "
        "server on loopback answers only loopback names, as a guard against DNS rebinding.",
        rich_help_panel="Where it listens, and to whom",
    ),
]
JournalOption = Annotated[
    int,
    typer.Option(
        envvar="MOCKSERVER_JOURNAL",
        min=0,
        max=100_000,
        metavar="NUMBER",
        help="How many requests and their replies /_mock/journal keeps; 0 keeps none. Sessions "
        "keep at least 1,000.",
        rich_help_panel="What it shows and keeps",
    ),
]
ControlTokenOption = Annotated[
    str | None,
    typer.Option(
        envvar="MOCKSERVER_CONTROL_TOKEN",
        metavar="TOKEN",
        help="Allow the control API (/_mock) to requests with 'Authorization: Bearer TOKEN' and "
        "to no others. Without a token, only this machine may use it. Others on this machine see "
        "what is given on the command line: better use the environment variable, or the file.",
        rich_help_panel="Where it listens, and to whom",
    ),
]
ControlTokenFileOption = Annotated[
    Path | None,
    typer.Option(
        envvar="MOCKSERVER_CONTROL_TOKEN_FILE",
        metavar="FILE",
        help="A file that holds the token, instead of --control-token.",
        rich_help_panel="Where it listens, and to whom",
    ),
]
IdSeedOption = Annotated[
    str | None,
    typer.Option(
        envvar="MOCKSERVER_ID_SEED",
        metavar="TEXT",
        help="Make new ids repeatable: servers with the same text give the same ids to the same "
        "requests. Default: ids are random, as a real server's.",
        rich_help_panel="What it serves",
    ),
]

PageOption = Annotated[
    bool,
    typer.Option(
        "--page/--no-page",
        envvar="MOCKSERVER_PAGE",
        help="Show the flow runs, and what a filter would take, to a browser at /.",
        rich_help_panel="What it shows and keeps",
    ),
]
OpenOption = Annotated[
    bool,
    typer.Option(
        "--open", help="Open the page in a browser.", rich_help_panel="What it shows and keeps"
    ),
]
KitReportOption = Annotated[
    Path | None,
    typer.Option(
        envvar="MOCKSERVER_KIT_REPORT",
        metavar="FOLDER",
        help="Show the report in this folder on the page, too, as 'mockserver verify --report "
        "FOLDER' wrote it last.",
        rich_help_panel="What it shows and keeps",
    ),
]


@commands.command()
def serve(
    paths: SeedsArgument = None,
    fixtures: FixturesOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 4300,
    dialect: DialectOption = "spec",
    now: NowOption = None,
    log_format: LogFormatOption = LogFormat.text,
    access_log: AccessLogOption = False,
    # MAX_BODY, written out: importing mockserver.worlds for --help would import pydantic.
    max_body: MaxBodyOption = 4 << 20,
    client_timeout: ClientTimeoutOption = 30.0,  # CLIENT_TIMEOUT, as above
    allow_host: AllowHostOption = None,
    journal: JournalOption = 0,
    control_token: ControlTokenOption = None,
    control_token_file: ControlTokenFileOption = None,
    id_seed: IdSeedOption = None,
    page: PageOption = True,
    open_page: OpenOption = False,
    kit_report: KitReportOption = None,
) -> None:
    """Serve Prefect's flow-run API with the flow runs in SEEDS.

    The first line that is printed has the base URL, and the second that of a page for a browser.
    Point a client at it, or Prefect's own client with PREFECT_API_URL=URL/api. Each option can also
    be set by its environment variable.
    """
    # Logged when the format of the log is known.
    notes: list[str] = []
    found = find_dialect(dialect, notes.append)
    with _skip_ca_certificates():
        from .run_server import ServeOptions, run_server

    run_server(
        ServeOptions(
            paths=tuple(paths or ()) + tuple(fixtures or ()),
            host=host,
            port=port,
            dialect=found,
            now=parse_now(now),
            json_log=log_format is LogFormat.json,
            access_log=access_log,
            max_body=max_body,
            client_timeout=client_timeout,
            allowed_hosts=tuple(allow_host or ()),
            journal=journal,
            control_token=_control_token(control_token, control_token_file),
            id_seed=id_seed or None,  # an empty variable is no seed
            notes=tuple(notes),
            page=page or open_page,
            open_page=open_page,
            kit_report=kit_report,
        )
    )


UrlArgument = Annotated[
    str,
    typer.Argument(
        metavar="URL", help="The server, or its API, or that of a session: .../sessions/NAME/api."
    ),
]


@commands.command("open")
def open_(url: UrlArgument = "http://127.0.0.1:4300") -> None:
    """Open the page of a running server in a browser.

    The address is printed, too, for a browser on another machine. 'mockserver serve --open' starts
    a server and opens its page.
    """
    from .open_page import open_page

    open_page(url)


# Chosen. A file that is no token, such as a device, must not be read without end.
_LONGEST_TOKEN = 4096


def _control_token(given: str | None, file: Path | None) -> str | None:
    """The token, given or in a file; None for none. Raises UsageError."""
    if file is None:
        return given or None  # an empty variable is no token
    if given:
        raise UsageError("--control-token and --control-token-file are given; expected one of them")
    try:
        with file.open("rb") as opened:
            content = opened.read(_LONGEST_TOKEN + 1)
        token = content.decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"--control-token-file {file}: {error}; expected a text file") from None
    if not token or len(content) > _LONGEST_TOKEN or not token.isprintable():
        expected = f"one line of 1 to {_LONGEST_TOKEN} letters"
        raise UsageError(f"--control-token-file {file} holds no token; expected {expected}")
    return token


@contextmanager
def _skip_ca_certificates() -> Iterator[None]:
    """Make OpenSSL find no CA certificates inside the block.

    aiohttp reads all of them when it is imported. That takes 30 ms, and a server needs none.
    """
    name = "SSL_CERT_FILE"
    before = os.environ.get(name)
    # aiohttp.connector makes a context with them at import.
    os.environ[name] = os.devnull
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
