"""The deletion report of a world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..filters import Predicate
from ..insight import count_of
from ..insight.deletion_report import DeletionReport, report_deletions, report_lines
from .worlds import Sessions, World

MAX_TOLD_SESSIONS = 20
"""How many sessions are told of when a server stops; chosen."""


def report_world(
    world: World, protect: Sequence[Predicate] = (), *, with_tables: bool = True
) -> DeletionReport:
    """What requests deleted since the world began, was reset, or began anew.

    `protect` are predicates of runs that must never go. Without tables it costs next to nothing.
    """
    before = world.store if world.before is None else world.before
    dialect = world.settings.dialect
    return report_deletions(
        before,
        world.store,
        world.totals,
        dialect,
        world.now(),
        protect,
        with_tables=with_tables,
    )


def closing_lines(sessions: Sessions) -> Iterator[str]:
    """What requests deleted, in a few lines for the log of a server that stops.

    First its own world; then the sessions in which something was deleted, those that were used last
    first, up to `MAX_TOLD_SESSIONS`. Nothing where nothing was deleted.
    """
    if _has_deleted(sessions.default_world):
        yield from report_lines(report_world(sessions.default_world, with_tables=False))
    deleting = [(name, world) for name, world in sessions if _has_deleted(world)][::-1]
    for name, world in deleting[:MAX_TOLD_SESSIONS]:
        for line in report_lines(report_world(world, with_tables=False)):
            yield f"session {name}: {line}"
    rest = [world.totals.deleted for _, world in deleting[MAX_TOLD_SESSIONS:]]
    if rest:
        more, runs = count_of(len(rest), "more session"), count_of(sum(rest), "flow run")
        yield f"{more}, in which requests deleted {runs}"


def _has_deleted(world: World) -> bool:
    """Whether requests deleted flow runs, or what has them."""
    totals = world.totals
    return bool(totals.deleted or totals.flows or totals.deployments)
