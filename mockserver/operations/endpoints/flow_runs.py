"""The endpoints of flow runs and their states."""

from __future__ import annotations

from .endpoint import UUID_SEGMENT, Endpoint

FLOW_RUNS = (
    Endpoint(
        "POST",
        "/flow_runs/bulk_delete",
        "delete.execute_bulk_delete",
        "BulkDeleteRequest",
        plan="delete.plan_bulk_delete",
        plain_plan="delete.plan_plain_delete",
    ),
    Endpoint("POST", "/flow_runs/", "create.create_flow_run", "FlowRunCreate"),
    Endpoint(
        "POST",
        "/flow_runs/filter",
        "queries.filter_flow_runs",
        "FlowRunFilterRequest",
        int64_only=True,
    ),
    Endpoint("POST", "/flow_runs/count", "queries.count_flow_runs", "FilterParameters"),
    Endpoint(
        "POST",
        "/flow_runs/paginate",
        "queries.paginate_flow_runs",
        "FlowRunPaginateRequest",
        int64_only=True,
    ),
    Endpoint("POST", "/flow_runs/lateness", "history.lateness", "FilterParameters"),
    Endpoint("POST", "/ui/flow_runs/history", "history.run_points", "RunPointsRequest"),
    Endpoint("POST", "/flow_runs/history", "history.history", "HistoryRequest"),
    Endpoint(
        "POST", "/flow_runs/bulk_set_state", "set_state.bulk_set_state", "BulkSetStateRequest"
    ),
    Endpoint("GET", f"/flow_runs/{UUID_SEGMENT}", "queries.read_flow_run"),
    Endpoint(
        "PATCH", f"/flow_runs/{UUID_SEGMENT}", "update.update_flow_run", "FlowRunUpdate", status=204
    ),
    Endpoint("DELETE", f"/flow_runs/{UUID_SEGMENT}", "delete.delete_flow_run", status=204),
    Endpoint(
        "POST", f"/flow_runs/{UUID_SEGMENT}/set_state", "set_state.set_state", "SetStateRequest"
    ),
    Endpoint(
        "PATCH",
        f"/flow_runs/{UUID_SEGMENT}/labels",
        "update.update_labels",
        "LabelsUpdate",
        status=204,
    ),
    Endpoint("GET", "/flow_run_states/", "queries.read_states", query=("flow_run_id",)),
    Endpoint("GET", f"/flow_run_states/{UUID_SEGMENT}", "queries.read_state"),
)
