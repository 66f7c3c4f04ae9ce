"""The endpoints of task runs, and of the workers that run them in the background."""

from __future__ import annotations

from .endpoint import UUID_SEGMENT, Endpoint

TASK_RUNS = (
    Endpoint("POST", "/task_runs/", "create.create_task_run", "TaskRunCreate"),
    Endpoint("POST", "/task_runs/filter", "queries.filter_task_runs", "TaskRunFilterRequest"),
    Endpoint("POST", "/task_runs/count", "queries.count_task_runs", "TaskRunCountRequest"),
    Endpoint("POST", "/task_runs/history", "history.task_run_history", "TaskRunHistoryRequest"),
    Endpoint("GET", f"/task_runs/{UUID_SEGMENT}", "queries.read_task_run"),
    Endpoint(
        "PATCH",
        f"/task_runs/{UUID_SEGMENT}",
        "task_runs.changing.update_task_run",
        "objects.TaskRunUpdate",
        status=204,
    ),
    Endpoint(
        "DELETE", f"/task_runs/{UUID_SEGMENT}", "task_runs.changing.delete_task_run", status=204
    ),
    Endpoint(
        "POST",
        f"/task_runs/{UUID_SEGMENT}/set_state",
        "task_runs.set_state.set_state",
        "SetStateRequest",
    ),
    Endpoint("POST", "/task_runs/paginate", "queries.paginate_task_runs", "TaskRunPaginateRequest"),
    Endpoint("GET", "/task_run_states/", "task_runs.states.read_states", query=("task_run_id",)),
    Endpoint("GET", f"/task_run_states/{UUID_SEGMENT}", "task_runs.states.read_state"),
    Endpoint("GET", f"/flow_runs/{UUID_SEGMENT}/graph", "task_runs.graphs.dependencies"),
    Endpoint(
        "GET",
        f"/flow_runs/{UUID_SEGMENT}/graph-v2",
        "task_runs.graphs.graph",
        optional=("since",),
    ),
    Endpoint(
        "POST",
        "/ui/flow_runs/count-task-runs",
        "task_runs.counting.count_by_flow_run",
        "objects.TaskRunCountsRequest",
    ),
    Endpoint(
        "POST", "/ui/task_runs/count", "task_runs.counting.count_by_state", "TaskRunCountRequest"
    ),
    Endpoint(
        "POST",
        "/ui/task_runs/dashboard/counts",
        "task_runs.dashboard.count_by_time",
        "DashboardCountsRequest",
    ),
    Endpoint("GET", f"/ui/task_runs/{UUID_SEGMENT}", "task_runs.counting.read_with_flow_run"),
    Endpoint(
        "POST",
        "/task_workers/filter",
        "task_runs.workers.filter_task_workers",
        "objects.TaskWorkerFilterRequest",
    ),
)
