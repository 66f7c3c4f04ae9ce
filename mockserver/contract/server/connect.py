"""From what the command line says to a server that can be tested: reached, known, and owned."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UsageError
from ...prefect import MEASURED_ON, SPEC, Dialect
from .cleanup_journal import default_folder, delete_leftovers
from .detect import Identity, identify
from .spawn import Program, ServerCommand, mock_command, prefect_command, running_server
from .target import Limits, Ownership, Target, build_headers

StatusCallback = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to get to a server: by its URL, or by starting one.

    `dialect`: that it is to be held against; None: find out. `journals`: None is the default.
    """

    url: str | None = None
    spawn: Program | None = None
    prefect_python: str | None = None
    database: str | None = None
    dialect: Dialect | None = None
    disposable: bool = False
    headers: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    journals: Path | None = None

    @property
    def journal_folder(self) -> Path:
        """Where what was made is written down."""
        return self.journals or default_folder(os.environ)


@dataclass(frozen=True, slots=True)
class ConnectedServer:
    """A server that answers, and what it is. `notes` are worth telling the user."""

    target: Target
    identity: Identity
    notes: tuple[str, ...] = ()


@contextmanager
def connect_server(options: ServerOptions, say: StatusCallback) -> Iterator[ConnectedServer]:
    """The server, for as long as the block lasts.

    Raises UsageError for a command that makes no sense, TargetError where it does not answer.
    """
    command = _server_command(options)
    with ExitStack() as stack:
        url = options.url if command is None else stack.enter_context(running_server(command, say))
        target = Target(
            str(url),
            build_headers(options.headers, os.environ) if command is None else {},
            Ownership.DISPOSABLE if options.disposable else Ownership.SHARED,
            options.limits,
        )
        notes = []
        if command is not None:
            target.ownership = Ownership.OURS
            run_count = (
                target.request_json("POST", "/flow_runs/count", {}) if options.database else 0
            )
            if run_count and not options.disposable:
                target.ownership = Ownership.SHARED
                notes.append(
                    f"the database holds {run_count:,} flow runs, so it is taken to be shared"
                )
        identity = identify(target, options.dialect)
        server_errors = identity.dialect.undocumented_5xx
        target.flaky = (
            server_errors is not None and not server_errors.retryable and not identity.is_mock
        )
        left = delete_leftovers(target, options.journal_folder)
        if left:
            notes.append(f"{left:,} flow runs that an earlier run had left were taken away")
        if not identity.measured:
            notes.append(
                f"the server calls itself {identity.version}; the dialects were measured on "
                f"{', '.join(MEASURED_ON)}, so a difference may be a change of Prefect's"
            )
        yield ConnectedServer(target, identity, tuple(notes))


def _server_command(options: ServerOptions) -> ServerCommand | None:
    """What to start, if anything. Raises UsageError where that contradicts itself."""
    if (options.url is None) == (options.spawn is None):
        raise UsageError("say which server: a URL such as http://127.0.0.1:4200/api, or --spawn")
    if options.spawn is Program.prefect:
        return prefect_command(options.prefect_python, options.database)
    if options.prefect_python or options.database:
        raise UsageError("--prefect-python and --database go with --spawn prefect")
    return mock_command(options.dialect or SPEC) if options.spawn else None
