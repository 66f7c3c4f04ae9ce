"""States of task runs with a cache key: what a server remembers of them, and answers instead."""

from __future__ import annotations

from tests.support.endpoint_requests.api_request import FUTURE_TIME, ApiRequest, RequestGroups
from tests.support.endpoint_requests.odd_values import Json
from tests.support.object_requests.task_run_states import create_run, create_task, propose

READ = ApiRequest("GET", "/task_runs/<task>")
KEY: Json = {"cache_key": "key <u>"}
STORED: Json = {"type": "x"}


def again(kind: str = "RUNNING", **details: Json) -> list[ApiRequest]:
    """Requests that bring another task run into a state with the key."""
    key = f"{kind} {details}"
    return [
        create_task({"type": "PENDING"}, key),
        propose(kind, state_details={**KEY, **details}),
        READ,
    ]


def completed(**state: Json) -> list[ApiRequest]:
    """Requests that complete a task run with the key."""
    return [
        create_task({"type": "PENDING"}, f"first {sorted(state)}"),
        propose("COMPLETED", **{"state_details": KEY, "data": STORED, **state}),
    ]


REQUESTS: RequestGroups = {
    "task cache: hits": [
        create_run(),
        *again(),
        *completed(name="Done", message="m"),
        READ,
        *again(),
        *again("RUNNING", deferred=True),
        *again(refresh_cache=True),
        *again(refresh_cache=False),
        *again("PENDING"),
        *again("COMPLETED"),
        propose("RUNNING", state_details=KEY),
        create_task({"type": "PENDING"}, "forced"),
        propose("RUNNING", force=True, state_details=KEY),
        READ,
        create_task({"type": "RUNNING", "state_details": KEY}, "created"),
        READ,
    ],
    "task cache: of another run": [
        create_run("PENDING"),
        *completed(),
        create_run("PENDING"),
        *again(),
        ApiRequest("DELETE", "/task_runs/<task>"),
    ],
    "task cache: without a result": [create_run(), *completed(data=None), *again()],
    "task cache: the newest": [
        create_run(),
        *completed(name="A"),
        *completed(name="B", message="newer"),
        *again(),
    ],
    "task cache: expired": [
        create_run(),
        *completed(state_details={**KEY, "cache_expiration": "2026-01-01T00:00:00Z"}),
        *again(),
        *completed(name="F", state_details={**KEY, "cache_expiration": FUTURE_TIME}),
        *again(x=1),
    ],
    "task cache: forgotten": [
        create_run(),
        *completed(),
        ApiRequest("DELETE", "/task_runs/<task>"),
        *again(),
    ],
    "task cache: long keys": [
        create_run(),
        create_task({"type": "PENDING"}),
        propose("COMPLETED", state_details={"cache_key": "x" * 2001}),
        READ,
        propose("COMPLETED", state_details={"cache_key": "<u>" + "x" * 1987}),
        propose("RUNNING", state_details={"cache_key": "x" * 2001}),
        create_task({"type": "COMPLETED", "state_details": {"cache_key": "x" * 2001}}, "l"),
        READ,
        create_task({"type": "PENDING"}, "n"),
        propose("COMPLETED", state_details={"cache_key": ""}),
        *(propose("COMPLETED", state_details={"cache_key": text}) for text in ("a\0b", "\ud800")),
    ],
    "task cache: of created task runs": [
        create_run(),
        create_task({"type": "COMPLETED", "state_details": KEY, "data": STORED}, "made"),
        READ,
        *again(),
    ],
    "task cache: results by reference": [
        create_run(),
        *completed(data={"type": "reference", "storage_key": "k <u>"}),
        *again(),
        propose("RUNNING", state_details=KEY),
        READ,
    ],
}
