"""The command `python -m measure`."""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path

from measure.asking import Receive, Say, ask_release, keep
from measure.differences import (
    Difference,
    compare_answers,
    compare_with_previous,
    describe,
    describe_differences,
)
from measure.documents import describe_document
from measure.installed_release import installed_release
from measure.package_index import IndexUnreachable, describe_newest, newest_release
from measure.registry_entries import describe_entries
from measure.servers import PrefectServer, ServerFailed, find_postgresql_programs
from mockserver.contract.server.environment import prefect_environment, require_release
from mockserver.contract.server.target import TargetError
from mockserver.errors import UsageError
from mockserver.prefect.deviations import DATABASES, POSTGRESQL
from mockserver.prefect.releases import NEWEST, OLDEST
from tests.support.recorded_answers import KINDS, Answers, recorded_answers

DESCRIPTION = f"""\
Ask real releases of Prefect every recorded request, and keep what differs.

For each RELEASE, this makes a throw-away virtual environment with it (by uv if there is one, else
by pip), starts real servers, each with a fresh database, on loopback and free ports, asks them
everything, writes the answers into tests/data/releases/, and tells what the release does otherwise
than the release before it: how many answers differ, the smallest request of each sort with both
answers, and the entries to add to the registry. A release takes about three minutes for each
database.

PostgreSQL is taken from the PATH or, as Debian has it, from /usr/lib/postgresql. To install it:
apt-get install postgresql. Without it, ask --database sqlite.

Measured so far: {OLDEST} to {NEWEST}."""
EPILOG = """\
examples:
  python -m measure 3.9.2                          after a release: everything, on both databases
  python -m measure 3.9.2 --database sqlite        without PostgreSQL
  python -m measure 3.9.2 --kind endpoints lists   after cases were added to these
  python -m measure --python venv/bin/python       the release that a Python has
  python -m measure 3.9.2 --report                 tell again what was found, and ask nothing
  python -m measure 3.8.8 --check                  does it answer as it is recorded?
  python -m measure --check-newest                 is there a release that was not measured?

exit codes: 0 as the release before (or as recorded), 1 something differs, 2 it could not be asked.
CONTRIBUTING.md, "When Prefect releases", says what to do with the report."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        if options.check_newest:
            return check_newest()
        return measure(options)
    except KeyboardInterrupt:
        print("\ninterrupted: the servers are stopped, finished kinds are kept", file=sys.stderr)
        return 130
    except (UsageError, ServerFailed, TargetError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OSError, HTTPException) as error:
        print(f"error: a server stopped answering: {error!r}", file=sys.stderr)
        return 2


def parse(arguments: Sequence[str] | None) -> Namespace:
    """The options. Exits with 2 where they make no sense."""
    parser = ArgumentParser(
        "python -m measure",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="such as 3.9.2")
    parser.add_argument(
        "--database", choices=DATABASES, action="append", help="ask only on this (default: both)"
    )
    parser.add_argument(
        "--kind",
        choices=KINDS,
        nargs="+",
        default=KINDS,
        metavar="KIND",
        help=f"ask only these (default: all): {', '.join(KINDS)}",
    )
    parser.add_argument(
        "--python", type=Path, metavar="PYTHON", help="a Python that has the release already"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; tell what is answered otherwise than recorded (exit code 1)",
    )
    parser.add_argument("--report", action="store_true", help="ask nothing, tell what is recorded")
    parser.add_argument(
        "--check-newest",
        action="store_true",
        help="ask the package index for the newest release, and say loudly if it was not measured",
    )
    options = parser.parse_args(arguments)
    if options.python and len(options.releases) > 1:
        parser.error("--python has one release; name none, or that one")
    if not options.releases and not options.python and not options.check_newest:
        parser.error("name a RELEASE, such as 3.9.2")
    for release in options.releases:
        try:
            require_release(release)
        except UsageError as error:
            parser.error(str(error))
    options.database = options.database or list(DATABASES)
    return options


def check_newest() -> int:
    """Say whether the newest release was measured. Never fails: it is no fault of this commit."""
    try:
        print(describe_newest(newest_release()))
    except IndexUnreachable as reason:
        print(f"The package index could not be asked for the newest Prefect: {reason}")
    return 0


def measure(options: Namespace) -> int:
    """Ask the releases, then tell what differs."""
    if POSTGRESQL in options.database and not options.report:
        find_postgresql_programs()
    releases = options.releases or [installed_release(options.python)]
    if options.check:
        return max(check(release, options) for release in releases)
    if not options.report:
        for release in releases:
            ask(release, options, keep)
    return max(report(release, options) for release in releases)


def check(release: str, options: Namespace) -> int:
    """Tell what a release answers otherwise than recorded; returns 1 if there is anything."""
    found: list[Difference] = []

    def compare(kind: str, release: str, server: PrefectServer, answers: Answers) -> None:
        recorded = recorded_answers(kind, release, server.database)
        found.extend(compare_answers(kind, recorded, answers, server.database))

    ask(release, options, compare)
    told = f"{len(found)} answers are not as" if found else "all answers are as"
    print("\n".join([*describe_differences(found, "recorded", "now"), f"\n{told} recorded"]))
    return 1 if found else 0


def ask(release: str, options: Namespace, receive: Receive) -> None:
    """Ask one release, with the Python that was given or a throw-away one."""
    say = progress()
    with ExitStack() as stack:
        python = options.python
        if python is None:
            made = prefect_environment(release, sys.executable, say)
            python = Path(stack.enter_context(made))
        found = installed_release(python)
        if found != release:
            raise UsageError(f"{python} has Prefect {found}, not {release}")
        ask_release(release, python.absolute(), options.database, options.kind, receive, say)


def progress() -> Say:
    """Prints lines with the time since now."""
    started = time.monotonic()
    return lambda text: print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)


def report(release: str, options: Namespace) -> int:
    """Tell how a release differs from the one before; returns 1 if it does."""
    comparison = compare_with_previous(release, options.database, options.kind)
    if comparison is None:
        print(f"Prefect {release} is the oldest release that was asked: nothing to compare with.")
        return 0
    print()
    for part in (describe(comparison), describe_document(release), describe_entries(comparison)):
        print("\n".join(part), end="\n\n")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
