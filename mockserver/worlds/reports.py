"""The deletion report of a world."""

from __future__ import annotations

from collections.abc import Sequence

from ..filters import Predicate
from ..insight.deletion_report import DeletionReport, report_deletions
from .worlds import World


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
