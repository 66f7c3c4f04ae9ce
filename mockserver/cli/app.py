"""The program `mockserver`: its group of commands, its exit codes, and how it prints errors.

Invariant: a user's mistake is a message on stderr and an exit code, never a traceback.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import MockServerError, SeedError, UsageError
from .output import ReaderLeftError, flush_standard_output, watch_standard_output
from .program import FIRST_STEPS, CommandApp, CommandGroup

app = CommandApp(
    name="mockserver",
    cls=CommandGroup,
    help="A stand-in for Prefect's flow-run API, with tools for seeds and contract tests.\n\n"
    "Exit codes: 0 success, 1 a problem was found, 2 wrong usage or no server to test.",
    pretty_exceptions_enable=False,
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"mockserver {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(FIRST_STEPS, end="")  # noqa: T201


def main() -> None:
    """Run the command line and exit; an error prints a message and sets the exit code."""
    # Raise SystemExit on SIGTERM, so that unfinished files are removed. `serve` handles it itself.
    signal.signal(signal.SIGTERM, _exit_once)
    try:
        _run_command()
    # As shells report a program that SIGPIPE ended, which is what other programs do then.
    except ReaderLeftError:
        sys.exit(128 + 13)
    # Before MockServerError, of which both are subclasses.
    except SeedError as error:
        _exit_with_error(f"{_count_problems(error)} in the seeds:\n{error}", 1)
    except UsageError as error:
        _exit_with_error(str(error), 2)
    except MockServerError as error:
        _exit_with_error(str(error), 1)
    # A full disk, for one (test_a_full_disk_is_an_error_without_a_traceback).
    except OSError as error:
        _exit_with_error(f"{error.filename or 'output'}: {error.strerror or error}", 1)


def _run_command() -> None:
    watch_standard_output()
    try:
        app()
    finally:  # typer raises SystemExit
        flush_standard_output()


def _exit_once(number: int, _frame: object) -> None:
    """Exit by a signal; another one does not interrupt the cleaning up."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _count_problems(error: SeedError) -> str:
    count = len(error.problems) + error.more
    return "1 problem" if count == 1 else f"{count:,} problems"


def _exit_with_error(text: str, code: int) -> None:
    print(f"mockserver: {text}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
