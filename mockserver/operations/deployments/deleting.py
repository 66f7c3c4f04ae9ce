"""Deleting deployments, one or many: what goes with them."""

from __future__ import annotations

from collections.abc import Sequence

from ...store import Store
from .. import Context, Deletion, Outcome, Plan, delete_planned
from .limits import drop_limits
from .scheduled_runs import waiting_runs
from .settings import require_deployment


def delete_deployment(context: Context, deployment_id: str) -> Outcome:
    """Delete a deployment, its limit, and its runs that wait for their start. Raises NotFound."""
    require_deployment(context, deployment_id)
    waiting = waiting_runs([deployment_id])
    plan = Plan(waiting, waiting)
    deletion = delete_deployments(context.store, plan, [deployment_id], keep_runs=context.keep_runs)
    return Outcome(None, deletion=deletion)


def delete_deployments(
    store: Store, plan: Plan, ids: Sequence[str], *, keep_runs: bool
) -> Deletion:
    """Delete deployments with their limits, and with those runs that the plan's predicate selects.

    Other runs keep the id of their deployment, of which there is none any more.
    """
    deletion = delete_planned(store, plan, keep_runs=keep_runs)
    deployments = tuple(filter(None, map(store.deployments.get, ids)))
    store.deployments.drop(ids)
    drop_limits(store, deployments)
    return deletion._replace(deployments=deployments)
