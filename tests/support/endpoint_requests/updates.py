"""Changing a flow run and its labels: PATCH."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    as_patch,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import ODD_TEXTS, UNKNOWN_ID
from tests.support.endpoint_requests.valid_requests import (
    CREATE_RUN,
    CREATE_WAITING_RUN,
    FLOW_RUN_POLICY_KEYS,
    READ_RUN,
    READ_WAITING_RUN,
)

PATH = "/flow_runs/<run>"
KEYS = (
    *("name", "flow_version", "parameters", "empirical_policy", "tags", "infrastructure_pid"),
    *("job_variables", "unknown", "id", "state"),
)
LABELS = "/flow_runs/<run>/labels"

REQUESTS: RequestGroups = {
    "update: any body": [CREATE_RUN, *malformed_bodies("PATCH", PATH, {"name": "Run 4"}), READ_RUN],
    **{
        f"update: {key}": [
            CREATE_RUN,
            *as_patch(with_odd_values(PATH, {}, [key])),
            READ_RUN,
        ]
        for key in KEYS
    },
    "update: inside": [
        CREATE_RUN,
        *as_patch(
            with_odd_values(PATH, {}, [f"empirical_policy.{key}" for key in FLOW_RUN_POLICY_KEYS])
        ),
        READ_RUN,
        *as_patch(
            with_odd_values(PATH, {}, ["name", "flow_version", "infrastructure_pid"], ODD_TEXTS)
        ),
        READ_RUN,
        *as_patch(
            with_odd_values(
                PATH, {}, ["parameters.a", "empirical_policy.pause_keys"], ODD_TEXTS[:2]
            )
        ),
        *as_patch(
            post_requests(
                PATH,
                *({"tags": tags} for tags in (["a"], ["a", "a"], ["\0"], ["\ud800"], [1])),
                *({"parameters": {"a": "x" * size}} for size in (524_280, 524_281)),
                b'{"parameters": {"a": NaN}}',
                b'{"parameters": {"a": 1e999}}',
                b'{"empirical_policy": {"retry_delay_seconds": NaN}}',
                b'{"empirical_policy": {"retry_delay_seconds": Infinity}}',
                b'{"empirical_policy": {"retry_delay_seconds": NaN, "retries": "x"}}',
                {"empirical_policy": {"pause_keys": ["b", "b", "a"]}},
                {"empirical_policy": {"pause_keys": ["a\0"]}},
                {"empirical_policy": {"max_retries": 3}},
            )
        ),
    ],
    "update: job variables": [
        CREATE_RUN,
        CREATE_WAITING_RUN,
        *(
            ApiRequest("PATCH", f"/flow_runs/{of}", {"job_variables": value, **more})
            for of in ("<run>", "<waiting>", UNKNOWN_ID)
            for value, more in (
                ({}, {}),
                ({"b": 2}, {}),
                (None, {"tags": ["t"]}),
                ({"c": "\0"}, {}),
                ({"c": "\ud800"}, {}),
                ({"d": 1}, {"tags": 1}),
            )
        ),
        READ_WAITING_RUN,
        ApiRequest("POST", "/flow_runs/<waiting>/set_state", {"state": {"type": "PENDING"}}),
        ApiRequest("PATCH", "/flow_runs/<waiting>", {"job_variables": {"b": 3}}),
    ],
    "update: what there is not": as_patch(
        post_requests(
            f"/flow_runs/{UNKNOWN_ID}",
            {"name": "x"},
            {},
            {"name": 1},
            ...,
            b"{bad",
            {"tags": ["\0"]},
        )
    ),
    "labels": [
        CREATE_RUN,
        *malformed_bodies("PATCH", LABELS, {"a": 1}),
        CREATE_RUN,
        *as_patch(
            post_requests(
                LABELS,
                *({"a": value} for value in (True, 1, 1.5, "", 10**30)),
                {"": 1, "prefect.flow.id": "x"},
            )
        ),
        READ_RUN,
        *as_patch(
            post_requests(
                LABELS,
                *({"a": value} for value in (None, [], {}, *ODD_TEXTS[:2])),
                {"a\0": 1},
                {"\ud800": 1},
                b'{"a": NaN}',
                b'{"a": 1e999}',
            )
        ),
        *as_patch(post_requests(f"/flow_runs/{UNKNOWN_ID}/labels", {"a": 1}, {}, [], ...)),
        *as_patch(post_requests("/flow_runs/nope/labels", {"a": 1})),
    ],
}
