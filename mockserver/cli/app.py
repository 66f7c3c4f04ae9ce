"""The command `mockserver`. Exit codes: see its help."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..errors import MockServerError, SeedError, UsageError
from ..prefect import DIALECTS, SEED_TIME_SYNTAX, parse_seed_time
from .lazy_group import LazyCommandGroup

app = typer.Typer(
    name="mockserver",
    cls=LazyCommandGroup,
    help="A stand-in for Prefect's flow-run API, and what belongs to it.\n\n"
    "Exit codes: 0 fine, 1 found something wrong, 2 wrong use or no server to test.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
seeds_app = typer.Typer(
    help="Check seeds, pack them, make them up, print their schema.", no_args_is_help=True
)
app.add_typer(seeds_app, name="seeds")


class DialectName(StrEnum):
    """The names of the dialects (`dialects.DIALECTS`), as a command line takes them."""

    spec = "spec"
    prefect_sqlite = "prefect-sqlite"
    prefect_postgresql = "prefect-postgresql"


class LogFormat(StrEnum):
    """How log lines are written to stderr."""

    text = "text"
    json = "json"


Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        envvar="MOCKSERVER_NOW",
        metavar="TIME",
        help="Freeze the clock: what relative times in seeds, and the time `now` in a request, "
        "count from. An RFC 3339 date-time, or one such as now-1d.",
    ),
]


def _parse_now(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_seed_time(text, datetime.now(UTC))
    except ValueError:
        came = f"--now (or MOCKSERVER_NOW) is {text!r}"
        raise UsageError(f"{came}; expected {SEED_TIME_SYNTAX}") from None


def _version(wanted: bool) -> None:
    if wanted:
        print(f"mockserver {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None: ...


@app.command()
def serve(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="SEEDS",
            help="Seed files or folders: YAML, JSON, NDJSON, each also .gz, or packed. "
            "Without any, the shipped fixtures.",
        ),
    ] = None,
    fixtures: Annotated[
        list[Path] | None,
        typer.Option(
            envvar="MOCKSERVER_FIXTURES", help="More seeds; the same as naming them as SEEDS."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(envvar="MOCKSERVER_HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="MOCKSERVER_PORT", min=0, max=65535, help="0: any free port.")
    ] = 4300,
    dialect: Annotated[
        DialectName,
        typer.Option(
            envvar="MOCKSERVER_DIALECT",
            help="Answer as the published document says (spec), or as a real server does.",
        ),
    ] = DialectName.spec,
    now: Now = None,
    log_format: Annotated[
        LogFormat,
        typer.Option(envvar="MOCKSERVER_LOG_FORMAT", help="How log lines on stderr are written."),
    ] = LogFormat.text,
    access_log: Annotated[
        bool,
        typer.Option(
            envvar="MOCKSERVER_ACCESS_LOG",
            help="Log every request (costs about half of the request rate).",
        ),
    ] = False,
    max_body: Annotated[
        int,
        typer.Option(
            envvar="MOCKSERVER_MAX_BODY", min=1, metavar="BYTES", help="Longer bodies get 413."
        ),
    ] = 4 << 20,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            envvar="MOCKSERVER_ALLOW_HOST",
            metavar="NAME",
            help="Answer requests addressed to this host name too ('*': any). Bound to loopback, "
            "only loopback names are answered, against DNS rebinding.",
        ),
    ] = None,
    journal: Annotated[
        int,
        typer.Option(
            envvar="MOCKSERVER_JOURNAL",
            min=0,
            max=100_000,
            metavar="NUMBER",
            help="How many requests with their replies /_mock/journal keeps; 0: none. Sessions "
            "keep at least 1,000.",
        ),
    ] = 0,
    control_token: Annotated[
        str | None,
        typer.Option(
            envvar="MOCKSERVER_CONTROL_TOKEN",
            metavar="TOKEN",
            help="Let whoever sends 'Authorization: Bearer TOKEN' use the control API (/_mock), "
            "and nobody else. Without it, whoever is on this machine may.",
        ),
    ] = None,
) -> None:
    """Serve POST /flow_runs/bulk_delete from seeded flow runs.

    Prints the base URL first. Point a client at it, or Prefect's own with PREFECT_API_URL=URL/api.
    Every flag can be set by the environment variable that is named with it.
    """
    with _skip_ca_certificates():
        from .serve import ServeOptions, run_server

    run_server(
        ServeOptions(
            paths=tuple(paths or ()) + tuple(fixtures or ()),
            host=host,
            port=port,
            dialect=DIALECTS[dialect.value],
            now=_parse_now(now),
            json_log=log_format is LogFormat.json,
            access_log=access_log,
            max_body=max_body,
            allowed_hosts=tuple(allow_host or ()),
            journal=journal,
            control_token=control_token or None,
        )
    )


@contextmanager
def _skip_ca_certificates() -> Iterator[None]:
    """aiohttp, imported, reads whom this machine trusts. That takes 30 ms, and nobody is asked."""
    name = "SSL_CERT_FILE"
    before = os.environ.get(name)
    os.environ[name] = os.devnull
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


@seeds_app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files or folders.")],
    now: Now = None,
) -> None:
    """Check seeds: every problem, with its place, what came and what was expected."""
    from .progress import load_with_progress

    loaded = load_with_progress(paths, _parse_now(now) or datetime.now(UTC))
    for note in loaded.notes:
        print(f"note: {note}", file=sys.stderr)  # noqa: T201
    counts = {
        "flow runs": len(loaded.flow_runs),
        "task runs": len(loaded.task_runs),
        "flows": len(loaded.flows),
        "deployments": len(loaded.deployments),
    }
    held = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    print(f"good: {held or 'nothing in them'}")  # noqa: T201


@seeds_app.command()
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of the seed format."""
    import json

    from ..seeds import json_schema

    print(json.dumps(json_schema(), indent=2))  # noqa: T201


@seeds_app.command()
def make(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="An .ndjson or .ndjson.gz; - is stdout."
        ),
    ],
    runs: Annotated[int, typer.Option(min=0, help="How many flow runs.")] = 1000,
    seed: Annotated[int, typer.Option(help="Another number, other flow runs.")] = 0,
    now: Now = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
) -> None:
    """Make up the flow runs of a busy workspace: the same ones for the same numbers.

    Times are written relative to the load (now-90d) unless --now says when now is.
    """
    from .progress import write_population

    write_population(output, runs=runs, seed=seed, now=_parse_now(now), overwrite=force)


@seeds_app.command("pack")
def pack_seeds(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files or folders.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="A name that ends in .packed.")
    ],
    now: Now = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
) -> None:
    """Check seeds and pack them into one file that loads many times faster.

    Times relative to the load (now-90d) become what they are now, or at --now. Another version of
    mockserver may want the seeds packed again: keep them.
    """
    from .progress import load_with_progress, write_packed

    loaded = load_with_progress(paths, _parse_now(now) or datetime.now(UTC))
    write_packed(output, loaded, overwrite=force)
    print(f"{len(loaded.flow_runs):,} flow runs, {output.stat().st_size:,} bytes")  # noqa: T201


def main() -> None:
    """Run the command; an error of the user is a line on stderr, never a traceback."""
    # So that what is being written is cleaned up; `serve` takes the signal over.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        app()
    except SeedError as error:
        _exit_with_error(f"{_counted(error)} in the seeds:\n{error}", 1)
    except UsageError as error:
        _exit_with_error(str(error), 2)
    except MockServerError as error:
        _exit_with_error(str(error), 1)
    except OSError as error:
        _exit_with_error(f"{error.filename or 'output'}: {error.strerror or error}", 1)


def _counted(error: SeedError) -> str:
    count = len(error.problems) + error.more
    return "1 problem" if count == 1 else f"{count:,} problems"


def _exit_with_error(text: str, code: int) -> None:
    print(f"mockserver: {text}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
