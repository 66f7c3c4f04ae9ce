"""The commands of the contract kit: `verify`, `drift`, `fuzz`, `diff` and `cleanup`.

The kit needs the extra `verify` and is imported when a command runs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import UsageError
from .contract_flags import (
    CleanupFlags,
    DiffFlags,
    DiffModeFlags,
    FuzzFlags,
    FuzzModeFlags,
    RunFlags,
    ServerFlags,
    VerifyFlags,
    needs_extra,
)
from .output import print_note
from .program import CommandApp, register_command

if TYPE_CHECKING:
    from ..contract.diff import DiffSettings
    from ..contract.fuzz import FuzzSettings

commands = CommandApp()
# Chosen: what a server answers in half a minute. The verdict says how many cells that leaves open.
QUICK_DIFF = DiffFlags(filters=150, deletes=30, runs=60)


@register_command(commands, ServerFlags, RunFlags, VerifyFlags, DiffFlags, FuzzFlags)
@needs_extra("verify")
def verify(
    server: ServerFlags, run: RunFlags, mode: VerifyFlags, diff: DiffFlags, fuzz: FuzzFlags
) -> None:
    """Check whether a server keeps the contract, with drift, fuzz and diff.

    A server at a URL is taken to be shared, and is only read. With --disposable, or if --spawn
    starts it, it is also fuzzed and its deletes are compared. Every difference that is not a known
    deviation is reported with evidence and makes the exit code 1.
    """
    if mode.quick:
        diff, phases = QUICK_DIFF, {"phases": ()}
    else:
        phases = {}
    _run_verb("verify", server, run, diff.settings(run.seed), fuzz.settings(run.seed, **phases))


@register_command(commands, ServerFlags, RunFlags)
@needs_extra("drift")
def drift(server: ServerFlags, run: RunFlags) -> None:
    """Compare a server's OpenAPI document with openapi.yaml. Only reads.

    The document is the server's /openapi.json, or a FILE given in place of the URL. It is compared
    with openapi.yaml as it is for the release that the document is of, or that --dialect names.
    Reports what was added, removed, narrowed or widened, and which clients would notice.
    """
    _run_verb("drift", server, run)


@register_command(commands, ServerFlags, RunFlags, FuzzFlags, FuzzModeFlags)
@needs_extra("fuzz")
def fuzz(server: ServerFlags, run: RunFlags, fuzz: FuzzFlags, mode: FuzzModeFlags) -> None:
    """Send random requests and check what the server does. Deletes flow runs.

    schemathesis makes valid and invalid requests from openapi.yaml, and this project's own checks
    judge what each did. A server that --spawn starts gets every operation; another one those that
    only read or whose records can be taken away again, and others with --operation. Needs
    --disposable or --spawn, and a server without flow runs.
    """
    if mode.copy_hooks is not None:
        _copy_hooks(mode.copy_hooks)
        return
    if mode.schemathesis_report and run.report is None:
        raise UsageError("--schemathesis-report needs the folder that --report names")
    settings = fuzz.settings(
        run.seed,
        operations=tuple(mode.operation or ()),
        thorough=mode.thorough,
        reports=tuple(mode.schemathesis_report or ()),
        folder=run.report,
        **({"phases": tuple(mode.phase)} if mode.phase else {}),
    )
    _run_verb("fuzz", server, run, fuzz=settings)


@register_command(commands, ServerFlags, RunFlags, DiffFlags, DiffModeFlags)
@needs_extra("diff")
def diff(server: ServerFlags, run: RunFlags, diff: DiffFlags, mode: DiffModeFlags) -> None:
    """Compare what a server's filters and deletes do with what the dialect says they do.

    Creates flow runs on the server (--disposable, --spawn) or uses those it has (--existing),
    loads the same runs into a mock, and sends both the same requests. Each difference is shrunk to
    a small request and reported with who is wrong: the document, the server or the mock.
    """
    settings = diff.settings(run.seed, existing=mode.existing, delete=mode.delete)
    _run_verb("diff", server, run, settings)


@register_command(commands, CleanupFlags)
@needs_extra("cleanup")
def cleanup(flags: CleanupFlags) -> None:
    """Delete what earlier runs of fuzz, diff or verify created on a server and left there.

    A run that is killed, or whose server does not answer at its end, leaves a journal of what it
    created. Only the records that it names are deleted, each by its id, after the server has shown
    it by that id; a flow only if it has no flow runs of others.

        mockserver cleanup http://127.0.0.1:4200/api

    Exit codes: 0 nothing is left, 1 something had to be left, 2 wrong use, or the server failed.
    """
    from ..contract.server import TargetError, clean_up

    try:
        removal = clean_up(flags.options(), lambda _status: None)
    except TargetError as error:
        raise UsageError(f"not everything was deleted: {error}") from None
    if removal is None:
        print(f"no earlier run has left anything on {flags.url}")  # noqa: T201
        return
    print(f"deleted {removal.flow_runs:,} flow runs that earlier runs had left")  # noqa: T201
    for sentence in removal.left:
        print_note(sentence)
    if removal.left:
        raise typer.Exit(1)


def _copy_hooks(folder: Path) -> None:
    from ..contract.fuzz import copy_hooks

    for path in copy_hooks(folder):
        print(f"wrote {path}")  # noqa: T201
    print(f"now: cd {folder} && st run openapi.yaml --url http://127.0.0.1:4300/api")  # noqa: T201


def _run_verb(
    name: str,
    server: ServerFlags,
    run: RunFlags,
    diff: DiffSettings | None = None,
    fuzz: FuzzSettings | None = None,
) -> None:
    """Run `name`, a key of `contract.verify.VERBS`; exit with 1 if it found something.

    Raises UsageError if there is no server to test. That is no finding, so exit code 2 tells it
    from a broken contract.
    """
    from ..contract import CommandOptions, run_verb
    from ..contract.server import TargetError
    from ..contract.shards import WHOLE, parse_shard

    options = CommandOptions(
        server.options(),
        run.seed,
        diff,
        fuzz,
        run.report,
        run.accept,
        run.write_accepted,
        run.only,
        WHOLE if run.shard is None else parse_shard(run.shard),
    )
    try:
        has_failures = run_verb(name, options, os.environ)
    except KeyboardInterrupt:
        # A journal's name begins with the pid of its run; it is there while runs are left.
        journals = options.server_options.journal_folder.glob(f"{os.getpid()}-*")
        clean_up = f"mockserver cleanup {server.url or 'URL'}"
        left = f"flow runs that it created are left: {clean_up} deletes them"
        none_left = "no flow runs that it created are left"
        print(  # noqa: T201
            f"mockserver: stopped; {left if any(journals) else none_left}", file=sys.stderr
        )
        raise typer.Exit(130) from None  # 128 + SIGINT, as shells report it
    except TargetError as error:
        raise UsageError(f"nothing was tested: {error}") from None
    if has_failures:
        raise typer.Exit(1)
