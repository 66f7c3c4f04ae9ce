"""Work pools, their queues and workers, and what these poll for."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_IDS, ODD_TEXTS, UNKNOWN_ID, Json

POOL = "/work_pools/p%20<u>"
POOL_NAME = "p <u>"
TEMPLATE: Json = {
    "job_configuration": {"command": "{{ command }}", "env": {"A": ["{{a}}-{{ command }}"]}},
    "variables": {
        "type": "object",
        "properties": {"command": {"type": "string"}, "a": {"type": "integer", "default": 1}},
    },
}
POOL_KEYS = (
    *("description", "type", "base_job_template", "is_paused", "concurrency_limit"),
    *("storage_configuration", "unknown", "status"),
)
QUEUE_KEYS = (
    *("description", "is_paused", "concurrency_limit", "priority", "filter", "unknown"),
    *("status", "work_pool_id"),
)


def create_pool(name: str = POOL_NAME, save_id_as: str = "pool one", **given: Json) -> ApiRequest:
    body = {"name": name, "type": "process", **given}
    return ApiRequest("POST", "/work_pools/", body, save_id_as=save_id_as)


def from_page(said: str) -> Mapping[str, str]:
    """The headers of a request that says whether it comes from Prefect's page."""
    return {**JSON_HEADERS, "x-prefect-ui": said}


def create_queue(name: str, **given: Json) -> ApiRequest:
    return ApiRequest("POST", f"{POOL}/queues", {"name": name, **given}, save_id_as=f"queue {name}")


def create_run(
    name: str, queue: str | None = None, state: str = "SCHEDULED", **given: Json
) -> Json:
    """A run in a queue of the pool; those that are scheduled start in the order of their names."""
    details = {"scheduled_time": f"2026-01-0{len(name)}T00:00:00Z"} if state == "SCHEDULED" else {}
    body = {
        "flow_id": "<flow>",
        "name": name,
        "work_pool_name": POOL_NAME,
        "work_queue_name": queue,
        "state": {"type": state, "state_details": details},
        **given,
    }
    return ApiRequest("POST", "/flow_runs/", body, save_id_as=f"run {name}")


def get(*paths: str) -> list[ApiRequest]:
    return [ApiRequest("GET", path) for path in paths]


def delete(*paths: str) -> list[ApiRequest]:
    return [ApiRequest("DELETE", path) for path in paths]


def patch(path: str, *bodies: Json) -> list[ApiRequest]:
    return list(post_requests(path, *bodies, method="PATCH"))


def template(configuration: Json, variables: Json) -> Json:
    return {"job_configuration": configuration, "variables": variables}


TEMPLATES: tuple[Json, ...] = (
    {},
    TEMPLATE,
    {"job_configuration": {"a": 1}},
    {"variables": {"properties": {}}},
    template({}, {}),
    template({"a": "{{ x }}"}, {"properties": {"y": {}}}),
    template({"a": "{{x }} {{ y.z }}"}, {"properties": {"x": {}}}),
    template({"a": "{{ x y }} { x } {{}}"}, {"type": "object"}),
    template({"a": {"{{ key }}": 1}}, {"properties": {"a": {}}}),
    template(1, 1),
    template({"a": 1}, [1]),
    template({"a": 1}, {"properties": 1}),
    template({"a": 1}, {"properties": {}, "b": 1}) | {"more": 1},
)
RESERVED = "/work_pools/Prefect-x"


def with_variable(**schema: Json) -> Json:
    return template({"a": "{{ x }}"}, {"properties": {"x": schema}, "required": ["x"]})


VARIABLES: tuple[Json, ...] = (
    with_variable(type="strong"),
    with_variable(type="string", default=1),
    with_variable(type="integer", default="a"),
    with_variable(type="integer", minimum=3, default=2),
    with_variable(type="array", items={"type": "string"}, default=["a", 1]),
    with_variable(default={"$ref": {"block_document_id": UNKNOWN_ID}}),
    with_variable(default={"$ref": {"block_document_id": "x"}}),
    with_variable(default={"$ref": {"block_document_id": 1}}),
    with_variable(default={"$ref": {"block_document_id": ["a"]}}),
    with_variable(default={"$ref": 1}),
    with_variable(**{"$ref": "#/properties/x"}, default=1),
    template({"a": 1}, {"properties": {"x": True}}),
    template({"a": 1}, {"type": "x"}),
)
TAKEN_VARIABLES: tuple[Json, ...] = (
    with_variable(type="string"),
    with_variable(type="integer", default=None),
    with_variable(type="string", default="a"),
    with_variable(default={"$ref": {}}),
)

REQUESTS: RequestGroups = {
    "work pools: any body": [
        *malformed_bodies("POST", "/work_pools/", {"name": POOL_NAME}),
        *delete(POOL),
    ],
    "work pools: odd values": [
        *with_odd_values(
            "/work_pools/", {}, ["name"], (None, True, 1, 1.5, "", " ", "''", '" ', [])
        ),
        *with_odd_values("/work_pools/", {"name": POOL_NAME}, POOL_KEYS, save_id_as="pool one"),
        *get(POOL),
        *delete(POOL),
        *post_requests(
            "/work_pools/",
            *({"name": f"n <u>{letter}"} for letter in "/%&><"),
            {"name": "Prefect-x", "base_job_template": {"a": 1}},
            {"name": "PREFECTION <u>"},
            {"name": POOL_NAME, "concurrency_limit": -1},
            {"name": POOL_NAME, "concurrency_limit": 2**63},
            {"name": POOL_NAME, "storage_configuration": {"a": 1}},
            {"name": POOL_NAME, "storage_configuration": {"bundle_upload_step": 1}},
            *(
                {"name": POOL_NAME, "storage_configuration": {"default_result_storage_block_id": x}}
                for x in ODD_IDS
                if x is not None and "c90c3cc" not in str(x).lower()
            ),
        ),
    ],
    "work pools: templates": [
        ApiRequest("POST", "/work_pools/", {"name": POOL_NAME, "base_job_template": one})
        for one in TEMPLATES
        if one not in ({}, TEMPLATE)
    ]
    + [
        *delete(POOL),
        create_pool(base_job_template=TEMPLATE, description="d"),
        *patch(POOL, *({"base_job_template": one} for one in TEMPLATES)),
        *patch(POOL, {"base_job_template": None}, {"base_job_template": TEMPLATE}),
        *get(POOL),
        *delete(POOL),
    ],
    "work pools: null in place of a template": [
        create_pool(),
        *(
            ApiRequest("PATCH", POOL, {"base_job_template": None, **other})
            for other in (
                {},
                {"storage_configuration": 0},
                {"concurrency_limit": -1},
                {"description": 1, "unknown": 1},
            )
        ),
        ApiRequest("PATCH", "/work_pools/not%20there", {"base_job_template": None}),
        *delete(POOL),
    ],
    "work pools: job variables": [
        *(
            ApiRequest("POST", "/work_pools/", {"name": POOL_NAME, "base_job_template": one})
            for one in VARIABLES
        ),
        *(
            request
            for one in TAKEN_VARIABLES
            for request in (
                ApiRequest("POST", "/work_pools/", {"name": POOL_NAME, "base_job_template": one}),
                *delete(POOL),
            )
        ),
    ],
    "work pools: one": [
        create_pool(description="d", concurrency_limit=3),
        create_pool(),
        create_pool("P <u>", "pool two", type="prefect-agent", is_paused=True),
        create_pool("q <u>", "pool three", is_paused=True),
        ApiRequest("POST", "/work_pools/", {"name": "r <u>"}),
        *get(POOL, "/work_pools/P%20<u>", "/work_pools/q%20<u>", "/work_pools/r%20<u>"),
        *get("/work_pools/nope", "/work_pools/a%2Fb", "/work_pools/%20", "/work_pools/filter"),
        *get(f"{POOL}/", "/work_pools/", "/work_pools", "/work_pools/a%0Ab"),
        *delete("/work_pools/nope", "/work_pools/filter", RESERVED),
        *delete(POOL, "/work_pools/P%20<u>", "/work_pools/q%20<u>", "/work_pools/r%20<u>", POOL),
        *get(POOL),
    ],
    "work pools: update": [
        create_pool(),
        *as_patch(
            with_odd_values(POOL, {}, [key for key in POOL_KEYS if key != "base_job_template"])
        ),
        *get(POOL),
        *patch(POOL, {}, {"name": "x"}, {"is_paused": True}),
        *get(POOL),
        *patch(POOL, {"description": "e", "is_paused": False, "concurrency_limit": 7}),
        *get(POOL),
        *patch(POOL, {"description": None, "concurrency_limit": None}),
        *patch(POOL, {"storage_configuration": {"bundle_upload_step": {"a": 1}}}),
        *get(POOL),
        *patch(POOL, {"storage_configuration": {}}, ..., b"{bad", []),
        *get(POOL),
        *patch("/work_pools/nope", {}, {"is_paused": True}, {"is_paused": 7}),
        *patch(RESERVED, {"description": "x"}, {"is_paused": True}, {}, {"is_paused": "x"}),
        *delete(POOL),
    ],
    "work pools: lists": [
        create_pool("b <u>", "pool b", concurrency_limit=2),
        create_pool("a <u>", "pool a", type="docker"),
        create_pool("C <u>", "pool c", type="prefect-agent"),
        *(
            ApiRequest("POST", f"/work_pools/{what}", {"work_pools": criteria, **page})
            for what in ("filter", "count")
            for criteria, page in (
                ({"name": {"any_": ["b <u>", "a <u>", "C <u>"]}}, {}),
                ({"name": {"any_": ["b <u>", "a <u>", "C <u>"]}}, {"limit": 1, "offset": 1}),
                ({"name": {"any_": ["b <u>", "a <u>", "C <u>"]}}, {"limit": 0}),
                ({"name": {"any_": ["a <u>", "C <u>", "nope"]}}, {}),
                ({"name": {"any_": []}}, {}),
                ({"id": {"any_": ["<pool b>"]}}, {}),
                ({"type": {"any_": ["docker"]}, "id": {"any_": ["<pool a>", "<pool b>"]}}, {}),
                ({"name": {"any_": ["nope"]}, "x": 1}, {}),
                ({"name": {"like_": "no such"}}, {"offset": -1}),
                ({"name": {"any_": []}}, {"limit": 201}),
                ({"name": {"any_": []}}, {"limit": -1}),
                (
                    {"operator": "or_", "name": {"any_": ["a <u>"]}, "id": {"any_": ["<pool b>"]}},
                    {},
                ),
            )
        ),
        *post_requests("/work_pools/filter", {"work_pools": 1}, {"limit": "x"}, [], 1, b"{bad"),
        *post_requests("/work_pools/count", {"work_pools": 1}, {"work_pools": {"id": 1}}, [], 1),
        *delete("/work_pools/b%20<u>", "/work_pools/a%20<u>", "/work_pools/C%20<u>"),
    ],
    "work queues: of a pool": [
        create_pool(),
        *malformed_bodies("POST", f"{POOL}/queues", {"name": "m"}),
        create_queue("one"),
        create_queue("one"),
        create_queue("two", priority=1, concurrency_limit=4, description="d", is_paused=True),
        create_queue("three", priority=2),
        create_queue("four", priority=9),
        create_queue("five"),
        create_queue("six", filter={"tags": ["a"], "x": 1}),
        create_queue("seven", description=None),
        ApiRequest("POST", f"{POOL}/queues/filter", {}),
        *(ApiRequest("POST", f"{POOL}/queues", {"name": f"x{letter}"}) for letter in "/%&><"),
        *get(f"{POOL}/queues/two", f"{POOL}/queues/nope", "/work_pools/nope/queues/two"),
        ApiRequest("POST", "/work_pools/nope/queues", {"name": "x"}),
        ApiRequest("POST", "/work_pools/nope/queues/filter", {}),
        *patch(f"{POOL}/queues/four", {"priority": 1}),
        *patch(f"{POOL}/queues/five", {"priority": 40}, {"name": "5"}, {"is_paused": True}),
        *patch(f"{POOL}/queues/nope", {"is_paused": True}),
        *patch("/work_pools/nope/queues/x", {"is_paused": True}),
        ApiRequest("POST", f"{POOL}/queues/filter", {"limit": 3}),
        *delete(f"{POOL}/queues/one", f"{POOL}/queues/one", f"{POOL}/queues/default"),
        *delete("/work_pools/nope/queues/x"),
        *post_requests(
            f"{POOL}/queues/filter",
            {},
            {"offset": 2, "limit": 2},
            {"work_queues": {"name": {"startswith_": ["t"]}}},
            {"work_queues": {"name": {"any_": ["two", "nope"]}}},
            {"work_queues": {"id": {"any_": ["<queue two>"]}}},
            {"work_queues": {"id": 1}},
            {"limit": 201},
            [],
        ),
        *delete(POOL),
        *get("/work_queues/<queue two>", f"{POOL}/queues/two"),
    ],
    "work queues: odd values": [
        create_pool(),
        *with_odd_values(f"{POOL}/queues", {}, ["name"], (None, True, 1, "", " ", [], {})),
        *with_odd_values(f"{POOL}/queues", {"name": "one"}, QUEUE_KEYS),
        *post_requests(
            f"{POOL}/queues",
            *({"name": "two", "priority": value} for value in (0, -1, 2**63, 1.0, "3", True)),
            *({"name": "two", "concurrency_limit": value} for value in (-1, 2**63)),
            {"name": "two", "filter": {"tags": 1, "deployment_ids": ["x"]}},
            {"name": "two", "filter": {"deployment_ids": [UNKNOWN_ID]}},
        ),
        *as_patch(with_odd_values(f"{POOL}/queues/default", {}, (*QUEUE_KEYS, "last_polled"))),
        *as_patch(with_odd_values(f"{POOL}/queues/default", {}, ["name"], (None, 1, [], "two"))),
        *get(f"{POOL}/queues/default"),
        *delete(POOL),
    ],
    "work queues: by id": [
        create_pool(),
        create_queue("one"),
        create_queue("two", concurrency_limit=1),
        *get("/work_queues/<queue one>", "/work_queues/<queue two>", "/work_queues/nope"),
        *get(f"/work_queues/{UNKNOWN_ID}", "/work_queues/<queue one>/status"),
        *get(f"/work_queues/{UNKNOWN_ID}/status"),
        *patch(
            "/work_queues/<queue one>", {"priority": 1, "description": "d"}, {}, {"is_paused": True}
        ),
        *get("/work_queues/<queue one>"),
        *patch("/work_queues/<queue one>", {"is_paused": False}, {"name": "two"}, {"name": None}),
        *get("/work_queues/<queue one>"),
        *patch(f"/work_queues/{UNKNOWN_ID}", {"is_paused": True}, {"is_paused": 7}),
        *patch("/work_queues/<queue one>", {"description": None}, {"priority": None}, {"x": 1}),
        *patch(
            "/work_queues/<queue one>",
            {"last_polled": "2020-01-01T00:00:00Z", "filter": {"tags": ["a"]}},
        ),
        *get("/work_queues/<queue one>", "/work_queues/<queue one>/status"),
        *patch("/work_queues/<queue one>", {"name": "a/b"}),
        *get("/work_queues/<queue one>"),
        *patch("/work_queues/<queue one>", {"name": "b"}),
        ApiRequest("POST", f"{POOL}/queues/filter", {}),
        ApiRequest(
            "POST",
            "/work_queues/filter",
            {"work_queues": {"id": {"any_": ["<queue one>", "<queue two>"]}}},
        ),
        ApiRequest(
            "POST",
            "/work_queues/filter",
            {
                "work_queues": {"id": {"any_": ["<queue one>", "<queue two>"]}},
                "limit": 1,
                "offset": 1,
            },
        ),
        *post_requests("/work_queues/filter", {"limit": 201}, {"work_queues": 1}, []),
        *delete(
            "/work_queues/<queue one>", "/work_queues/<queue one>", f"/work_queues/{UNKNOWN_ID}"
        ),
        *patch("/work_queues/<queue two>", {"is_paused": False}),
        ApiRequest("GET", f"{POOL}/queues/default", save_id_as="own default"),
        *delete("/work_queues/<own default>", POOL, "/work_queues/<queue two>"),
    ],
    "work queues: of agents": [
        ApiRequest("POST", "/work_queues/", {"name": "agent <u>", "priority": 1}, save_id_as="q"),
        ApiRequest("POST", "/work_queues/", {"name": "agent <u>"}),
        ApiRequest("POST", "/work_queues/", {"name": "default"}),
        ApiRequest("POST", "/work_queues/", {"name": "a/b"}),
        *get("/work_queues/name/agent%20<u>", "/work_queues/<q>", "/work_queues/name/nope"),
        *get("/work_queues/name/second", "/work_queues/name/a%2Fb"),
        *delete("/work_queues/<q>"),
    ],
    "workers": [
        create_pool(),
        *malformed_bodies("POST", f"{POOL}/workers/heartbeat", {"name": "m"}),
        *with_odd_values(f"{POOL}/workers/heartbeat", {}, ["name"]),
        *with_odd_values(
            f"{POOL}/workers/heartbeat",
            {"name": "one"},
            ["heartbeat_interval_seconds"],
            (None, True, 1.5, "7", -5, 0, 2**63, 30),
        ),
        *get(POOL),
        ApiRequest("POST", f"{POOL}/workers/heartbeat", {"name": "one"}),
        ApiRequest("POST", f"{POOL}/workers/heartbeat", {"name": "two"}),
        *post_requests(
            f"{POOL}/workers/filter",
            {"limit": 2},
            {"limit": 1, "offset": 1},
            {"workers": {"status": {"any_": ["OFFLINE"]}}},
            {"workers": {"status": {"not_any_": ["ONLINE"]}}},
            {"workers": {"status": {"any_": ["ONLINE"], "not_any_": []}}, "limit": 1},
            {"workers": {"status": {"any_": ["x"]}}},
            {"workers": {"last_heartbeat_time": {"before_": "2020-01-01T00:00:00Z"}}},
            {"workers": {"last_heartbeat_time": {"after_": "2020-01-01T00:00:00Z"}}, "limit": 1},
            {"workers": {"x": 1}},
            {"limit": 201},
            [],
        ),
        *delete(f"{POOL}/workers/one", f"{POOL}/workers/one", "/work_pools/nope/workers/x"),
        ApiRequest("POST", "/work_pools/nope/workers/heartbeat", {"name": "x"}),
        ApiRequest("POST", "/work_pools/nope/workers/filter", {}),
        *patch(POOL, {"is_paused": True}),
        ApiRequest("POST", f"{POOL}/workers/heartbeat", {"name": "two"}),
        *get(POOL),
        *patch(POOL, {"is_paused": False}),
        *get(POOL),
        *delete(POOL),
        create_pool(),
        ApiRequest("POST", f"{POOL}/workers/filter", {}),
        *delete(POOL),
    ],
    "work pools: polling": [
        create_pool(),
        create_queue("low"),
        create_queue("high", priority=1),
        create_run("b1", "low"),
        create_run("c12", "low"),
        create_run("a123", "high"),
        create_run("d", None),
        create_run("e1234", "low", empirical_policy={"retry_type": "in_process"}),
        create_run("f1", "high", "RUNNING"),
        *post_requests(
            f"{POOL}/get_scheduled_flow_runs",
            {"work_queue_names": ["nope"]},
            {"limit": 201},
            {"limit": "x"},
            {"work_queue_names": "low"},
            {"scheduled_before": "x"},
            {},
            {"limit": 2},
            {"limit": 0},
            {"work_queue_names": ["low"]},
            {"work_queue_names": ["low", "low"], "limit": 1},
            {"work_queue_names": []},
            {"scheduled_before": "2026-01-02T00:00:00Z"},
            {"scheduled_after": "2026-01-03T00:00:00Z"},
            {"scheduled_after": "2026-01-03T00:00:00Z", "scheduled_before": "2026-01-03T00:00:00Z"},
        ),
        ApiRequest("POST", "/work_pools/nope/get_scheduled_flow_runs", {}),
        *patch(f"{POOL}/queues/low", {"concurrency_limit": 1}),
        ApiRequest("POST", f"{POOL}/get_scheduled_flow_runs", {}),
        *patch(POOL, {"concurrency_limit": 3}),
        ApiRequest("POST", f"{POOL}/get_scheduled_flow_runs", {}),
        *patch(f"{POOL}/queues/high", {"is_paused": True}),
        ApiRequest(
            "POST", f"{POOL}/get_scheduled_flow_runs", {"work_queue_names": ["high", "low"]}
        ),
        *patch(POOL, {"is_paused": True}),
        ApiRequest("POST", f"{POOL}/get_scheduled_flow_runs", {}),
        *delete(POOL),
    ],
    "work queues: polling": [
        create_pool(),
        ApiRequest("POST", f"{POOL}/queues", {"name": "u <u>"}, save_id_as="own"),
        create_run("b1", "u <u>"),
        create_run("c12", "u <u>"),
        create_run("f1", "u <u>", "RUNNING"),
        *post_requests(
            "/work_queues/<own>/get_runs",
            {"limit": "x"},
            {"limit": 201},
            {"scheduled_before": "x"},
            [],
        ),
        ApiRequest("POST", f"/work_queues/{UNKNOWN_ID}/get_runs", {}),
        *post_requests(
            "/work_queues/<own>/get_runs",
            {},
            {"limit": 1},
            {"limit": 0},
            {"scheduled_before": "2026-01-02T00:00:00Z"},
        ),
        *patch("/work_queues/<own>", {"concurrency_limit": 2}),
        ApiRequest("POST", "/work_queues/<own>/get_runs", {}),
        *patch("/work_queues/<own>", {"concurrency_limit": 1}),
        ApiRequest("POST", "/work_queues/<own>/get_runs", {}),
        *patch("/work_queues/<own>", {"filter": {"tags": ["a"]}, "concurrency_limit": 2}),
        ApiRequest("POST", "/work_queues/<own>/get_runs", {}),
        *patch("/work_queues/<own>", {"filter": None, "is_paused": True}),
        ApiRequest("POST", "/work_queues/<own>/get_runs", {}),
        *delete(POOL),
    ],
    "work queues: asked by the page": [
        create_pool(),
        ApiRequest("POST", f"{POOL}/queues", {"name": "p <u>"}, save_id_as="own"),
        *(
            ApiRequest("POST", "/work_queues/<own>/get_runs", body, headers=from_page(said))
            for said, body in (
                ("true", {}),
                ("1", {}),
                ("null", {}),
                ("", {}),
                ("x", {"limit": 201}),
                ("x", b"{"),
            )
        ),
        *get("/work_queues/<own>"),
        ApiRequest("POST", f"/work_queues/{UNKNOWN_ID}/get_runs", {}, headers=from_page("x")),
        *delete(POOL),
    ],
    "work pools: slots": [
        create_pool(concurrency_limit=5),
        ApiRequest(
            "POST",
            f"{POOL}/queues",
            {"name": "l <u>", "concurrency_limit": 2},
            save_id_as="queue low",
        ),
        create_run("a", "l <u>", "RUNNING"),
        create_run("b", "l <u>", "PENDING"),
        create_run("c", None, "RUNNING"),
        create_run("d", "l <u>", "CANCELLING"),
        create_run("e1", "l <u>"),
        *get(POOL, f"{POOL}/queues/l%20<u>", "/work_queues/<queue low>"),
        ApiRequest("POST", f"{POOL}/queues/filter", {}),
        *post_requests(
            f"{POOL}/concurrency_status",
            {"flow_run_limit": 0},
            {"limit": 1, "page": 2, "flow_run_limit": 0},
            {"limit": 0},
            {"page": 0},
            {"flow_run_limit": 201},
            {"limit": 201},
            [],
        ),
        *post_requests(
            "/work_queues/<queue low>/concurrency_status",
            {"limit": 0},
            {"limit": 1, "page": 9},
            {"page": 0},
            {"limit": 201},
            [],
        ),
        ApiRequest("POST", "/work_pools/nope/concurrency_status", {}),
        ApiRequest("POST", f"/work_queues/{UNKNOWN_ID}/concurrency_status", {}),
        *delete(POOL),
    ],
    "work pools: what loses them": [
        create_pool(),
        create_queue("one"),
        create_queue("two"),
        create_run("a", "one"),
        create_run("b", "two"),
        create_run("c", None),
        *delete("/work_queues/<queue one>"),
        *get("/flow_runs/<run a>", "/flow_runs/<run b>"),
        *(
            ApiRequest(
                "POST",
                "/flow_runs/count",
                {"flow_runs": {"id": {"any_": ["<run a>", "<run b>", "<run c>"]}}, key: criteria},
            )
            for key, criteria in (
                ("work_pools", {"name": {"any_": [POOL_NAME]}}),
                ("work_pool_queues", {"name": {"any_": ["one"]}}),
                ("work_pool_queues", {}),
            )
        ),
        *delete(f"{POOL}/queues/two"),
        *get("/flow_runs/<run b>", "/flow_runs/<run c>"),
        *delete(POOL),
        *get("/flow_runs/<run c>"),
        ApiRequest(
            "POST",
            "/flow_runs/count",
            {"flow_runs": {"id": {"any_": ["<run a>", "<run b>", "<run c>"]}}, "work_pools": {}},
        ),
        ApiRequest(
            "POST",
            "/flow_runs/filter",
            {
                "flow_runs": {
                    "work_queue_name": {"any_": ["one", "two"]},
                    "id": {"any_": ["<run a>", "<run b>", "<run c>"]},
                },
                "sort": "NAME_ASC",
            },
        ),
    ],
    "work pools: odd texts": [
        *(
            ApiRequest("POST", "/work_pools/", {"name": POOL_NAME, key: text + " <u>"})
            for key in ("name", "description", "type")
            for text in ODD_TEXTS[:2]
        ),
        *delete("/work_pools/a%00b%20<u>", POOL),
        create_pool(),
        *as_patch(with_odd_values(POOL, {}, ["description"], ODD_TEXTS[:2])),
        *with_odd_values(f"{POOL}/queues", {"name": "q"}, ["name", "description"], ODD_TEXTS[:2]),
        *with_odd_values(f"{POOL}/workers/heartbeat", {"name": "q"}, ["name"], ODD_TEXTS[:2]),
        *get("/work_pools/a%00b", f"{POOL}/queues/a%00b"),
        *delete(POOL),
    ],
}
