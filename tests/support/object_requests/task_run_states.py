"""Proposing states to task runs."""

from __future__ import annotations

from itertools import product
from typing import Any

from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_TEXTS, ODD_TIMES, UNKNOWN_ID, Json

SET, READ = "/task_runs/<task>/set_state", ApiRequest("GET", "/task_runs/<task>")
TYPES = (
    *("SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "CRASHED"),
    *("PAUSED", "CANCELLING"),
)
LATER: Json = {"scheduled_time": FUTURE_TIME}
DEFERRED: Json = {"deferred": True}


def create_run(state: str = "RUNNING") -> ApiRequest:
    body = {"flow_id": "<flow>", "name": "Run 7", "state": {"type": state}}
    return ApiRequest("POST", "/flow_runs/", body, save_id_as="run")


def create_task(state: Json = None, key: str = "t", **fields: object) -> ApiRequest:
    body = {"flow_run_id": "<run>", "task_key": key, "dynamic_key": "0", "name": "T", **fields}
    if state is not None:
        body["state"] = state
    return ApiRequest("POST", "/task_runs/", body, save_id_as="task")


def propose(kind: str, *, force: bool = False, **state: Any) -> ApiRequest:
    return ApiRequest("POST", SET, {"state": {"type": kind, **state}, "force": force})


def moves(first: str, second: str, **state: Any) -> list[ApiRequest]:
    """Requests that bring a task run of its own from one type of state to another."""
    return [
        create_task({"type": first}, f"{first} {second} {len(state)}"),
        propose(second, **state),
    ]


def set_flow_run(kind: str, **state: Any) -> ApiRequest:
    return ApiRequest(
        "POST", "/flow_runs/<run>/set_state", {"state": {"type": kind, **state}, "force": True}
    )


REQUESTS: RequestGroups = {
    **{
        f"task states: from {first}": [
            create_run(),
            *(request for second in TYPES for request in (*moves(first, second), READ)),
        ]
        for first in TYPES
    },
    "task states: any body": [
        create_run(),
        create_task(),
        *malformed_bodies("POST", SET, {"state": {"type": "PENDING"}}),
        *with_odd_values(SET, {"state": {"type": "PENDING"}}, ("state", "force", "state.type")),
        *with_odd_values(SET, {"state": {"type": "PENDING"}}, ["state.message"], ODD_TEXTS),
        *with_odd_values(
            SET,
            {"state": {"type": "PENDING"}},
            ["state.state_details.scheduled_time"],
            ODD_TIMES[:6],
        ),
        *post_requests(f"/task_runs/{UNKNOWN_ID}/set_state", {"state": {"type": "RUNNING"}}, {}),
        *post_requests("/task_runs/nope/set_state", {"state": {"type": "RUNNING"}}),
    ],
    **{
        f"task states: of a {kind} flow run": [
            create_run(kind),
            create_task(),
            propose("RUNNING"),
            propose("RUNNING", force=True),
            READ,
        ]
        for kind in ("PENDING", "SCHEDULED", "COMPLETED", "CANCELLING")
    },
    "task states: of a paused flow run": [
        create_run(),
        create_task(),
        set_flow_run("PAUSED", state_details={"pause_timeout": FUTURE_TIME}),
        propose("RUNNING"),
        READ,
    ],
    "task states: of no flow run": [
        ApiRequest(
            "POST",
            "/task_runs/",
            {"task_key": "alone <u>", "dynamic_key": "0", "name": "T"},
            save_id_as="task",
        ),
        propose("RUNNING"),
        propose("COMPLETED"),
        READ,
        ApiRequest("DELETE", "/task_runs/<task>"),
    ],
    **{
        f"task states: retries {place}": [
            create_run(),
            create_task(empirical_policy=policy),
            *(
                request
                for _ in range(3)
                for request in (propose("RUNNING"), propose("FAILED", message="no"))
            ),
            READ,
        ]
        for place, policy in enumerate(
            ({"retries": 1}, {"retries": 2, "retry_delay": 0}, {"retries": 0}, {})
        )
    },
    "task states: retry delays": [
        create_run(),
        create_task(empirical_policy={"retries": 3, "retry_delay": [0, 3600]}),
        propose("RUNNING"),
        propose("FAILED", data={"type": "x"}),
        propose("RUNNING"),
        propose("FAILED", state_details={"retriable": False}),
        READ,
    ],
    "task states: later": [
        create_run(),
        create_task({"type": "SCHEDULED", "state_details": LATER}),
        propose("PENDING"),
        READ,
        propose("PENDING", state_details={"scheduled_time": "2020-01-01T00:00:00Z"}),
        propose("RUNNING"),
        READ,
    ],
    "task states: results": [
        create_run(),
        create_task(),
        propose("COMPLETED", data={"type": "x"}),
        propose("RUNNING"),
        propose("COMPLETED"),
        propose("RUNNING", force=True),
        propose("COMPLETED", data={"type": "unpersisted"}),
        READ,
        propose("RUNNING"),
        READ,
    ],
    "task states: any data": [
        create_run(),
        create_task(),
        propose("COMPLETED", data=1),
        propose("RUNNING"),
        propose("COMPLETED", force=True, data=[]),
        propose("RUNNING"),
        READ,
    ],
    "task states: another attempt": [
        create_run(),
        create_task(),
        propose("RUNNING"),
        propose("FAILED"),
        set_flow_run("PENDING"),
        set_flow_run("RUNNING"),
        propose("RUNNING"),
        READ,
    ],
    **{
        f"task states: deferred {first} to {second}": [
            create_run(),
            *moves(first, second, state_details=DEFERRED),
            READ,
        ]
        for first, second in product(("SCHEDULED", "PENDING", "RUNNING"), ("PENDING", "RUNNING"))
    },
    "task states: parameters": [
        create_run("PENDING"),
        create_task({"type": "SCHEDULED", "state_details": {"task_parameters_id": UNKNOWN_ID}}),
        propose("PENDING", state_details=DEFERRED),
        propose("RUNNING", state_details=DEFERRED),
        READ,
    ],
}
