"""Requests and bodies that are valid; odd ones are made from them."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import FUTURE_TIME, ApiRequest
from tests.support.endpoint_requests.odd_values import Json

CREATE_RUN = ApiRequest(
    "POST", "/flow_runs/", {"flow_id": "<flow>", "name": "Run 1"}, save_id_as="run"
)

CREATE_WAITING_RUN = ApiRequest(
    "POST",
    "/flow_runs/",
    {
        "flow_id": "<flow>",
        "deployment_id": "<deployment>",
        "name": "Run 2",
        "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": FUTURE_TIME}},
        "job_variables": {"a": 1},
    },
    save_id_as="waiting",
)

CREATE_TASK_RUN = ApiRequest(
    "POST",
    "/task_runs/",
    {"flow_run_id": "<run>", "task_key": "t", "dynamic_key": "0", "name": "Task 1"},
    save_id_as="task",
)

READ_RUN, READ_WAITING_RUN = (
    ApiRequest("GET", "/flow_runs/<run>"),
    ApiRequest("GET", "/flow_runs/<waiting>"),
)

FLOW_RUN: Json = {"flow_id": "<flow>", "name": "Run 3"}

TASK_RUN: Json = {"flow_run_id": "<run>", "task_key": "k", "dynamic_key": "1", "name": "Task 2"}

LOG: Json = {"name": "l", "level": 20, "message": "m", "timestamp": "2026-01-31T08:00:00Z"}

LEASE_BODY: Json = {"slots": 1, "names": ["tag:x <u>"]}

HISTORY: Json = {
    "history_start": "2026-01-01T00:00:00Z",
    "history_end": "2026-01-02T00:00:00Z",
    "history_interval_seconds": 43200,
}

MATCH_NO_RUN: Json = {"flow_runs": {"id": {"any_": []}}}

FLOW_RUN_POLICY_KEYS = (
    *("max_retries", "retry_delay_seconds", "retries", "retry_delay", "pause_keys", "resuming"),
    "retry_type",
)

TEXT_KEYS = (
    *("name", "flow_version", "work_queue_name", "state.name", "state.message", "state.data"),
    *("state.state_details.cache_key", "state.state_details.pause_key"),
    "state.state_details.traceparent",
)
