"""Connecting: from the options of a command to a server that is reached, identified and owned."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UsageError
from ...prefect import SPEC, Dialect
from ...remote import build_headers
from .cleanup_journal import default_folder, find_leftovers
from .detect import Identity, identify
from .environment import prefect_environment
from .spawn import (
    Program,
    ServerCommand,
    find_python,
    mock_command,
    prefect_command,
    running_server,
)
from .target import Limits, Ownership, Target

StatusCallback = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to reach a server: by `url`, or by starting the program `spawn`. Exactly one is given.

    `prefect_release`, `prefect_python` and `database` are for `spawn=Program.prefect`: the release
    is installed for the run, None takes what is installed. `dialect` is what the server is compared
    with; None means that requests find out. `disposable` says that nobody will miss the data on it.
    `headers` are options such as "Name: value". `journals` is a folder; None means the default one.
    """

    url: str | None = None
    spawn: Program | None = None
    prefect_release: str | None = None
    prefect_python: str | None = None
    database: str | None = None
    dialect: Dialect | None = None
    disposable: bool = False
    headers: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    journals: Path | None = None

    @property
    def journal_folder(self) -> Path:
        """The folder of the cleanup journals."""
        return self.journals or default_folder(os.environ)

    @property
    def spawn_text(self) -> str:
        """The value of --spawn, such as `prefect@3.9.1`; "" for a server at a URL."""
        release = f"@{self.prefect_release}" if self.prefect_release else ""
        return f"{self.spawn.value}{release}" if self.spawn else ""

    @property
    def flags_text(self) -> str:
        """The other flags that decide what is tested, as in a command. The URL of a database is
        left out: it may hold a password.
        """
        flags = (
            *(("--prefect-python", self.prefect_python) if self.prefect_python else ()),
            *(("--dialect", self.dialect.name) if self.dialect else ()),
            *(("--disposable",) if self.disposable else ()),
        )
        return shlex.join(flags)


@dataclass(frozen=True, slots=True)
class ConnectedServer:
    """A server that answers, and what it is. `notes` are sentences for the user."""

    target: Target
    identity: Identity
    notes: tuple[str, ...] = ()


@contextmanager
def connect_server(options: ServerOptions, on_status: StatusCallback) -> Iterator[ConnectedServer]:
    """Connect to a server, or start one that runs until the block ends.

    A note tells of what earlier runs of the kit left on it. `on_status` is told what is being done.

    Raises UsageError for options that contradict each other, TargetError if the server does not
    start or answer.
    """
    with ExitStack() as stack:
        command = stack.enter_context(_server_command(options, on_status))
        if command is None:
            target = _target_at_url(options)
            notes = []
        else:
            url = stack.enter_context(running_server(command, on_status))
            # Without the credentials of the environment: they are for another server.
            target = Target(url, {}, Ownership.OURS, options.limits)
            notes = _protect_foreign_runs(target, options)
        identity = identify(target, options.dialect)
        target.flaky = _is_flaky(identity)
        leftovers = find_leftovers(target, options.journal_folder)
        if leftovers:
            count = sum(len(one.paths) for one in leftovers)
            notes.append(
                f"earlier runs may have left {count:,} records: `mockserver cleanup {target.url}` "
                "deletes them"
            )
        yield ConnectedServer(target, identity, (*notes, *identity.notes))


def _target_at_url(options: ServerOptions) -> Target:
    return Target(
        str(options.url),
        build_headers(options.headers, os.environ),
        Ownership.DISPOSABLE if options.disposable else Ownership.SHARED,
        options.limits,
    )


def _protect_foreign_runs(target: Target, options: ServerOptions) -> list[str]:
    """Treat a started server as shared if its database already holds flow runs; return notes.

    Only a database that the user named can: any other is new.
    """
    if options.database is None or options.disposable:
        return []
    run_count = target.count("flow_runs")
    if not run_count:
        return []
    target.ownership = Ownership.SHARED
    return [f"the database holds {run_count:,} flow runs, so it is treated as shared (read-only)"]


def _is_flaky(identity: Identity) -> bool:
    """Whether a 503 is to be retried, as on a real server on SQLite.

    On PostgreSQL a 503 is the answer to some requests (see `Dialect.undocumented_5xx`), and the
    mock answers 503 only on purpose.
    """
    server_errors = identity.dialect.undocumented_5xx
    return server_errors is not None and not server_errors.retryable and not identity.is_mock


@contextmanager
def _server_command(
    options: ServerOptions, on_status: StatusCallback
) -> Iterator[ServerCommand | None]:
    """Yield the command that starts the server, None for a URL; what it needs is there until the
    block ends.

    Raises UsageError for a contradiction, and as `prefect_environment` does.
    """
    if (options.url is None) == (options.spawn is None):
        raise UsageError("name one server: a URL such as http://127.0.0.1:4200/api, or --spawn")
    if options.spawn is Program.prefect:
        with _prefect_command(options, on_status) as command:
            yield command
    elif options.prefect_python or options.database:
        raise UsageError("--prefect-python and --database need --spawn prefect")
    else:
        yield mock_command(options.dialect or SPEC) if options.spawn else None


@contextmanager
def _prefect_command(options: ServerOptions, on_status: StatusCallback) -> Iterator[ServerCommand]:
    if options.prefect_release is None:
        yield prefect_command(options.prefect_python, options.database)
        return
    base_python = find_python(options.prefect_python or sys.executable)
    # Before the installation, which takes long: raises UsageError for what cannot be right.
    prefect_command(base_python, options.database)
    with prefect_environment(options.prefect_release, base_python, on_status) as python:
        yield prefect_command(python, options.database)
