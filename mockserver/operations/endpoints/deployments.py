"""The endpoints of deployments."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

DEPLOYMENTS = (
    Endpoint(
        "POST",
        "/deployments/filter",
        "queries.filter_deployments",
        "DeploymentFilterRequest",
    ),
    Endpoint("POST", "/deployments/count", "queries.count_deployments", "FilterParameters"),
    Endpoint("GET", f"/deployments/{UUID_SEGMENT}", "queries.read_deployment"),
    Endpoint(
        "GET",
        f"/deployments/name/{{flow_name:{TEXT_SEGMENT}}}/{{deployment_name:{TEXT_SEGMENT}}}",
        "queries.read_deployment_by_name",
    ),
)
