"""Deleting the flows or deployments that a plan selects, and what goes with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any, Protocol

from ...filters import ONE_OF, Comparison, Predicate
from ...prefect import LIMIT_REACHED
from ...store import Store
from .. import Deletion, Plan, delete_flows, refuse_rejected, sort_warnings
from ..deployments import delete_deployments, waiting_runs
from .planning import RelatedPlan

_EARLIEST = datetime.min.replace(tzinfo=UTC)


def execute_related_delete(plan: RelatedPlan, store: Store, *, keep_runs: bool = False) -> Deletion:
    """Delete the flows or deployments that a plan selects: the first ones by name, up to its limit.

    `keep_runs` as for `execute_bulk_delete`. Raises ServerFailure, and deletes nothing, where the
    dialect's database would not run the query.
    """
    refuse_rejected(plan, any_records=len(getattr(store, plan.kind)) > 0)
    matching = plan.matching(store)
    chosen = first_by_name(matching, plan.limit or len(matching))
    # The reply has them in the order of another query, by id: SQLite looks each one up in its index
    # (measured, 3.6.16 and 3.9.1); PostgreSQL promises no order (Prefect: models/flows.py,
    # delete_flows, and models/deployments.py, delete_deployments).
    ids = sorted(one.id for one in chosen)
    runs = runs_going(plan.kind, ids)
    carried_out = replace(plan, predicate=runs, wider=runs)
    deletion = _DELETES[plan.kind](store, carried_out, ids, keep_runs=keep_runs)
    more = {LIMIT_REACHED} if len(matching) > len(chosen) else set()
    return deletion._replace(warnings=sort_warnings({*plan.warnings, *more}), asked=tuple(ids))


def first_by_name(records: Iterable[Any], limit: int) -> list[Any]:
    """The first records in the order of their names, those that were created first before others.

    A real server sorts by the name alone, and promises no order of deployments that share one.
    """
    return nsmallest(limit, records, lambda one: (one.name, one.created or _EARLIEST, one.id))


def runs_going(kind: str, ids: Sequence[str]) -> Predicate:
    """Which flow runs go with flows or deployments that have these ids."""
    if kind == "flows":
        return Comparison("flow_id", ONE_OF, frozenset(ids))
    return waiting_runs(ids)


class _Delete(Protocol):
    def __call__(
        self, store: Store, plan: Plan, ids: Sequence[str], *, keep_runs: bool
    ) -> Deletion: ...


_DELETES: Mapping[str, _Delete] = {"flows": delete_flows, "deployments": delete_deployments}
