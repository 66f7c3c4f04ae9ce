"""What the UI asks: times of flow runs, next runs, counts of task runs, queues of a deployment."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME,
    ApiRequest,
    RequestGroups,
    few_malformed_bodies,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_IDS, ODD_TIMES, UNKNOWN_ID, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN
from tests.support.object_requests.deployments import deployment, in_order
from tests.support.object_requests.histories import OF_RUN, scheduled, set_state, task

RUNS = "/ui/flow_runs/history"
NEXT, COUNTS = "/ui/flows/next-runs", "/ui/task_runs/dashboard/counts"
OWN: Json = {"flows": {"name": {"like_": "<u>"}}, "flow_runs": {"tags": {"all_": ["<u> h"]}}}


def run(name: str, state: Json, **fields: Json) -> ApiRequest:
    """A request that creates a flow run in a state."""
    body = {"flow_id": "<flow>", "name": name, "tags": ["<u> h"], "state": state, **fields}
    return ApiRequest("POST", "/flow_runs/", body, save_id_as=name)


def flow(name: str) -> ApiRequest:
    """A request that creates a flow; its id gets that name."""
    return ApiRequest("POST", "/flows/", {"name": f"{name} <u>"}, save_id_as=name)


def counts(after: Json, before: Json = ..., **more: Json) -> Json:
    """The body that counts the run's task runs which started between these times."""
    start = {"after_": after} if before is ... else {"after_": after, "before_": before}
    return {**OF_RUN, "task_runs": {"start_time": start, **more}}


# Its twenty parts take centuries: what happens now is always in the same one.
_AGES = ("1000-01-01T00:00:00Z", "3000-01-01T00:00:00Z")

REQUESTS: RequestGroups = {
    f"{RUNS}: any body": few_malformed_bodies(RUNS),
    f"{RUNS}: of flow runs": [
        run("r1", scheduled(FUTURE_TIME)),
        run("r2", scheduled("2091-02-03T04:05:05Z")),
        run("r3", {"type": "PENDING"}),
        set_state("/flow_runs/<r3>", {"type": "RUNNING"}),
        set_state("/flow_runs/<r3>", {"type": "FAILED"}),
        *post_requests(
            RUNS,
            OWN,
            {**OWN, "flow_runs": {"id": {"any_": ["<r3>"]}}},
            *({**OWN, "sort": sort} for sort in ("START_TIME_ASC", "NAME_DESC", "x", None)),
            *({**OWN, "sort": "NAME_ASC", "limit": limit} for limit in (0, 1, 1000, 1001, -1, "x")),
            *({**OWN, "limit": limit} for limit in (None, 2**63)),
            *({**OWN, "sort": "NAME_ASC", "offset": offset} for offset in (1, 5, -1, "x", 2**63)),
            {**OWN, "offset": None},
            *(
                {**OWN, key: None}
                for key in ("task_runs", "deployments", "work_pools", "flow_runs")
            ),
            *({**OWN, key: 1} for key in ("flows", "work_pools", "work_pool_queues", "x")),
        ),
        ApiRequest(
            "POST", "/flow_runs/", {"flow_id": "<flow>", "tags": ["<u> i"]}, save_id_as="r4"
        ),
        *post_requests(RUNS, {"flow_runs": {"id": {"any_": ["<r4>"]}}}),
        *(ApiRequest("DELETE", f"/flow_runs/<r{number}>") for number in range(1, 5)),
    ],
    NEXT: [
        *(flow(name) for name in ("f1", "f2", "f3")),
        *(
            ApiRequest(
                "POST", "/flow_runs/", {"flow_id": of, "name": name, "state": scheduled(at, name)}
            )
            for of, name, at in (
                ("<f1>", "late", "2091-02-03T04:05:06Z"),
                ("<f1>", "soon", "2091-02-03T04:05:05.5+01:00"),
                ("<f2>", "only", "2026-01-01T00:00:00Z"),
            )
        ),
        ApiRequest("POST", "/flow_runs/", {"flow_id": "<f3>", "name": "pending"}),
        *malformed_bodies("POST", NEXT, {"flow_ids": ["<f1>"]}),
        *with_odd_values(NEXT, {}, ["flow_ids"]),
        *post_requests(
            NEXT,
            {"flow_ids": [UNKNOWN_ID, "<f2>", "<f2>"]},
            {"flow_ids": ["<f3>"]},
            {"flow_ids": ["<f2>"] * 200},
            {"flow_ids": ["<f2>"] * 201},
            *({"flow_ids": [one]} for one in ODD_IDS),
        ),
        *(ApiRequest("DELETE", f"/flows/<{name}>") for name in ("f1", "f2", "f3")),
    ],
    f"{COUNTS}: any body": malformed_bodies("POST", COUNTS, counts(_AGES[0])),
    f"{COUNTS}: of task runs": [
        CREATE_RUN,
        *(task(name, {"type": "PENDING"}) for name in "abcd"),
        *(set_state(f"/task_runs/<{name}>", {"type": "RUNNING"}) for name in "abc"),
        *(
            set_state(f"/task_runs/<{name}>", {"type": end})
            for name, end in (("a", "COMPLETED"), ("b", "CRASHED"), ("c", "CANCELLED"))
        ),
        *post_requests(
            COUNTS,
            counts(*_AGES),
            counts(_AGES[1], _AGES[0]),
            counts("2026-01-31T08:00:00Z", "2026-01-31T09:00:30.5Z"),
            counts("2020-01-01T00:00:00.5Z", "4020-01-01T00:00:59Z"),
            counts("2020-01-01T00:00:00.5+01:00", "3020-01-01T00:00:59Z"),
            counts(*_AGES, name={"any_": ["a"]}),
            counts(*_AGES, state={"type": {"any_": ["RUNNING"]}}),
            {**counts(*_AGES), "flows": {"id": {"any_": ["<flow>"]}}},
            {**counts(*_AGES), "deployments": {"id": {"any_": ["<deployment>"]}}},
            *(
                {**counts(*_AGES), key: {"name": {"any_": ["x"]}}}
                for key in ("work_pools", "work_queues", "work_pool_queues")
            ),
            *({**counts(*_AGES), key: None} for key in ("flows", "work_queues", "flow_runs")),
            *({}, {"task_runs": {}}, {"task_runs": {"start_time": None}}, {"task_runs": None}),
            {"task_runs": {"start_time": {"before_": _AGES[1]}}},
            {"task_runs": {"start_time": {"is_null_": True}}},
            counts("x"),
            *(counts(time, _AGES[1]) for time in ODD_TIMES[:6]),
        ),
        ApiRequest("DELETE", "/flow_runs/<run>"),
    ],
    "deployments: queues that pick up": in_order(
        [
            deployment(),
            *(
                ApiRequest("GET", f"/deployments/{of}/work_queue_check")
                for of in (UNKNOWN_ID, "nope")
            ),
            ApiRequest("POST", "/deployments/<one>/work_queue_check", {}),
        ]
    ),
}
