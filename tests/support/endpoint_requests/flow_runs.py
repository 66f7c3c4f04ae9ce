"""Creating flow runs: POST /flow_runs/."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.endpoint_requests.api_request import (
    ApiRequest,
    RequestGroups,
    malformed_bodies,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import (
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
    ODD_VALUES,
    TIMES_BEYOND_UTC,
    UNKNOWN_ID,
    Json,
)
from tests.support.endpoint_requests.valid_requests import (
    CREATE_RUN,
    CREATE_TASK_RUN,
    FLOW_RUN,
    FLOW_RUN_POLICY_KEYS,
    TEXT_KEYS,
)

ODD_LABELS: Sequence[Json] = (None, True, 1, 1.5, "x", [], {}, 1e300, 10**30, -0.0, 2**63)
DEPRECATED_POLICIES: Sequence[Json] = (
    {"max_retries": 3},
    {"max_retries": 3, "retries": 0},
    {"max_retries": 3, "retries": 2},
    {"max_retries": None},
    {"max_retries": "x"},
    {"retry_delay_seconds": 1.5},
    {"retry_delay_seconds": 2.0},
    {"retry_delay_seconds": "4"},
    {"retry_delay_seconds": None},
    {"retry_delay_seconds": 3, "retry_delay": None},
    {"max_retries": False},
    {"max_retries": []},
    {"pause_keys": ["a", "a"]},
    {"pause_keys": [1]},
    {"pause_keys": {"a": 1}},
    {"retry_type": "in_process", "unknown": 1},
)


NESTED_TEXT_KEYS = (
    *("parameters.a", "context.a", "job_variables.a", "labels.a", "parameters.a.b"),
    *("state.state_details.run_input_keyset.a", "empirical_policy.pause_keys.a"),
)


PATH = "/flow_runs/"
KEYS = (
    *("state", "name", "flow_id", "flow_version", "parameters", "context", "labels", "tags"),
    *("parent_task_run_id", "infrastructure_document_id", "empirical_policy", "job_variables"),
    *("work_queue_name", "deployment_id", "id", "unknown"),
)
ODD_POOLS = [value for value in ODD_VALUES if value is not None]

REQUESTS: RequestGroups = {
    "flow runs: any body": malformed_bodies("POST", PATH, FLOW_RUN),
    "flow runs: odd values": with_odd_values(PATH, FLOW_RUN, KEYS),
    "flow runs: odd pools": with_odd_values(PATH, FLOW_RUN, ["work_pool_name"], ODD_POOLS),
    "flow runs: odd policies": with_odd_values(
        PATH, FLOW_RUN, [f"empirical_policy.{key}" for key in FLOW_RUN_POLICY_KEYS]
    ),
    "flow runs: numbers": with_odd_values(
        PATH,
        FLOW_RUN,
        [f"empirical_policy.{key}" for key in ("retries", "retry_delay")],
        ODD_NUMBERS,
    ),
    "flow runs: deprecated keys": post_requests(
        PATH,
        *({**FLOW_RUN, "empirical_policy": policy} for policy in DEPRECATED_POLICIES),
    ),
    "flow runs: ids": with_odd_values(
        PATH, FLOW_RUN, ["flow_id", "infrastructure_document_id", "deployment_id"], ODD_IDS
    ),
    "flow runs: times": with_odd_values(
        PATH,
        {**FLOW_RUN, "state": {"type": "SCHEDULED"}},
        ["state.state_details.scheduled_time"],
        [time for time in ODD_TIMES if time not in TIMES_BEYOND_UTC],
    ),
    "flow runs: texts": with_odd_values(
        PATH, {**FLOW_RUN, "state": {"type": "PENDING"}}, TEXT_KEYS, ODD_TEXTS
    ),
    "flow runs: inside": with_odd_values(PATH, FLOW_RUN, NESTED_TEXT_KEYS, ODD_TEXTS[:2]),
    "flow runs: lists and labels": post_requests(
        PATH,
        *(
            {**FLOW_RUN, "tags": tags}
            for tags in (["a", "a"], [""], [1], [None], ["a", 1, 2], "ab")
        ),
        *({**FLOW_RUN, "labels": {"a": value}} for value in ODD_LABELS),
        *(b'{"flow_id": "<flow>", "labels": {"a": %s}}' % one for one in (b"NaN", b"1e999")),
        *(
            b'{"flow_id": "<flow>", "idempotency_key": "<u>%s", %s}' % (key, value)
            for key, value in (
                (b"1", b'"labels": {"a": NaN}'),
                (b"2", b'"empirical_policy": {"retry_delay_seconds": Infinity}'),
                (b"3", b'"parameters": {"a": NaN}'),
            )
        ),
        b'{"flow_id": "<flow>", "empirical_policy": {"retry_delay_seconds": Infinity}}',
        {**FLOW_RUN, "labels": {"prefect.flow.id": "mine", "": "x"}},
        *(
            b'{"flow_id": "<flow>", "%s": {"a": [%s]}}' % (key, value)
            for key in (b"parameters", b"context", b"job_variables")
            for value in (
                b"NaN",
                b"-Infinity",
                b"1e999",
                b"9" * 40,
                b"-0.0",
                b'"\\ud83d\\ude00"',
            )
        ),
        *({**FLOW_RUN, "parameters": {"a": "x" * size}} for size in (524_288 - 8, 524_288 - 7)),
        *(
            b'{"flow_id": "<flow>", "parameters": {"a": "%s"}}' % ("é".encode() * size)
            for size in (87_380, 87_381)
        ),
        {
            **FLOW_RUN,
            "parameters": {"a": 1.0, "b": [1, 2], "c": {"d": None}},
            "context": {"e": 1},
        },
        {**FLOW_RUN, "name": None, "tags": None},
        {
            "flow_id": "x",
            "name": 1,
            "tags": 1,
            "state": {"type": 1, "name": 1},
            "zz": 1,
            "aa": 2,
        },
    ),
    "flow runs: what there is not": [
        *post_requests(
            PATH,
            {"flow_id": UNKNOWN_ID},
            {"flow_id": UNKNOWN_ID, "idempotency_key": "k"},
            {**FLOW_RUN, "parent_task_run_id": UNKNOWN_ID},
            {**FLOW_RUN, "parent_task_run_id": UNKNOWN_ID, "idempotency_key": "p"},
            {**FLOW_RUN, "deployment_id": UNKNOWN_ID},
            {**FLOW_RUN, "work_pool_name": "no such"},
            {**FLOW_RUN, "work_pool_name": "no such", "work_queue_name": "q"},
            {**FLOW_RUN, "work_pool_name": "<pool>"},
            {**FLOW_RUN, "work_pool_name": "<pool>", "work_queue_name": "second"},
            {**FLOW_RUN, "work_pool_name": "<pool>", "work_queue_name": "no such"},
            {**FLOW_RUN, "work_pool_name": "<pool>", "work_queue_name": ""},
            {**FLOW_RUN, "work_pool_name": ""},
            {**FLOW_RUN, "work_queue_name": "second"},
            {"flow_id": UNKNOWN_ID, "work_pool_name": "no such"},
            {"flow_id": UNKNOWN_ID, "state": {"type": "COMPLETED", "data": 1}},
            {"flow_id": "<flow>", "infrastructure_document_id": UNKNOWN_ID},
        )
    ],
    "flow runs: again": [
        *(
            ApiRequest("POST", PATH, {**FLOW_RUN, "idempotency_key": key, **more}, save_id_as=keep)
            for key, more, keep in (
                ("k-1 <u>", {"job_variables": {}}, "first"),
                ("k-1 <u>", {"name": "other", "tags": ["t"], "state": {"type": "RUNNING"}}, ""),
                ("k-1 <u>", {"parent_task_run_id": UNKNOWN_ID}, ""),
                ("k-1 <u>", {"state": {"type": "COMPLETED", "data": 1}}, ""),
                ("k-1 <u>", {"work_pool_name": "no such"}, ""),
                ("", {}, ""),
                ("", {}, ""),
                (
                    "k-2 <u>",
                    {"job_variables": {"a": 1}, "state": {"type": "RUNNING"}},
                    "second",
                ),
                ("k-3 <u>", {"labels": None, "work_pool_name": "<pool>"}, "third"),
                ("a\0b", {}, ""),
                ("\ud800", {}, ""),
            )
        ),
        *(ApiRequest("GET", f"/flow_runs/<{name}>") for name in ("first", "second", "third")),
    ],
    "flow runs: parents": [
        CREATE_RUN,
        CREATE_TASK_RUN,
        ApiRequest("POST", PATH, {**FLOW_RUN, "parent_task_run_id": "<task>"}, save_id_as="child"),
        ApiRequest(
            "POST",
            PATH,
            {**FLOW_RUN, "parent_task_run_id": "<task>", "state": {"type": "RUNNING"}},
        ),
        ApiRequest("GET", "/task_runs/<task>"),
        ApiRequest("DELETE", "/flow_runs/<run>"),
        ApiRequest("GET", "/task_runs/<task>"),
        ApiRequest("GET", "/flow_runs/<child>"),
        ApiRequest("DELETE", "/flow_runs/<run>"),
    ],
}
