"""The commands of the contract kit: verify, drift, fuzz, diff. The kit itself is imported late."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import UsageError
from .contract_flags import (
    DiffFlags,
    DiffModeFlags,
    FuzzFlags,
    FuzzModeFlags,
    RunFlags,
    ServerFlags,
    register_command,
)

if TYPE_CHECKING:
    from ..contract.diff import DiffSettings
    from ..contract.fuzz import FuzzSettings


def add_commands(app: typer.Typer) -> None:
    """Give `app` the commands of the kit."""

    @register_command(app, ServerFlags, RunFlags, DiffFlags, FuzzFlags)
    def verify(server: ServerFlags, run: RunFlags, diff: DiffFlags, fuzz: FuzzFlags) -> None:
        """Does a server keep the contract? drift, fuzz and diff, as far as it may be touched.

        A server at a URL is taken to be shared: it is only read. With --disposable, or started
        by --spawn, it is fuzzed, and what it deletes is compared. Every difference that is not a
        known deviation is told with a line that shows it, and makes the exit code 1.
        """
        _run_command("verify", server, run, diff.settings(run.seed), fuzz.settings(run.seed))

    @register_command(app, ServerFlags, RunFlags)
    def drift(server: ServerFlags, run: RunFlags) -> None:
        """Does a server's document still say what ours says? Only reads.

        Compares openapi.yaml with the server's own /openapi.json, or with a FILE named in place of
        the URL, and tells what was added, removed, narrowed or widened, and who would notice.
        """
        _run_command("drift", server, run)

    @register_command(app, ServerFlags, RunFlags, FuzzFlags, FuzzModeFlags)
    def fuzz(server: ServerFlags, run: RunFlags, fuzz: FuzzFlags, mode: FuzzModeFlags) -> None:
        """Does a server do what the document says, for any request? Deletes whatever is on it.

        schemathesis sends requests made from openapi.yaml, good ones and bad ones, and the checks
        of this project look at what they did: needs --disposable or --spawn, and a server without
        flow runs.
        """
        if mode.copy_hooks is not None:
            _copy_hooks(mode.copy_hooks)
            return
        folder = run.report
        if mode.schemathesis_report and folder is None:
            raise UsageError("--schemathesis-report needs the folder that --report names")
        settings = fuzz.settings(
            run.seed,
            operations=tuple(mode.operation or ()),
            thorough=mode.thorough,
            reports=tuple(mode.schemathesis_report or ()),
            folder=folder,
            **({"phases": tuple(mode.phase)} if mode.phase else {}),
        )
        _run_command("fuzz", server, run, fuzz=settings)

    @register_command(app, ServerFlags, RunFlags, DiffFlags, DiffModeFlags)
    def diff(server: ServerFlags, run: RunFlags, diff: DiffFlags, mode: DiffModeFlags) -> None:
        """Does a server mean by filters and deletes what our dialect means?

        Makes flow runs on it (--disposable, --spawn) or takes those that are there (--existing),
        loads the same into a mock, and asks both the same. A difference is made as small as it
        can be, and told with who is wrong: the document, the server, or the mock.
        """
        settings = diff.settings(run.seed, existing=mode.existing, delete=mode.delete)
        _run_command("diff", server, run, settings)


def _copy_hooks(folder: Path) -> None:
    from ..contract.fuzz import copy_hooks

    for path in copy_hooks(folder):
        print(f"wrote {path}")  # noqa: T201
    print(f"now: cd {folder} && st run openapi.yaml --url http://127.0.0.1:4300/api")  # noqa: T201


def _run_command(
    name: str,
    server: ServerFlags,
    run: RunFlags,
    diff: DiffSettings | None = None,
    fuzz: FuzzSettings | None = None,
) -> None:
    """Exits with 1 where something was found, with 130 when told to stop.

    Raises UsageError where there is no server to test: nothing was found of it, good or bad.
    """
    from ..contract import CommandOptions, run_verb
    from ..contract.server import TargetError

    asked = CommandOptions(server.opening(), run.seed, diff, fuzz, run.report)
    try:
        found = run_verb(name, asked, os.environ)
    except KeyboardInterrupt:
        left = "what was made is written down, and the next run takes it away"
        gone = "nothing that was made is left"
        is_left = any(asked.server_options.journal_folder.glob(f"{os.getpid()}-*"))
        print(f"mockserver: stopped; {left if is_left else gone}", file=sys.stderr)  # noqa: T201
        raise typer.Exit(130) from None
    except TargetError as error:
        raise UsageError(f"nothing was tested: {error}") from None
    if found:
        raise typer.Exit(1)
