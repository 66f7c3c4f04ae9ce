"""What the kit may do to a server, by whose data is on it: one table, and the errors.

Invariant: nothing is created, changed or deleted on a shared server. Only the command `cleanup`
deletes there, what an earlier run of the kit had created.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from ...errors import UsageError
from .target import Ownership, Target


class SideEffect(Enum):
    """What a command does to a server."""

    READS = "only reads"
    CREATES = "creates flow runs, and deletes them again"
    DELETES = "creates and deletes flow runs"
    FUZZES = "sends requests of any kind to every operation"


# A URL without --disposable is shared: the safe answer is the default.
ALLOWED: Mapping[Ownership, frozenset[SideEffect]] = {
    Ownership.OURS: frozenset(SideEffect),
    Ownership.DISPOSABLE: frozenset(SideEffect),
    Ownership.SHARED: frozenset({SideEffect.READS}),
}


def require_permission(target: Target, effect: SideEffect, verb: str, instead: str = "") -> None:
    """Raise UsageError if `effect` is not allowed on the server.

    `verb` is the command's name, `instead` a sentence that names an alternative.
    """
    if effect in ALLOWED[target.ownership]:
        return
    raise UsageError(
        f"{verb} {effect.value}, but {target.url} is {target.ownership.value}: nothing was sent. "
        "If nobody will miss the data on it, add --disposable; or start a server for the test "
        f"with --spawn prefect.{f' {instead}' if instead else ''}"
    )


def require_no_flow_runs(target: Target, verb: str) -> None:
    """Raise UsageError if the server holds flow runs: the requests of `verb` may delete any.

    Raises TargetError if the server does not answer.
    """
    run_count = target.count("flow_runs")
    if run_count:
        raise UsageError(
            f"{verb} sends requests that may delete any flow run, and {target.url} holds "
            f"{run_count:,}: no other request was sent. Start a server for the test with "
            "--spawn prefect."
        )
