"""Changing, deleting and paginating task runs, and their states."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_NUMBERS, ODD_TEXTS, UNKNOWN_ID, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, CREATE_TASK_RUN

ONE, READ = "/task_runs/<task>", ApiRequest("GET", "/task_runs/<task>")
PAGINATE, STATES = "/task_runs/paginate", "/task_run_states/?task_run_id=<task>"
OWN: Json = {"flow_runs": {"id": {"any_": ["<run>"]}}}
LOG: Json = {
    "name": "l",
    "level": 20,
    "message": "m",
    "timestamp": "2026-01-31T08:00:00Z",
    "flow_run_id": "<run>",
    "task_run_id": "<task>",
}
SUBFLOW = ApiRequest(
    "POST",
    "/flow_runs/",
    {"flow_id": "<flow>", "name": "Run 6", "parent_task_run_id": "<task>"},
    save_id_as="sub",
)


def tasks(*names: str) -> list[ApiRequest]:
    """Requests that create task runs of the run, by name."""
    return [
        ApiRequest(
            "POST",
            "/task_runs/",
            {
                "flow_run_id": "<run>",
                "task_key": name,
                "dynamic_key": "0",
                "name": name,
                # Only one that fails on creation has an end (Prefect: SetEndTime).
                "state": {"type": "FAILED"} if name == "c" else None,
            },
            save_id_as=name,
        )
        for name in names
    ]


REQUESTS: RequestGroups = {
    "task runs: changes": [
        CREATE_RUN,
        CREATE_TASK_RUN,
        *malformed_bodies("PATCH", ONE, {"name": "new"}),
        *as_patch(with_odd_values(ONE, {}, ("name", "tags"))),
        *as_patch(with_odd_values(ONE, {}, ["name"], (ODD_TEXTS[0], *ODD_TEXTS[2:]))),
        *as_patch(post_requests(ONE, {})),
        READ,
        *as_patch(post_requests(ONE, {"name": "new"})),
        READ,
        *as_patch(post_requests(f"/task_runs/{UNKNOWN_ID}", {"name": "x"}, {"name": 1}, {})),
        *as_patch(post_requests("/task_runs/nope", {"name": "x"})),
    ],
    "task runs: deleted": [
        CREATE_RUN,
        CREATE_TASK_RUN,
        SUBFLOW,
        ApiRequest("POST", "/logs/", [LOG]),
        ApiRequest("DELETE", ONE),
        ApiRequest("DELETE", ONE),
        READ,
        ApiRequest("GET", "/flow_runs/<sub>"),
        ApiRequest("GET", STATES),
        ApiRequest("DELETE", f"/task_runs/{UNKNOWN_ID}"),
        ApiRequest("DELETE", "/task_runs/nope"),
    ],
    "task runs: pages": [
        CREATE_RUN,
        *tasks("a", "b", "c"),
        ApiRequest("POST", PAGINATE, OWN | {"task_runs": {"name": {"any_": ["c"]}}}),
        *post_requests(PAGINATE, True, 7, "x", [], b"{bad"),
        *with_odd_values(PAGINATE, OWN, ("limit", "page", "sort"), ("x", [], {})),
        *with_odd_values(PAGINATE, {**OWN, "sort": "NAME_ASC"}, ("limit", "page"), ODD_NUMBERS),
        *post_requests(
            PAGINATE,
            *(
                {**OWN, "sort": sort, **page}
                for sort in ("NAME_ASC", "NAME_DESC")
                for page in ({}, {"limit": 2}, {"limit": 2, "page": 2}, {"limit": 2, "page": 3})
            ),
            {**OWN, "sort": "NAME_ASC", "limit": 0},
            {**OWN, "limit": 201},
            {**OWN, "task_runs": {"name": {"any_": ["b"]}}},
        ),
    ],
    "task runs: states": [
        CREATE_RUN,
        ApiRequest(
            "POST",
            "/task_runs/",
            {
                "flow_run_id": "<run>",
                "task_key": "t",
                "dynamic_key": "0",
                "state": {"type": "RUNNING", "name": "Go", "message": "m"},
            },
            save_id_as="task",
        ),
        ApiRequest("GET", STATES),
        SUBFLOW,
        ApiRequest("GET", STATES),
        ApiRequest("POST", "/flow_runs/<sub>/set_state", {"state": {"type": "RUNNING"}}),
        ApiRequest("POST", "/flow_runs/<sub>/set_state", {"state": {"type": "FAILED"}}),
        ApiRequest("GET", STATES),
        *(
            ApiRequest("GET", f"/task_run_states/{end}")
            for end in (
                *("", f"?task_run_id={UNKNOWN_ID}", "?task_run_id=nope", "?task_run_id="),
                *(UNKNOWN_ID, "nope"),
            )
        ),
        ApiRequest("DELETE", "/flow_runs/<run>"),
        ApiRequest("GET", STATES),
    ],
}
