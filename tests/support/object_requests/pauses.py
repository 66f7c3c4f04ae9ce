"""Inputs of flow runs, and resuming runs that are paused or suspended."""

from __future__ import annotations

import json

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    few_malformed_bodies,
    malformed_bodies,
    post_requests,
    with_each_key_missing,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_NUMBERS, ODD_TEXTS, UNKNOWN_ID, Json
from tests.support.endpoint_requests.valid_requests import CREATE_RUN, READ_RUN

INPUT, RESUME = "/flow_runs/<run>/input", "/flow_runs/<run>/resume"
VALUE: Json = {"key": "k", "value": "1"}
KEYSET = {"schema": "pause-1-schema", "response": "pause-1-response"}
SCHEMA: Json = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "reason": {"type": "string", "default": ""}},
    "required": ["approved"],
}
CREATE_RUNNING = ApiRequest(
    "POST",
    "/flow_runs/",
    {"flow_id": "<flow>", "name": "Run 5", "state": {"type": "RUNNING"}},
    save_id_as="run",
)
_DEPLOYED = {**CREATE_RUNNING.body, "deployment_id": "<deployment>"}
CREATE_DEPLOYED = ApiRequest("POST", "/flow_runs/", _DEPLOYED, save_id_as="run")
LIST = ApiRequest("POST", f"{INPUT}/filter", {"prefix": "", "limit": 20})


def create(key: str, value: Json = 1, **fields: object) -> ApiRequest:
    """A request that creates an input."""
    return ApiRequest("POST", INPUT, {"key": key, "value": json.dumps(value), **fields})


def read(*keys: str) -> list[ApiRequest]:
    return [ApiRequest("GET", f"{INPUT}/{key}") for key in keys]


def pause(name: str = "Paused", **details: object) -> ApiRequest:
    """A request that pauses the run, with the client's state_details."""
    state = {"type": "PAUSED", "name": name, "state_details": {"pause_key": "1", **details}}
    return ApiRequest("POST", "/flow_runs/<run>/set_state", {"state": state})


def resume(*run_inputs: Json) -> list[ApiRequest]:
    return list(post_requests(RESUME, *({"run_input": one} for one in run_inputs)))


def waiting(schema: Json = SCHEMA, *, keyset: Json = KEYSET) -> list[ApiRequest]:
    """Requests that let a run wait for input of a schema."""
    return [
        CREATE_RUNNING,
        pause(run_input_keyset=keyset),
        *([] if schema is ... else [create("pause-1-schema", schema)]),
    ]


PREFIXES = ("", "k", "K", "k-1", "-", "_-1", "%1", "k\\-1", "k\\", "nope", "k-1-", *ODD_TEXTS)
INVALID_SCHEMAS: tuple[Json, ...] = (
    *([], 1, True, "x", None, {"type": "x"}, {"type": 1}, {"properties": 1}),
    *({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}},),
)
TEMPLATES: tuple[Json, ...] = (
    {"approved": {"__prefect_kind": "json", "value": "true"}},
    {"approved": {"__prefect_kind": "json", "value": "tru"}},
    {"approved": {"__prefect_kind": "json"}},
    {"approved": {"__prefect_kind": "none", "value": True}},
    {"approved": {"__prefect_kind": "none"}},
    {"approved": {"__prefect_kind": "workspace_variable", "variable_name": "nope"}},
    {"__prefect_kind": "json", "value": '{"approved": false}'},
    {"approved": True, "more": {"__prefect_kind": "jinja", "template": "plain"}},
)

REQUESTS: RequestGroups = {
    "inputs: one": [
        CREATE_RUN,
        ApiRequest("POST", INPUT, VALUE),
        ApiRequest("POST", INPUT, {**VALUE, "value": "2"}),
        *read("k", "K", "nope", "", "a%2Fb", "k%0A", "k%00", "%ff", "%C3%A9"),
        create("k-1", {"a": [1, None]}, sender="prefect.flow-run.x"),
        LIST,
        ApiRequest("DELETE", f"{INPUT}/k"),
        ApiRequest("DELETE", f"{INPUT}/k"),
        LIST,
        ApiRequest("DELETE", "/flow_runs/<run>"),
        LIST,
        *read("k-1"),
        ApiRequest("POST", INPUT, VALUE),
    ],
    "inputs: of no run": [
        *(
            ApiRequest(method, f"/flow_runs/{of}/input{more}", body)
            for of in (UNKNOWN_ID, "nope")
            for method, more, body in (
                ("POST", "", VALUE),
                ("POST", "", {"key": "A", "value": "1"}),
                ("POST", "/filter", {"prefix": "k"}),
                ("GET", "/k", ...),
                ("DELETE", "/k", ...),
            )
        ),
    ],
    "inputs: any body": [
        CREATE_RUN,
        *malformed_bodies("POST", INPUT, VALUE),
        *few_malformed_bodies(f"{INPUT}/filter"),
        *with_each_key_missing(INPUT, VALUE, ("key", "value")),
        *with_odd_values(INPUT, VALUE, ("value", "sender", "unknown")),
        *with_odd_values(INPUT, {"value": "1"}, ["key"]),
        *with_odd_values(
            INPUT, {"value": "1"}, ["key"], (*ODD_TEXTS, "A", "a_b", "a\n", "a\n\n", "-", "x" * 500)
        ),
        *(create(f"k-{place}", sender=text) for place, text in enumerate(ODD_TEXTS)),
        *(
            ApiRequest("POST", INPUT, {"key": f"v-{place}", "value": text})
            for place, text in enumerate((*ODD_TEXTS, "é", "", "x" * 1_000))
        ),
        *read("v-2", "v-5", "v-6"),
    ],
    "inputs: lists": [
        CREATE_RUN,
        *(create(key) for key in ("k-1", "k", "k-10", "l", "k-2")),
        *post_requests(f"{INPUT}/filter", *({"prefix": one, "limit": 9} for one in PREFIXES)),
        *with_odd_values(f"{INPUT}/filter", {"prefix": "k"}, ("limit", "exclude_keys", "x")),
        *with_odd_values(f"{INPUT}/filter", {"limit": 9}, ["prefix"]),
        *with_odd_values(f"{INPUT}/filter", {"prefix": "k"}, ["limit"], ODD_NUMBERS),
        *post_requests(
            f"{INPUT}/filter",
            {"prefix": "k"},
            {"prefix": "k", "limit": 2},
            {"prefix": "k", "limit": 0},
            {"prefix": "k", "limit": 9, "exclude_keys": ["k-1", "nope"]},
            {"prefix": "k", "limit": 9, "exclude_keys": []},
            *({"prefix": "k", "exclude_keys": [text]} for text in ODD_TEXTS),
        ),
    ],
    "resume: not paused": [
        CREATE_RUN,
        *few_malformed_bodies(RESUME),
        *with_odd_values(RESUME, {}, ("run_input", "x")),
        *post_requests(f"/flow_runs/{UNKNOWN_ID}/resume", {}, {"run_input": 1}, ...),
        *post_requests("/flow_runs/nope/resume", {}),
        READ_RUN,
    ],
    "resume: a pause": [
        CREATE_RUNNING,
        pause(pause_timeout="2090-01-01T00:00:00Z"),
        *post_requests(RESUME, {}),
        READ_RUN,
        *post_requests(RESUME, {}),
        pause(pause_key="2"),
        *resume({"a": 1}),
        LIST,
    ],
    "resume: too late": [
        CREATE_RUNNING,
        pause(pause_timeout="2020-01-01T00:00:00Z"),
        *post_requests(RESUME, {}),
        READ_RUN,
    ],
    "resume: too late with input": [
        CREATE_RUNNING,
        pause(pause_timeout="2020-01-01T00:00:00Z", run_input_keyset=KEYSET),
        create("pause-1-schema", SCHEMA),
        *resume({"approved": True}),
        LIST,
    ],
    "resume: a suspension": [
        CREATE_DEPLOYED,
        pause("Suspended", pause_reschedule=True, pause_timeout="2090-01-01T00:00:00Z"),
        *post_requests(RESUME, {}),
        READ_RUN,
        *post_requests(RESUME, {}),
    ],
    "resume: no suspension": [
        CREATE_RUNNING,
        pause("Suspended", pause_reschedule=True),
        *post_requests(RESUME, {}),
    ],
    "resume: input": [
        *waiting(),
        *resume(None, {}, {"approved": 1}, {"approved": True, "reason": 1}, {"reason": "x"}),
        *post_requests(RESUME, ...),
        LIST,
        *resume({"approved": True, "reason": "fine", "more": [1]}),
        LIST,
        READ_RUN,
        *resume({"approved": True}),
        pause(pause_key="2", run_input_keyset=KEYSET),
        LIST,
        create("pause-1-schema", SCHEMA),
        *resume({"approved": False}),
        LIST,
    ],
    "resume: no schema": [*waiting(...), *resume(None, {"a": 1}), LIST],
    "resume: a schema that is no JSON": [
        *waiting(...),
        ApiRequest("POST", INPUT, {"key": "pause-1-schema", "value": "{"}),
        *resume({"a": 1}),
    ],
    **{
        f"resume: invalid schema {place}": [*waiting(schema), *resume({"a": 1}), READ_RUN]
        for place, schema in enumerate(INVALID_SCHEMAS)
    },
    "resume: a schema for anything": [*waiting({}), *resume({}), LIST],
    "resume: odd input": [
        *waiting({}),
        *resume({"a": 2**64}, {"a": "\ud800"}),
        ApiRequest("POST", RESUME, b'{"run_input": {"a": NaN, "b": 1e999}}'),
        LIST,
    ],
    "resume: huge input": [*waiting({}), *resume({"a": "\0"}), LIST],
    **{
        f"resume: template {place}": [*waiting(), *resume(template), LIST]
        for place, template in enumerate(TEMPLATES)
    },
    "resume: answered before": [
        *waiting({}),
        create("pause-1-response"),
        *resume({"a": 1}),
        READ_RUN,
        LIST,
    ],
    **{
        f"resume: keyset {place}": [
            *waiting(keyset=keyset),
            *resume({"approved": True}),
            READ_RUN,
            LIST,
        ]
        for place, keyset in enumerate(
            (
                {},
                {"schema": "pause-1-schema"},
                {"response": "pause-1-schema"},
                {"schema": "pause-1-schema", "response": "A"},
                {"schema": "pause-1-schema", "response": "pause-1-schema"},
            )
        )
    },
    "resume: stale input": [
        CREATE_RUNNING,
        create("pause-1-schema", 1),
        create("pause-1-response", 2),
        create("other", 3),
        pause(run_input_keyset=KEYSET),
        LIST,
        create("pause-1-response", 2),
        pause(run_input_keyset=KEYSET),
        LIST,
    ],
}
