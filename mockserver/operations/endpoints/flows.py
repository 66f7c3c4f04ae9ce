"""The endpoints of flows."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

FLOWS = (
    Endpoint(
        "POST",
        "/flows/bulk_delete",
        "related_deletes.deleting.execute_related_delete",
        "FlowsDeleteRequest",
        plan="related_deletes.planning.plan_flows_delete",
    ),
    Endpoint("POST", "/flows/", "create.create_flow", "FlowCreate"),
    Endpoint("POST", "/flows/filter", "queries.filter_flows", "FlowFilterRequest"),
    Endpoint("POST", "/flows/count", "queries.count_flows", "FlowCountRequest"),
    Endpoint("POST", "/flows/paginate", "flows.reading.paginate_flows", "FlowPaginateRequest"),
    Endpoint("GET", f"/flows/{UUID_SEGMENT}", "queries.read_flow"),
    Endpoint(
        "PATCH", f"/flows/{UUID_SEGMENT}", "flows.changing.update_flow", "FlowUpdate", status=204
    ),
    Endpoint("GET", f"/flows/name/{{name:{TEXT_SEGMENT}}}", "queries.read_flow_by_name"),
    Endpoint("DELETE", f"/flows/{UUID_SEGMENT}", "delete.delete_flow", status=204),
    Endpoint(
        "POST",
        "/ui/flows/count-deployments",
        "flows.reading.count_deployments",
        "FlowIdsRequest",
    ),
    Endpoint("POST", "/ui/flows/next-runs", "flows.next_runs.read_next_runs", "FlowIdsRequest"),
)
