"""Which queues would pick up the runs of a deployment, by their deprecated filters."""

from __future__ import annotations

from ...errors import NotFound
from ...prefect import Deployment, Dialect, WorkQueue
from .. import Context, Outcome
from .records import object_of
from .replies import Reply, queue_replies
from .slots import QUEUE_STATES

_LATER_KEYS = frozenset({"work_pool_name", "status", "active_slots"})
"""What a queue has elsewhere, as a WorkQueueResponse, and not here."""


def queues_for_deployment(context: Context, deployment_id: str) -> Outcome:
    """List the queues whose filter takes a deployment. Raises NotFound."""
    deployment = context.store.deployments.get(deployment_id)
    if deployment is None:
        raise NotFound("Deployment not found")
    queues = [one for one in context.store.work_queues if _takes(one, deployment, context.dialect)]
    return Outcome([_reply(one) for one in queue_replies(context, queues, QUEUE_STATES)])


def _takes(queue: WorkQueue, deployment: Deployment, dialect: Dialect) -> bool:
    """Whether a queue has no condition that the deployment does not satisfy.

    Prefect: models/deployments.py, check_work_queues_for_deployment.
    """
    criteria = object_of(queue, "filter")
    if criteria is None:  # PostgreSQL finds nothing in SQL's null
        database = dialect.undocumented_5xx
        return database is None or database.null_has_no_condition
    ids = criteria.get("deployment_ids")
    return set(criteria.get("tags") or ()) <= set(deployment.tags) and (
        not ids or deployment.id in ids
    )


def _reply(reply: Reply) -> Reply:
    return {key: value for key, value in reply.items() if key not in _LATER_KEYS}
