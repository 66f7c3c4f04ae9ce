"""The endpoints of flows."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

FLOWS = (
    Endpoint("POST", "/flows/", "create.create_flow", "FlowCreate"),
    Endpoint("POST", "/flows/filter", "queries.filter_flows", "FlowFilterRequest"),
    Endpoint("POST", "/flows/count", "queries.count_flows", "FlowCountRequest"),
    Endpoint("GET", f"/flows/{UUID_SEGMENT}", "queries.read_flow"),
    Endpoint("GET", f"/flows/name/{{name:{TEXT_SEGMENT}}}", "queries.read_flow_by_name"),
    Endpoint("DELETE", f"/flows/{UUID_SEGMENT}", "delete.delete_flow", status=204),
)
