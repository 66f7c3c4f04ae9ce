"""What may be done to whose data: the one table, and the sentence that refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from ...errors import UsageError
from .target import Ownership, Target


class SideEffect(Enum):
    """What a way of testing does to a server."""

    READS = "only reads"
    CREATES = "creates flow runs, and takes them away again"
    DELETES = "creates and deletes flow runs"
    FUZZES = "sends any request there is, to every operation"


ALLOWED: Mapping[Ownership, frozenset[SideEffect]] = {
    Ownership.OURS: frozenset(SideEffect),
    Ownership.DISPOSABLE: frozenset(SideEffect),
    Ownership.SHARED: frozenset({SideEffect.READS}),
}


def require_permission(target: Target, effect: SideEffect, verb: str, instead: str = "") -> None:
    """Let it pass, or raise UsageError that says why not and how to allow it."""
    if effect in ALLOWED[target.ownership]:
        return
    raise UsageError(
        f"{verb} {effect.value}, and {target.url} is {target.ownership.value}: nothing was sent. "
        "If nobody will miss what is on it, say so with --disposable; or let a server be started "
        f"for it with --spawn prefect.{f' {instead}' if instead else ''}"
    )


def require_no_flow_runs(target: Target, verb: str) -> None:
    """Let a server without flow runs pass, or raise UsageError: no request of `verb` spares any.

    Raises TargetError where the server does not answer.
    """
    run_count = target.request_json("POST", "/flow_runs/count", {})
    if run_count:
        raise UsageError(
            f"{verb} sends requests that may delete any flow run, and {target.url} holds "
            f"{run_count:,}: nothing else was sent. Start a server for it with --spawn prefect."
        )
