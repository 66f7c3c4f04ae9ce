"""Changing flows, listing them by pages, and what the UI counts of flows and task runs."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    BROKEN_JSON,
    ODD_IDS,
    ODD_TEXTS,
    UNKNOWN_ID,
    Json,
)
from tests.support.endpoint_requests.valid_requests import CREATE_RUN
from tests.support.object_requests.task_runs import tasks

ONE, READ = "/flows/<one>", ApiRequest("GET", "/flows/<one>")
PAGE, DEPLOYMENTS, STATES = "/flows/paginate", "/ui/flows/count-deployments", "/ui/task_runs/count"
OWN: Json = {"flows": {"name": {"like_": "<u>"}}}
OF_RUN: Json = {"flow_runs": {"id": {"any_": ["<run>"]}}}


def flow(name: str = "one", **fields: Json) -> ApiRequest:
    """A request that creates a flow; its id gets that name."""
    return ApiRequest("POST", "/flows/", {"name": f"{name} <u>", **fields}, save_id_as=name)


REQUESTS: RequestGroups = {
    "flows: changes": [
        flow(tags=["a"], labels={"team": "b"}),
        *malformed_bodies("PATCH", ONE, {"tags": ["b", "a", "b"]}),
        READ,
        ApiRequest("PATCH", ONE, {}),
        READ,
        *as_patch(with_odd_values(ONE, {}, ["tags", "name", "labels"])),
        *(ApiRequest("PATCH", ONE, {"tags": [text]}) for text in ODD_TEXTS if text.isprintable()),
        READ,
        ApiRequest("PATCH", f"/flows/{UNKNOWN_ID}", {"tags": []}),
        *(ApiRequest("PATCH", f"/flows/{text}", {"tags": []}) for text in ODD_IDS[1:3]),
    ],
    "flows: pages": [
        *(flow(name) for name in ("one", "two", "three")),
        *post_requests(PAGE, [], 1, "x", True, BROKEN_JSON, {"flows": 1}),
        *post_requests(
            PAGE,
            *({**OWN, "limit": limit} for limit in (0, 1, 2, 200, 201, -1, "x", None)),
            *({**OWN, "limit": 2, "page": page} for page in (1, 2, 3, 0, "2", "x", 2**63, None)),
            *({**OWN, "sort": sort} for sort in ("NAME_DESC", "CREATED_DESC", "x", None)),
            {**OWN, "flows": {"id": {"any_": []}}},
            {**OWN, "deployments": {}},
            {**OWN, "unknown": 1, "work_pool_queues": {"x": 1}},
            *({**OWN, key: None} for key in ("flow_runs", "task_runs", "deployments")),
        ),
    ],
    "flows: deployments": [
        flow(),
        flow("two"),
        *(
            ApiRequest("POST", "/deployments/", {"name": name, "flow_id": "<one>"})
            for name in ("a", "b")
        ),
        *malformed_bodies("POST", DEPLOYMENTS, {"flow_ids": ["<one>", "<two>", "<one>"]}),
        *with_odd_values(DEPLOYMENTS, {}, ["flow_ids"]),
        *post_requests(
            DEPLOYMENTS,
            {"flow_ids": [UNKNOWN_ID, "<two>", "<one>"]},
            {"flow_ids": ["<one>"] * 200},
            {"flow_ids": ["<one>"] * 201},
            {"flow_ids": ["<one>", "x"]},
        ),
    ],
    "task runs: by state": [
        CREATE_RUN,
        *tasks("a", "b", "c"),
        *(
            ApiRequest("POST", f"/task_runs/<{name}>/set_state", {"state": {"type": state}})
            for name, state in (("a", "RUNNING"), ("b", "FAILED"))
        ),
        *malformed_bodies("POST", STATES, OF_RUN),
        *post_requests(
            STATES,
            {**OF_RUN, "task_runs": {"name": {"any_": ["a"]}}},
            {**OF_RUN, "task_runs": None, "flows": None},
            {"flow_runs": {"id": {"any_": [UNKNOWN_ID]}}},
            {"task_runs": {"name": {"like_": 1}}},
        ),
        ApiRequest("GET", "/ui/task_runs/<a>"),
        ApiRequest("GET", f"/ui/task_runs/{UNKNOWN_ID}"),
        *(ApiRequest("GET", f"/ui/task_runs/{text}") for text in ODD_IDS[1:3]),
        ApiRequest("DELETE", "/ui/task_runs/<a>"),
        ApiRequest("POST", "/task_runs/", {"task_key": "t", "dynamic_key": "<u>"}, save_id_as="t"),
        ApiRequest("GET", "/ui/task_runs/<t>"),
    ],
}
