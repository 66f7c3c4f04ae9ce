"""Histories of task runs."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME,
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_TIMES, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, HISTORY, MATCH_NO_RUN

TASKS = "/task_runs/history"
OF_RUN: Json = {"flow_runs": {"id": {"any_": ["<run>"]}}}
# Task runs that are due in a year that has not come.
FUTURE: Json = {
    "history_start": "2091-02-03T00:00:00Z",
    "history_end": "2091-02-04T00:00:00Z",
    "history_interval_seconds": 7200,
}


def task(name: str, state: Json, **fields: Json) -> ApiRequest:
    """A request that creates a task run of the run in a state."""
    body = {"flow_run_id": "<run>", "task_key": name, "dynamic_key": "0", "name": name}
    return ApiRequest("POST", "/task_runs/", {**body, "state": state, **fields}, save_id_as=name)


def scheduled(at: str, name: str = "Scheduled") -> Json:
    """A state of a run that is due then."""
    return {"type": "SCHEDULED", "name": name, "state_details": {"scheduled_time": at}}


def set_state(of: str, state: Json) -> ApiRequest:
    """A request that forces a run into a state."""
    return ApiRequest("POST", f"{of}/set_state", {"state": state, "force": True})


REQUESTS: RequestGroups = {
    f"{TASKS}: any body": malformed_bodies("POST", TASKS, {**HISTORY, **MATCH_NO_RUN}),
    f"{TASKS}: keys": [
        *with_each_key_missing(TASKS, HISTORY, HISTORY),
        *with_odd_values(
            TASKS,
            {**HISTORY, **MATCH_NO_RUN},
            (*HISTORY, "flows", "task_runs", "deployments", "work_pools", "work_queues"),
        ),
        *with_odd_values(TASKS, {**HISTORY, **MATCH_NO_RUN}, ["history_start"], ODD_TIMES),
        *with_odd_values(
            TASKS,
            {**HISTORY, **MATCH_NO_RUN},
            ["history_interval_seconds"],
            (0, 0.5, 1, 1.5, 3600, 1e15, 1e300, -1, "43200", "P1D"),
        ),
        *post_requests(
            TASKS,
            {**HISTORY, "history_end": HISTORY["history_start"], **MATCH_NO_RUN},
            {**HISTORY, "task_runs": {"id": {"any_": ["x"]}}},
        ),
    ],
    f"{TASKS}: of task runs": [
        CREATE_RUN,
        *(task(name, scheduled(FUTURE_TIME)) for name in "ab"),
        task("c", scheduled("2091-02-03T23:59:59.9999Z", "Later")),
        task("d", scheduled("2091-02-04T00:00:00Z")),
        *post_requests(
            TASKS,
            {**FUTURE, **OF_RUN},
            {**FUTURE, **OF_RUN, "task_runs": {"name": {"any_": ["a"]}}},
            {**FUTURE, **OF_RUN, "deployments": {"id": {"any_": ["<deployment>"]}}},
            {
                **FUTURE,
                **OF_RUN,
                "task_runs": {"name": {"any_": ["a", "d"]}},
                "history_interval_seconds": 1e6,
            },
        ),
        set_state("/task_runs/<c>", {"type": "RUNNING"}),
        *post_requests(TASKS, {**FUTURE, **OF_RUN}),
        ApiRequest("DELETE", "/flow_runs/<run>"),
        *post_requests(TASKS, {**FUTURE, **OF_RUN}),
    ],
}
