"""The endpoints of task runs."""

from __future__ import annotations

from .endpoint import UUID_SEGMENT, Endpoint

TASK_RUNS = (
    Endpoint("POST", "/task_runs/", "create.create_task_run", "TaskRunCreate"),
    Endpoint("POST", "/task_runs/filter", "queries.filter_task_runs", "TaskRunFilterRequest"),
    Endpoint("POST", "/task_runs/count", "queries.count_task_runs", "TaskRunCountRequest"),
    Endpoint("GET", f"/task_runs/{UUID_SEGMENT}", "queries.read_task_run"),
)
