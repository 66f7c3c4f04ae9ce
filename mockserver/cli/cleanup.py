"""The command `cleanup`: deletes what earlier runs of the contract kit have left on a server."""

from __future__ import annotations

import typer

from .contract_flags import CleanupFlags, register_command
from .output import print_note

commands = typer.Typer(rich_markup_mode="markdown")


@register_command(commands, CleanupFlags)
def cleanup(flags: CleanupFlags) -> None:
    """Delete what earlier runs of fuzz, diff or verify created on a server and left there.

    A run that is killed, or whose server does not answer at its end, leaves a journal of what it
    created. Only the records that it names are deleted, each by its id, after the server has shown
    it by that id; a flow only if it has no flow runs of others.

        mockserver cleanup http://127.0.0.1:4200/api

    Exit codes: 0 nothing is left, 1 something had to be left, 2 wrong use, or the server failed.
    """
    from ..contract.server import clean_up

    removal = clean_up(flags.options(), lambda _status: None)
    if removal is None:
        print(f"no earlier run has left anything on {flags.url}")  # noqa: T201
        return
    print(f"deleted {removal.flow_runs:,} flow runs that earlier runs had left")  # noqa: T201
    for sentence in removal.left:
        print_note(sentence)
    if removal.left:
        raise typer.Exit(1)
