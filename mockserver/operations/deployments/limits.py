"""The concurrency limit of a deployment: a record of the store, and in `rest` as it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...errors import NotFound
from ...prefect import Deployment, Json, check_integer_size
from ...prefect.objects import ConcurrencyLimit
from ...requests.objects import DeploymentCreate, DeploymentUpdate
from ...store import Store
from .. import Context, delete_limits
from .settings import object_of, stored_time

LIMIT = "global_concurrency_limit"


def check_limit(context: Context, body: DeploymentCreate | DeploymentUpdate) -> None:
    """Raise NotFound for an unknown limit, ServerFailure for more slots than a column holds."""
    if body.concurrency_limit is not None:
        check_integer_size(context.dialect, body.concurrency_limit, bits=32)
    limit_id = body.global_concurrency_limit_id
    if limit_id is not None and limit_id not in context.store.objects(ConcurrencyLimit):
        raise NotFound("Concurrency limit not found")


def limit_settings(
    context: Context, deployment: Deployment, body: DeploymentCreate | DeploymentUpdate
) -> Mapping[str, Any]:
    """The settings that follow from the limit in a body, whose record is put into the store."""
    given = body.model_fields_set
    if "concurrency_limit" in given:
        return {LIMIT: _own_limit(context, deployment, body.concurrency_limit)}
    if "global_concurrency_limit_id" not in given:
        return {}
    shared = context.store.objects(ConcurrencyLimit).get(body.global_concurrency_limit_id)
    return {LIMIT: None if shared is None else _as_shown(context, shared)}


def _own_limit(context: Context, deployment: Deployment, slots: int | None) -> Json | None:
    """The limit that a deployment has with so many slots, or None; the old one is changed."""
    # Prefect: models/deployments.py, _create_or_update_deployment_concurrency_limit.
    if slots is None:
        drop_limits(context.store, [deployment])
        return None
    limits = context.store.objects(ConcurrencyLimit)
    limit = limits.get(object_of(deployment, LIMIT).get("id"))
    if limit is None:
        limit = ConcurrencyLimit(
            id=context.new_id(),
            name=f"deployment:{deployment.id}",
            limit=slots,
            active=True,
            active_slots=0,
            denied_slots=0,
            slot_decay_per_second=0.0,
            avg_slot_occupancy_seconds=2.0,
            created=context.now,
            updated=context.now,
        )
    elif limit.limit != slots:
        limit = replace(limit, limit=slots, updated=context.now)
    limits.put(limit)
    return _as_shown(context, limit)


def drop_limits(store: Store, deployments: Iterable[Deployment]) -> None:
    """Delete the limits of deployments, also those that they share with others."""
    # Prefect: models/deployments.py, _delete_related_concurrency_limit.
    found = (object_of(one, LIMIT).get("id") for one in deployments)
    limit_ids = {one for one in found if isinstance(one, str)}
    if limit_ids:
        delete_limits(store, limit_ids)


def _as_shown(context: Context, limit: ConcurrencyLimit) -> Json:
    return {
        "id": limit.id,
        "created": stored_time(limit.created),
        "updated": stored_time(limit.updated),
        "active": limit.active,
        "name": limit.name,
        "limit": limit.limit,
        "active_slots": limit.active_at(context.now),
        "slot_decay_per_second": limit.slot_decay_per_second,
    }
