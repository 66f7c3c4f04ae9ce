"""Random bodies that are nearly valid, for the endpoints around bulk_delete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from bodies import ODD_TIMES, ODD_UUIDS, ODD_VALUES
from tests.support.endpoint_cases import AS_JSON, FUTURE, HISTORY, LOG, NO_RUN, NOBODY, SLOTS, Ask

Json = Any

STATE: Json = {
    "type": "RUNNING",
    "name": "n",
    "message": "m",
    "data": {"type": "unpersisted"},
    "state_details": {
        "flow_run_id": NOBODY,
        "scheduled_time": FUTURE,
        "cache_key": "c",
        "cache_expiration": FUTURE,
        "deferred": True,
        "untrackable_result": False,
        "pause_timeout": FUTURE,
        "pause_reschedule": False,
        "pause_key": "p",
        "run_input_keyset": {"a": "b"},
        "refresh_cache": None,
        "retriable": True,
        "transition_id": NOBODY,
        "traceparent": "t",
    },
}
POLICY: Json = {"max_retries": 0, "retries": 2, "retry_delay": 5, "retry_delay_seconds": 0}
RUN: Json = {
    "name": "Run 5",
    "flow_version": "1",
    "parameters": {"a": [1, {"b": None}]},
    "empirical_policy": {**POLICY, "pause_keys": ["a"], "resuming": True, "retry_type": None},
    "tags": ["a", "b"],
}
VALID: Mapping[str, Sequence[Json]] = {
    "POST /flow_runs/": (
        {**RUN, "flow_id": "<flow>", "context": {"c": 1}, "labels": {"x": 1, "y": "z"}},
        {"flow_id": "<flow>", "state": {**STATE, "data": None}, "work_queue_name": "q"},
        {"flow_id": "<flow>", "deployment_id": "<deployment>", "job_variables": {"v": 1}},
        {"flow_id": "<flow>", "work_pool_name": "<pool>", "work_queue_name": "second"},
    ),
    "PATCH /flow_runs/<run>": ({**RUN, "infrastructure_pid": "1"},),
    "POST /flow_runs/<run>/set_state": ({"state": STATE, "force": True}, {"state": STATE}),
    "POST /flow_runs/bulk_set_state": (
        {"state": STATE, "flow_runs": {"id": {"any_": ["<run>"]}}, "force": True, "limit": 5},
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
            "cache_expiration": FUTURE,
            "task_version": "1",
            "empirical_policy": {**POLICY, "retry_delay": [1, 2], "retry_jitter_factor": 0.5},
            "tags": ["a"],
            "labels": {"x": 1.5},
            "task_inputs": {"i": [{"input_type": "task_run", "id": NOBODY}, {"name": "p"}]},
            "state": {**STATE, "data": None},
        },
    ),
    "POST /logs/": ([LOG, {**LOG, "flow_run_id": NOBODY, "task_run_id": NOBODY}],),
    "POST /v2/concurrency_limits/increment-with-lease": (
        {**SLOTS, "mode": "concurrency", "holder": {"type": "flow_run", "id": NOBODY}},
        {**SLOTS, "mode": "rate_limit", "lease_duration": 60.5},
    ),
    "POST /v2/concurrency_limits/decrement-with-lease": ({"lease_id": NOBODY},),
    "POST /flow_runs/filter": ({**NO_RUN, "sort": "NAME_ASC", "limit": 5, "offset": 1},),
    "POST /flow_runs/paginate": ({**NO_RUN, "sort": "ID_DESC", "limit": 5, "page": 2},),
    "POST /flow_runs/history": ({**HISTORY, **NO_RUN},),
}
# What the mock is not like, as README.md says, or what the clock answers.
UNLIKE = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-01:00", "0001-01-01T00:00:00+01:00"),
    *("05:31:56", "T05", "now", -62135596800, 253402300800),
)
TIMES = tuple(time for time in ODD_TIMES if time not in UNLIKE)


def draw_asks(random: Random, operation: str, count: int) -> Iterator[Ask]:
    """Requests of an operation with valid bodies, changed no times, once or twice."""
    method, path = operation.split()
    for number in range(count):
        body = json.loads(json.dumps(random.choice(VALID[operation])))
        if "dynamic_key" in body:
            body["dynamic_key"] = str(number)  # the same task run is only made once
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            body = _changed(random, body)
        if path == "/flows/" and isinstance(body, dict) and isinstance(body.get("name"), str):
            body["name"] = f"g <u>{body['name']}"  # so that it can be found, and is not another's
        yield Ask(method, path, body, AS_JSON)


def _changed(random: Random, value: Json) -> Json:
    """The value with something changed, somewhere in it."""
    places: list[Any] = []
    if isinstance(value, dict | list):
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
    if places and random.random() < 0.8:
        at = random.choice(places)
        if isinstance(value, list):
            return [*value[:at], _changed(random, value[at]), *value[at + 1 :]]
        if random.random() < 0.08:
            return {key: inner for key, inner in value.items() if key != at}
        return {**value, at: _changed(random, value[at])}
    if isinstance(value, dict) and random.random() < 0.4:
        return {**value, random.choice(("extra", "name", "", "state", "retries")): 1}
    kinds: list[Sequence[Json]] = [ODD_VALUES]
    if isinstance(value, str) and len(value) == len(NOBODY):
        kinds += [ODD_UUIDS]
    if isinstance(value, str) and value[4:5] == "-":
        kinds += [TIMES, TIMES]
    odd = random.choice(random.choice(kinds))
    return random.choice((odd, odd, odd, odd, [value], {"a": value}))
