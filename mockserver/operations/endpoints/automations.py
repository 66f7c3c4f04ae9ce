"""The endpoints of automations: the one that clients call when they create a deployment."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, Endpoint

AUTOMATIONS = (
    Endpoint(
        "DELETE",
        f"/automations/owned-by/{{resource_id:{TEXT_SEGMENT}}}",
        "deployments.automations.delete_owned_automations",
        status=202,
    ),
)
