"""Random requests with nearly valid bodies, to the endpoints around bulk_delete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from bulk_delete_bodies import ODD_TIMES, ODD_UUIDS, ODD_VALUES
from tests.support.endpoint_requests import (
    FUTURE_TIME,
    HISTORY,
    JSON_HEADERS,
    LEASE_BODY,
    LOG,
    MATCH_NO_RUN,
    UNKNOWN_ID,
    ApiRequest,
)

Json = Any

FULL_STATE: Json = {
    "type": "RUNNING",
    "name": "n",
    "message": "m",
    "data": {"type": "unpersisted"},
    "state_details": {
        "flow_run_id": UNKNOWN_ID,
        "scheduled_time": FUTURE_TIME,
        "cache_key": "c",
        "cache_expiration": FUTURE_TIME,
        "deferred": True,
        "untrackable_result": False,
        "pause_timeout": FUTURE_TIME,
        "pause_reschedule": False,
        "pause_key": "p",
        "run_input_keyset": {"a": "b"},
        "refresh_cache": None,
        "retriable": True,
        "transition_id": UNKNOWN_ID,
        "traceparent": "t",
    },
}
POLICY_FIELDS: Json = {"max_retries": 0, "retries": 2, "retry_delay": 5, "retry_delay_seconds": 0}
RUN_FIELDS: Json = {
    "name": "Run 5",
    "flow_version": "1",
    "parameters": {"a": [1, {"b": None}]},
    "empirical_policy": {
        **POLICY_FIELDS,
        "pause_keys": ["a"],
        "resuming": True,
        "retry_type": None,
    },
    "tags": ["a", "b"],
}
VALID_BODIES: Mapping[str, Sequence[Json]] = {
    "POST /flow_runs/": (
        {**RUN_FIELDS, "flow_id": "<flow>", "context": {"c": 1}, "labels": {"x": 1, "y": "z"}},
        {"flow_id": "<flow>", "state": {**FULL_STATE, "data": None}, "work_queue_name": "q"},
        {"flow_id": "<flow>", "deployment_id": "<deployment>", "job_variables": {"v": 1}},
        {"flow_id": "<flow>", "work_pool_name": "<pool>", "work_queue_name": "second"},
    ),
    "PATCH /flow_runs/<run>": ({**RUN_FIELDS, "infrastructure_pid": "1"},),
    "POST /flow_runs/<run>/set_state": (
        {"state": FULL_STATE, "force": True},
        {"state": FULL_STATE},
    ),
    "POST /flow_runs/bulk_set_state": (
        {"state": FULL_STATE, "flow_runs": {"id": {"any_": ["<run>"]}}, "force": True, "limit": 5},
    ),
    "PATCH /flow_runs/<run>/labels": ({"a": 1, "b": "x", "c": True},),
    "POST /flows/": ({"name": "g <u>", "tags": ["t"], "labels": {"a": 1}},),
    "POST /task_runs/": (
        {
            "flow_run_id": "<run>",
            "task_key": "k",
            "dynamic_key": "1",
            "name": "Task 3",
            "cache_key": "c",
            "cache_expiration": FUTURE_TIME,
            "task_version": "1",
            "empirical_policy": {
                **POLICY_FIELDS,
                "retry_delay": [1, 2],
                "retry_jitter_factor": 0.5,
            },
            "tags": ["a"],
            "labels": {"x": 1.5},
            "task_inputs": {"i": [{"input_type": "task_run", "id": UNKNOWN_ID}, {"name": "p"}]},
            "state": {**FULL_STATE, "data": None},
        },
    ),
    "POST /logs/": ([LOG, {**LOG, "flow_run_id": UNKNOWN_ID, "task_run_id": UNKNOWN_ID}],),
    "POST /v2/concurrency_limits/increment-with-lease": (
        {**LEASE_BODY, "mode": "concurrency", "holder": {"type": "flow_run", "id": UNKNOWN_ID}},
        {**LEASE_BODY, "mode": "rate_limit", "lease_duration": 60.5},
    ),
    "POST /v2/concurrency_limits/decrement-with-lease": ({"lease_id": UNKNOWN_ID},),
    "POST /flow_runs/filter": ({**MATCH_NO_RUN, "sort": "NAME_ASC", "limit": 5, "offset": 1},),
    "POST /flow_runs/paginate": ({**MATCH_NO_RUN, "sort": "ID_DESC", "limit": 5, "page": 2},),
    "POST /flow_runs/history": ({**HISTORY, **MATCH_NO_RUN},),
}
# Times that README.md lists as differences, or whose meaning depends on the clock.
EXCLUDED_TIMES = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-01:00", "0001-01-01T00:00:00+01:00"),
    *("05:31:56", "T05", "now", -62135596800, 253402300800),
)
COMPARED_TIMES = tuple(time for time in ODD_TIMES if time not in EXCLUDED_TIMES)


def draw_requests(random: Random, operation: str, count: int) -> Iterator[ApiRequest]:
    """Requests of an operation whose valid bodies were mutated up to two times."""
    method, path = operation.split()
    for number in range(count):
        body = json.loads(json.dumps(random.choice(VALID_BODIES[operation])))
        if "dynamic_key" in body:
            body["dynamic_key"] = str(number)  # a server creates only one task run for a key
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            body = _mutate(random, body)
        if path == "/flows/" and isinstance(body, dict) and isinstance(body.get("name"), str):
            body["name"] = f"g <u>{body['name']}"  # found again for deletion
        yield ApiRequest(method, path, body, JSON_HEADERS)


def _mutate(random: Random, value: Json) -> Json:
    """The value with one place in it changed."""
    places: list[Any] = []
    if isinstance(value, dict | list):
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
    if places and random.random() < 0.8:
        at = random.choice(places)
        if isinstance(value, list):
            return [*value[:at], _mutate(random, value[at]), *value[at + 1 :]]
        if random.random() < 0.08:
            return {key: inner for key, inner in value.items() if key != at}
        return {**value, at: _mutate(random, value[at])}
    if isinstance(value, dict) and random.random() < 0.4:
        return {**value, random.choice(("extra", "name", "", "state", "retries")): 1}
    kinds: list[Sequence[Json]] = [ODD_VALUES]
    if isinstance(value, str) and len(value) == len(UNKNOWN_ID):
        kinds += [ODD_UUIDS]
    if isinstance(value, str) and value[4:5] == "-":
        kinds += [COMPARED_TIMES, COMPARED_TIMES]
    odd = random.choice(random.choice(kinds))
    return random.choice((odd, odd, odd, odd, [value], {"a": value}))
