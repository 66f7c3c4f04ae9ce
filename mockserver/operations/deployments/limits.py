"""The concurrency limit of a deployment, in its `rest` as replies show it."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from ...prefect import Deployment, check_integer_size
from ...requests.objects import DeploymentCreate, DeploymentUpdate
from .. import Context
from .settings import object_of, stored_time

LIMIT = "global_concurrency_limit"


def require_limit(limit_id: str | None) -> None:
    """Raise NotFound for a limit that deployments share, as there is none; None names none."""
    if limit_id is not None:
        raise NotFound("Concurrency limit not found")


def limit_settings(
    context: Context, deployment: Deployment, body: DeploymentCreate | DeploymentUpdate
) -> dict[str, Any]:
    """The settings that follow from the limit in a body: none, or a new, changed or no limit."""
    given = body.model_fields_set
    if "concurrency_limit" in given:
        return {LIMIT: _own_limit(context, deployment, body.concurrency_limit)}
    return {LIMIT: None} if "global_concurrency_limit_id" in given else {}


def _own_limit(context: Context, deployment: Deployment, limit: int | None) -> Any:
    """The limit that a deployment has for itself alone, with so many slots; None for none."""
    if limit is None:
        return None
    check_integer_size(context.dialect, limit, bits=32)
    now = stored_time(context.now)
    existing = object_of(deployment, LIMIT)
    if existing:
        same = existing.get("limit") == limit
        return {**existing, "limit": limit, **({} if same else {"updated": now})}
    return {
        "id": context.new_id(),
        "created": now,
        "updated": now,
        "active": True,
        "name": f"deployment:{deployment.id}",
        "limit": limit,
        "active_slots": 0,
        "slot_decay_per_second": 0.0,
    }
