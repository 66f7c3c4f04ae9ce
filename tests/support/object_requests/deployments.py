"""Creating, reading, changing and deleting deployments and their schedules, and running them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.support.endpoint_requests.api_request import (
    FUTURE_TIME,
    ApiRequest,
    RequestGroups,
    as_patch,
    few_malformed_bodies,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_TEXTS, UNKNOWN_ID, Json

PATH = "/deployments/"
ONE = "/deployments/<one>"
RUNS, BULK = f"{ONE}/create_flow_run", f"{ONE}/create_flow_run/bulk"
SCHEDULES = f"{ONE}/schedules"
POLL = "/deployments/get_scheduled_flow_runs"
PAGE = "/deployments/paginate"

CRON: Json = {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}
INTERVAL: Json = {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}
RRULE: Json = {"rrule": "DTSTART:20260101T000000\nFREQ=DAILY", "timezone": "UTC"}
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "position": 0, "title": "n"},
        "s": {"type": "string", "default": "x", "position": 1, "title": "s"},
        "inner": {"$ref": "#/definitions/Inner"},
    },
    "required": ["n"],
    "definitions": {
        "Inner": {"type": "object", "properties": {"a": {"type": "array", "maxItems": 1}}}
    },
}
POOL_QUEUE: Json = {"work_pool_name": "<pool>", "work_queue_name": "second"}


def deployment(name: str = "one", **fields: Json) -> ApiRequest:
    """A request that creates a deployment; its id gets that name."""
    body = {"name": f"{name} <u>", "flow_id": "<flow>", **fields}
    return ApiRequest("POST", PATH, body, save_id_as=name)


def patches(*bodies: Json) -> Iterator[ApiRequest]:
    """Requests that change the deployment, each followed by one that reads it."""
    for body in bodies:
        yield ApiRequest("PATCH", ONE, body)
        yield READ


def named_schedule(slug: str | None, **fields: Json) -> Json:
    """A schedule with a slug."""
    return {"schedule": CRON, "slug": slug, **fields}


def in_order(requests: Iterable[ApiRequest]) -> list[ApiRequest]:
    """The requests, and what they have left behind: nothing."""
    return [*requests, ApiRequest("DELETE", ONE), ApiRequest("GET", ONE)]


READ = ApiRequest("GET", ONE)
LIST_SCHEDULES = ApiRequest("GET", SCHEDULES)
CREATE_SCHEDULE = ApiRequest("POST", SCHEDULES, [{"schedule": CRON}])
EVERY_SETTING: Json = {
    "paused": True,
    "schedules": [{"schedule": CRON, "active": False, "parameters": {"a": 1}, "slug": "s"}],
    "concurrency_options": {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
    "enforce_parameter_schema": False,
    "parameter_openapi_schema": SCHEMA,
    "parameters": {"n": 1},
    "tags": ["t", "u"],
    "labels": {"a": 1, "team": "b"},
    "pull_steps": [{"step": {"x": 1}}],
    "description": "d",
    "path": "/p",
    "version": "1",
    "entrypoint": "f.py:flow",
    "job_variables": {"env": {"A": "b"}},
    "version_info": {"type": "prefect:simple", "version": "1", "x": 1},
}
TEXT_KEYS = ("description", "path", "version", "entrypoint", "work_queue_name", "work_pool_name")
BODY: Json = {"name": "two <u>", "flow_id": "<flow>"}
TEMPLATE_POOL: Json = {
    "name": "t <u>",
    "type": "process",
    "base_job_template": {
        "job_configuration": {"n": "{{ n }}"},
        "variables": {
            "type": "object",
            "properties": {
                "n": {"type": "integer", "title": "N"},
                "d": {"type": "string", "default": "x", "title": "D"},
            },
            "required": ["n"],
        },
    },
}
UPDATE_KEYS = (
    *("version", "description", "paused", "schedules", "parameters", "parameter_openapi_schema"),
    "enforce_parameter_schema",
    *("tags", "path", "pull_steps", "entrypoint", "concurrency_options"),
    *("unknown", "name", "labels", "flow_id", "version_info"),
)

ODD_SECONDS: tuple[Json, ...] = (59, 86_401, "60", None)
ODD_INTERVALS: tuple[Json, ...] = (0.5, "P1D", None, [], 90_061)
ODD_DAY_OR: tuple[Json, ...] = (False, "x", None)
SCHEDULE_VALUES: tuple[tuple[str, tuple[Json, ...]], ...] = (
    ("active", (None, "x", 1, "false")),
    ("max_scheduled_runs", (0, 1, 50, 51, None, "x", 1.5)),
    ("parameters", (None, [], {"a": 1}, "x")),
    ("slug", (None, 1, "")),
    ("unknown", (1,)),
)
ODD_UPDATES: tuple[Json, ...] = ({"paused": True}, {"paused": "x"}, {"work_pool_name": "nope"}, [])

REQUESTS: RequestGroups = {
    "deployments: a life": in_order(
        [
            deployment(**EVERY_SETTING),
            READ,
            ApiRequest("GET", "/deployments/name/<flow name>/one%20<u>"),
            deployment(),
            READ,
            deployment(tags=["x"], labels=None, parameters={"b": 2}),
            READ,
            *(
                ApiRequest("POST", f"{ONE}/{action}_deployment")
                for action in ("pause", "pause", "resume", "resume")
            ),
            ApiRequest("POST", f"{ONE}/pause_deployment", {"x": 1}),
            READ,
            ApiRequest("POST", "/deployments/filter", {"deployments": {"id": {"any_": ["<one>"]}}}),
            ApiRequest("DELETE", ONE),
            *(ApiRequest(method, ONE) for method in ("GET", "DELETE")),
        ]
    ),
    "deployments: minimal": in_order([deployment(), READ, LIST_SCHEDULES]),
    "deployments: any body": malformed_bodies("POST", PATH, {**BODY, "tags": 1}),
    "deployments: missing keys": with_each_key_missing(PATH, BODY, ("name", "flow_id", "x")),
    "deployments: odd values": [
        *with_odd_values(
            PATH,
            BODY,
            (
                *("flow_id", "paused", "concurrency_options", "enforce_parameter_schema", "tags"),
                *("labels", "pull_steps", "storage_document_id", "infrastructure_document_id"),
                *("parameters", "parameter_openapi_schema", "job_variables", "version_info"),
                *("description", "unknown", "schedules", "global_concurrency_limit_id"),
            ),
        ),
        *with_odd_values(PATH, {"flow_id": "<flow>"}, ["name"], (None, True, 1, [], {})),
        *post_requests(
            PATH,
            *({"name": f"three <u>{letter}", "flow_id": "<flow>"} for letter in "/%&><é"),
            {"name": "", "flow_id": "<flow>"},
            {**BODY, "flow_id": UNKNOWN_ID},
            {**BODY, "work_pool_name": "nope <u>"},
            {**BODY, "work_pool_name": "nope <u>", "work_queue_name": "x"},
            {**BODY, "concurrency_limit": 1, "global_concurrency_limit_id": UNKNOWN_ID},
            {**BODY, "global_concurrency_limit_id": UNKNOWN_ID},
            {**BODY, "storage_document_id": UNKNOWN_ID},
            {**BODY, "infrastructure_document_id": UNKNOWN_ID},
            {**BODY, "concurrency_options": {"collision_strategy": "NOPE"}},
            *(
                {**BODY, "concurrency_options": {**given, "grace_period_seconds": seconds}}
                for given in ({"collision_strategy": "ENQUEUE"},)
                for seconds in ODD_SECONDS
            ),
            {**BODY, "worker_pool_name": "x", "work_pool_queue_name": "y"},
            {**BODY, "parameters": {"a": "x" * 524_281}},
        ),
        *with_odd_values(PATH, BODY, ("description", "tags", "name"), ODD_TEXTS[:2]),
        *with_odd_values(PATH, BODY, ("parameters.a", "labels.a"), ODD_TEXTS[:1]),
    ],
    "deployments: schema": [
        *(
            ApiRequest("POST", PATH, {**BODY, "enforce_parameter_schema": enforced, **more})
            for enforced in (True, False)
            for more in (
                {"parameter_openapi_schema": SCHEMA},
                {"parameter_openapi_schema": SCHEMA, "parameters": {"n": 1}},
                {"parameter_openapi_schema": SCHEMA, "parameters": {"n": "x"}},
                {"parameter_openapi_schema": SCHEMA, "parameters": {"n": "x", "s": 1}},
                {"parameter_openapi_schema": SCHEMA, "parameters": {"inner": {"a": [1, 2]}}},
                {"parameter_openapi_schema": {"type": "nope"}},
                {"parameter_openapi_schema": {"properties": 5}},
                {"parameter_openapi_schema": {"properties": {"a": True}}, "parameters": {"a": 1}},
                {
                    "parameter_openapi_schema": {"properties": {"a": {"pattern": "^x"}}},
                    "parameters": {"a": "y"},
                },
                {"parameter_openapi_schema": None, "parameters": {"a": 1}},
                {"parameter_openapi_schema": "x"},
                {"parameter_openapi_schema": 5},
                {"parameters": 5},
            )
        ),
    ],
    "deployments: pools": in_order(
        [
            deployment(work_pool_name="<pool>"),
            READ,
            deployment(**POOL_QUEUE),
            READ,
            deployment(work_pool_name="<pool>", work_queue_name="third"),
            READ,
            deployment(),
            READ,
            *patches(
                {"work_pool_name": "<pool>"},
                {"work_queue_name": "second", "work_pool_name": "<pool>"},
                {"work_pool_name": None},
                {"work_pool_name": "nope"},
                {"work_pool_name": "<pool>", "work_queue_name": "fourth"},
            ),
            ApiRequest(
                "POST", "/deployments/filter", {"work_pools": {"name": {"any_": ["<pool>"]}}}
            ),
        ]
    ),
    "deployments: limits": in_order(
        [
            deployment(concurrency_limit=2),
            READ,
            deployment(),
            READ,
            deployment(concurrency_limit=3),
            *patches({"concurrency_limit": 4}, {"concurrency_limit": 4}),
            *patches({"concurrency_limit": None}, {"paused": True}),
            *patches({"concurrency_limit": 1}),
            *as_patch(with_odd_values(ONE, {}, ["concurrency_limit"], (0, -1, 1.5, "2", True))),
            ApiRequest("PATCH", ONE, {"global_concurrency_limit_id": UNKNOWN_ID}),
            ApiRequest(
                "PATCH", ONE, {"concurrency_limit": 1, "global_concurrency_limit_id": UNKNOWN_ID}
            ),
        ]
    ),
    "deployments: shared limits": in_order(
        [
            ApiRequest(
                "POST",
                "/v2/concurrency_limits/",
                {"name": "limit <u>", "limit": 2},
                save_id_as="limit",
            ),
            deployment(global_concurrency_limit_id="<limit>"),
            READ,
            *patches({"global_concurrency_limit_id": None}),
            *patches({"global_concurrency_limit_id": "<limit>"}, {"concurrency_limit": 5}),
            ApiRequest("GET", "/v2/concurrency_limits/<limit>"),
            deployment("own", concurrency_limit=1),
            ApiRequest("GET", "/v2/concurrency_limits/deployment:<own>"),
            ApiRequest("DELETE", "/deployments/<own>"),
            ApiRequest("GET", "/v2/concurrency_limits/deployment:<own>"),
            *patches({"concurrency_limit": None}),
            ApiRequest("GET", "/v2/concurrency_limits/<limit>"),
        ]
    ),
    "deployments: update": in_order(
        [
            deployment(),
            *malformed_bodies("PATCH", ONE, {"description": "d"}),
            READ,
            *as_patch(with_odd_values(ONE, {}, UPDATE_KEYS)),
            READ,
            *patches(
                {"parameters": {"a": 1}},
                {},
                {"job_variables": {"a": 1}},
                {"job_variables": {}},
                {"job_variables": None},
                {"parameter_openapi_schema": None},
                {"parameter_openapi_schema": {}},
                {"tags": ["b", "a", "b"]},
                {"worker_pool_name": "x"},
            ),
            *as_patch(with_odd_values(ONE, {}, ("description", "version", "tags"), ODD_TEXTS[:2])),
            *(
                ApiRequest("PATCH", f"/deployments/{of}", body)
                for of in (UNKNOWN_ID, "nope")
                for body in ODD_UPDATES
            ),
        ]
    ),
    "deployments: update parameters": in_order(
        [
            deployment(parameter_openapi_schema=SCHEMA),
            *patches(
                {"parameters": {"n": "x"}},
                {"parameters": {"n": "x"}, "enforce_parameter_schema": False},
                {"enforce_parameter_schema": True},
                {"parameters": {"s": "y"}},
                {"parameters": {"n": 3}},
                {"parameters": {"n": {"__prefect_kind": "json", "value": "4"}}},
                {"parameters": {"n": {"__prefect_kind": "json", "value": "{"}}},
                {"parameters": {"n": {"__prefect_kind": "json"}}},
                {"parameters": {"n": {"__prefect_kind": "none", "value": 5}}},
                {"parameters": {"n": {"__prefect_kind": "none"}}},
                {"parameters": {"s": {"__prefect_kind": "jinja", "template": "plain"}}},
                {"parameters": {"s": {"__prefect_kind": "jinja"}}},
                {"parameters": {"n": {"__prefect_kind": "other", "value": 6}}},
                {"parameters": {"n": {"__prefect_kind": "workspace_variable"}}},
                {"parameters": {"__prefect_kind": "json"}},
                {
                    "parameters": {
                        "n": {
                            "__prefect_kind": "json",
                            "value": {"__prefect_kind": "none", "value": "9"},
                        }
                    }
                },
                {
                    "parameters": {
                        "n": {"__prefect_kind": "workspace_variable", "variable_name": "nope"}
                    }
                },
                {"parameters": {"l": [{"__prefect_kind": "json"}, 1]}},
                {"parameter_openapi_schema": {"type": "object", "properties": {"l": {}}}},
            ),
        ]
    ),
    "deployments: schedules": in_order(
        [
            deployment(),
            *(
                ApiRequest("POST", SCHEDULES, [{"schedule": schedule}])
                for schedule in (CRON, INTERVAL, RRULE)
            ),
            LIST_SCHEDULES,
            ApiRequest("POST", SCHEDULES, []),
            ApiRequest("POST", SCHEDULES, [{"schedule": CRON, "slug": "a"}]),
            ApiRequest("POST", SCHEDULES, [{"schedule": CRON, "slug": "a"}]),
            READ,
            *malformed_bodies("POST", SCHEDULES, [{"schedule": 1}]),
            *(
                ApiRequest("POST", f"/deployments/{of}/schedules", [{"schedule": CRON}])
                for of in (UNKNOWN_ID, "nope")
            ),
            ApiRequest("GET", f"/deployments/{UNKNOWN_ID}/schedules"),
            *(
                ApiRequest(method, f"{SCHEDULES}/{of}", body)
                for method, body in (("PATCH", {"active": False}), ("DELETE", ...))
                for of in (UNKNOWN_ID, "nope")
            ),
            ApiRequest("PATCH", f"/deployments/{UNKNOWN_ID}/schedules/{UNKNOWN_ID}", {}),
            ApiRequest("DELETE", f"/deployments/{UNKNOWN_ID}/schedules/{UNKNOWN_ID}"),
        ]
    ),
    "deployments: kinds of schedules": [
        deployment(),
        *(
            ApiRequest("POST", SCHEDULES, [{"schedule": schedule}])
            for schedule in (
                *({"cron": text} for text in ("@daily", "* * * *", "x", "*/5 * * * MON-FRI", "")),
                *(
                    {"cron": text}
                    for text in ("H 1 * * *", "0 0 31 2 *", "0 0 * * 5#2", "60 * * * *")
                ),
                *({"cron": "* * * * *", "timezone": zone} for zone in ("", None, "UTC")),
                *({"cron": "* * * * *", "day_or": value} for value in ODD_DAY_OR),
                {"cron": "* * * * *", "x": 1},
                {"cron": None},
                *(
                    {"interval": seconds, "anchor_date": "2026-01-01T00:00:00Z"}
                    for seconds in ODD_INTERVALS
                ),
                {"interval": 60, "anchor_date": "2026-01-01T00:00:00+02:00"},
                {"interval": 60, "anchor_date": "nope"},
                {"interval": 60, "anchor_date": None},
                {**INTERVAL, "timezone": "Asia/Tokyo"},
                {**INTERVAL, "x": 1},
                {"rrule": "x"},
                {"rrule": ""},
                {"rrule": None},
                {**RRULE, "timezone": "America/New_York"},
                {**RRULE, "timezone": None},
                {**RRULE, "x": 1},
                {"cron": "* * * * *", "interval": 60},
                {},
                None,
                "x",
            )
        ),
        *(
            ApiRequest("POST", SCHEDULES, [{"schedule": CRON, key: value}])
            for key, values in SCHEDULE_VALUES
            for value in values
        ),
    ],
    "deployments: one schedule": [
        deployment(),
        ApiRequest("POST", "/deployments/", {**BODY, "schedules": [{"schedule": CRON}]}),
        ApiRequest("DELETE", ONE),
    ],
    "deployments: replacing schedules": in_order(
        [
            deployment(schedules=[named_schedule("a"), named_schedule("b")]),
            *patches({"schedules": [named_schedule(None)]}, {"schedules": []}),
            *patches(
                {"schedules": [named_schedule("a", active=False)]},
                {"schedules": [{"slug": "a", "parameters": {"p": 1}}]},
                {"schedules": [{"slug": "c"}]},
            ),
            deployment(schedules=[named_schedule("a"), named_schedule("a")]),
            deployment(schedules=[{"schedule": CRON}]),
            *patches(
                {"schedules": [{"schedule": CRON, "active": False}]},
                {"schedules": [{"active": False}]},
                {"schedules": [{"schedule": CRON}]},
                {"schedules": []},
                {"schedules": [named_schedule("d")]},
            ),
        ]
    ),
    "deployments: schedules that replace others": in_order(
        [
            deployment(schedules=[named_schedule("a"), named_schedule("b")]),
            *patches(
                {"schedules": [named_schedule("c", replaces="a")]},
                {"schedules": [{"slug": "b", "replaces": "c"}]},
                {"schedules": [{"slug": "d", "replaces": "c"}, {"slug": "e", "replaces": "c"}]},
                {"schedules": [{"slug": "d", "replaces": "nope"}]},
                {"schedules": [named_schedule("d", replaces="nope")]},
            ),
            ApiRequest("POST", SCHEDULES, [named_schedule("z", replaces="a")]),
        ]
    ),
    "deployments: recurrence rules": in_order(
        [
            deployment(schedules=[{"schedule": {"rrule": "FREQ=DAILY;COUNT=3"}}]),
            READ,
            *post_requests(
                SCHEDULES,
                [{"schedule": {"rrule": "FREQ=HOURLY", "timezone": "Asia/Tokyo"}}],
                [{"schedule": {"rrule": "FREQ=MINUTELY;COUNT=3"}}],
                [{"schedule": {"rrule": "RRULE:FREQ=DAILY\nRDATE:20260101T000000"}}],
                [{"schedule": {"rrule": "FREQ=DAILY" + ";INTERVAL=1" * 700}}],
            ),
        ]
    ),
    "deployments: queues of agents": in_order(
        [
            deployment(work_queue_name="q <u>"),
            READ,
            ApiRequest("POST", RUNS, {"work_queue_name": "r <u>", "name": "r"}),
            deployment("two", work_queue_name="q <u>"),
            *patches({"work_queue_name": "s <u>"}, {"work_queue_name": "q <u>"}),
            ApiRequest("DELETE", "/deployments/<two>"),
        ]
    ),
    "deployments: job variables": in_order(
        [
            ApiRequest("POST", "/work_pools/", TEMPLATE_POOL),
            *(
                deployment(work_pool_name="t <u>", **more)
                for more in (
                    {},
                    {"job_variables": {"n": 1}},
                    {"job_variables": {"n": "x"}},
                    {"job_variables": {"d": None, "more": 1}},
                    {"job_variables": {"n": None}},
                )
            ),
            *patches(
                {"job_variables": {"n": "x"}},
                {"job_variables": {"n": "x"}, "work_pool_name": "t <u>"},
                {"job_variables": {"n": 2}, "work_pool_name": "t <u>"},
                {"work_pool_name": "t <u>"},
                {"job_variables": {"d": 1}},
            ),
            *post_requests(
                RUNS,
                {"name": "r"},
                {"name": "r", "job_variables": {"n": "x"}},
                {"name": "r", "job_variables": {"n": 3, "d": None}},
                {"name": "r", "job_variables": {"n": 3, "d": 7}},
            ),
            ApiRequest("DELETE", "/work_pools/t%20<u>"),
        ]
    ),
    "deployments: runs": in_order(
        [
            deployment(
                parameters={"a": 1},
                tags=["t"],
                version="7",
                labels={"b": 1},
                job_variables={"x": 1},
            ),
            ApiRequest("POST", RUNS, {}, save_id_as="first"),
            ApiRequest("GET", "/flow_runs/<first>"),
            ApiRequest("POST", RUNS, {"name": "r"}),
            ApiRequest(
                "POST",
                RUNS,
                {
                    "name": "r2",
                    "parameters": {"b": 2},
                    "labels": {"c": 1},
                    "job_variables": {"y": 1},
                    "context": {"z": 1},
                    "empirical_policy": {"retries": 1},
                    "state": {
                        "type": "SCHEDULED",
                        "state_details": {"scheduled_time": FUTURE_TIME},
                    },
                },
            ),
            ApiRequest("POST", RUNS, {"parameters": {"a": None}, "tags": ["t"]}),
            *(
                ApiRequest("POST", RUNS, {"idempotency_key": "k", "name": name}, save_id_as="keyed")
                for name in ("k1", "k2")
            ),
            ApiRequest("GET", "/flow_runs/<keyed>"),
            ApiRequest("POST", RUNS, {"idempotency_key": ""}),
            *(
                ApiRequest("POST", RUNS, {"state": {"type": kind}})
                for kind in ("PENDING", "RUNNING", "COMPLETED", "PAUSED")
            ),
            ApiRequest("POST", RUNS, {"work_queue_name": "x"}),
            ApiRequest("POST", RUNS, {"parent_task_run_id": UNKNOWN_ID}),
            ApiRequest("POST", RUNS, {"enforce_parameter_schema": True}),
            ApiRequest("POST", f"/deployments/{UNKNOWN_ID}/create_flow_run", {}),
            ApiRequest("POST", f"/deployments/{UNKNOWN_ID}/create_flow_run", {"name": 1}),
            ApiRequest("POST", "/deployments/nope/create_flow_run", {}),
            ApiRequest("DELETE", ONE),
            ApiRequest("GET", "/flow_runs/<first>"),
            deployment(),
        ]
    ),
    "deployments: runs, odd bodies": in_order(
        [
            deployment(),
            *malformed_bodies("POST", RUNS, {"tags": 1}),
            *with_odd_values(
                RUNS,
                {"name": "r"},
                (
                    *("state", "name", "parameters", "enforce_parameter_schema", "context"),
                    *("infrastructure_document_id", "empirical_policy", "tags", "labels"),
                    *("parent_task_run_id", "work_queue_name", "job_variables", "unknown"),
                ),
            ),
            *with_odd_values(RUNS, {}, ["idempotency_key"], (None, True, 1, [], {})),
            *with_odd_values(RUNS, {}, ("name", "parameters.a", "tags"), ODD_TEXTS[:1]),
            ApiRequest("POST", RUNS, {"parameters": {"a": "x" * 524_281}}),
        ]
    ),
    "deployments: runs and parameters": in_order(
        [
            deployment(parameter_openapi_schema=SCHEMA, parameters={"s": "y"}),
            *post_requests(
                RUNS,
                {},
                {"parameters": {"n": 1}},
                {"parameters": {"n": "x"}},
                {"parameters": {"n": "x"}, "enforce_parameter_schema": False},
                {"parameters": {"n": 1, "s": None}},
                {"parameters": {"n": 1, "inner": {"a": [1, 2]}}},
                {"parameters": {"n": 1, "more": 1}},
                {"parameters": {"n": {"__prefect_kind": "json", "value": "4"}}},
                {"parameters": {"n": {"__prefect_kind": "json", "value": "{"}}},
                {
                    "parameters": {
                        "n": {"__prefect_kind": "workspace_variable", "variable_name": "nope"}
                    }
                },
            ),
            deployment(parameter_openapi_schema={"properties": {"a": {"$ref": "#/properties/a"}}}),
            ApiRequest("POST", RUNS, {"parameters": {"a": 1}}),
            deployment(enforce_parameter_schema=False, parameter_openapi_schema={"type": "nope"}),
            ApiRequest("POST", RUNS, {"enforce_parameter_schema": True}),
            ApiRequest("POST", RUNS, {}),
        ]
    ),
    "deployments: runs in pools": in_order(
        [
            deployment(**POOL_QUEUE),
            *post_requests(
                RUNS,
                {},
                {"work_queue_name": "default"},
                {"work_queue_name": "new <u>"},
                {"job_variables": {"a": 1}},
            ),
        ]
    ),
    "deployments: many runs": in_order(
        [
            deployment(parameter_openapi_schema=SCHEMA, enforce_parameter_schema=False),
            *few_malformed_bodies(BULK),
            *post_requests(
                BULK,
                [],
                [{"name": "a"}, {"name": "b"}],
                [{"parameters": {"n": "x"}, "enforce_parameter_schema": True}, {}],
                [{"work_queue_name": "x"}],
                [{"tags": 1}],
                [{"idempotency_key": "k"}, {"idempotency_key": "k"}],
                [{}] * 101,
                [{"parameters": {"n": {"__prefect_kind": "json", "value": "{"}}}],
            ),
            ApiRequest("POST", f"/deployments/{UNKNOWN_ID}/create_flow_run/bulk", []),
            ApiRequest("POST", f"/deployments/{UNKNOWN_ID}/create_flow_run/bulk", [{}]),
        ]
    ),
    "deployments: automations": [
        ApiRequest("DELETE", f"/automations/owned-by/{of}")
        for of in (f"prefect.deployment.{UNKNOWN_ID}", "x", "a%00", "a/b")
    ],
    "deployments: polling": in_order(
        [
            deployment(),
            ApiRequest("POST", RUNS, {"name": "a"}),
            ApiRequest(
                "POST",
                RUNS,
                {
                    "name": "b",
                    "state": {
                        "type": "SCHEDULED",
                        "state_details": {"scheduled_time": FUTURE_TIME},
                    },
                },
            ),
            ApiRequest("POST", RUNS, {"name": "c", "state": {"type": "PENDING"}}),
            *post_requests(
                POLL,
                {"deployment_ids": ["<one>"]},
                {"deployment_ids": ["<one>", UNKNOWN_ID, "<one>"], "limit": 1},
                {"deployment_ids": ["<one>"], "scheduled_before": "2060-01-01T00:00:00Z"},
                {"deployment_ids": ["<one>"], "scheduled_before": "2020-01-01T00:00:00Z"},
                {"deployment_ids": ["<one>"], "scheduled_before": None, "limit": None},
                {"deployment_ids": ["<one>"], "limit": 0},
                {"deployment_ids": ["<one>"], "limit": 201},
                {"deployment_ids": ["<one>"], "x": 1},
                {"deployment_ids": []},
                {"deployment_ids": ["x"]},
                {"deployment_ids": None},
                {},
            ),
            *with_odd_values(POLL, {"deployment_ids": ["<one>"]}, ("scheduled_before", "limit")),
            *few_malformed_bodies(POLL),
        ]
    ),
    "deployments: paginate": in_order(
        [
            deployment(),
            *post_requests(
                PAGE,
                *(
                    {"deployments": {"id": {"any_": ["<one>", "<deployment>"]}}, **more}
                    for more in (
                        {},
                        {"limit": 1},
                        {"limit": 1, "page": 2},
                        {"limit": 1, "page": 9, "sort": "NAME_DESC"},
                        {"limit": 0},
                        {"limit": 201},
                        {"page": 0},
                        {"page": "x"},
                        {"sort": "x"},
                        {"sort": None, "page": None, "limit": None},
                    )
                ),
                {"deployments": {"id": {"any_": []}}},
            ),
        ]
    ),
}
