"""A probe for each registered deviation and change: its own request, sent to a real server.

What is answered is shortened as that of endpoints is. An answer that is not the one of the release
before says that a deviation has ended or changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from measure.servers import PrefectServer
from mockserver.prefect.changes import CHANGES, Change
from mockserver.prefect.deviations import DEVIATIONS, Deviation
from tests.support.endpoint_cases import (
    Connection,
    ReplyNormalizer,
    create_workspace,
    delete_all_runs,
)
from tests.support.endpoint_requests import JSON_HEADERS, UNKNOWN_ID, ApiRequest

Json = Any
Entry = Deviation | Change
ENTRIES: Sequence[Entry] = (*DEVIATIONS, *CHANGES)

EXAMPLE_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
"""In the requests of the registry, the id of a flow that exists."""
_KEYSET = {"schema": "schema", "response": "response", "description": "description"}
_LEASED = {"deployment_concurrency_lease_id": UNKNOWN_ID}
# The record that each parameter of a path stands for; `<run>` and `<made>` are made by
# `preparation`. The queue is unknown, since the change is about its error.
_PATHS: Mapping[str, str] = {
    "/flow_runs/{id}": "/flow_runs/<run>",
    "/deployments/{id}": "/deployments/<made>",
    "/work_queues/{id}": f"/work_queues/{UNKNOWN_ID}",
    "/work_pools/{name}": "/work_pools/<pool>",
    "/v2/concurrency_limits/{id_or_name}": "/v2/concurrency_limits/probe-<u>",
}
# The records that are read after a request about them.
_READ_RECORDS = ("/flow_runs/<run>", "/deployments/<made>")
# Bodies that the registry can only describe.
_BODIES: Mapping[str, bytes] = {
    "unreadable-400": b'{"x":"\xff"}',
    "parameters-bounded": json.dumps(
        {"flow_id": EXAMPLE_ID, "parameters": {"text": "x" * 524_288}}
    ).encode(),
    "counted-runs-bounded": json.dumps({"flow_run_ids": [UNKNOWN_ID] * 201}).encode(),
    "stale-input-deleted": json.dumps(
        {"state": {"type": "PAUSED", "state_details": {"run_input_keyset": _KEYSET}}}
    ).encode(),
}
# What is read after the request of an entry, if its own reply does not show the difference.
_READ_AFTER: Mapping[str, tuple[str, str]] = {
    "stale-input-deleted": ("GET", "/flow_runs/<run>/input/schema"),
    "huge-integers": ("POST", "/flow_runs/filter"),
}
# Whose answer differs in fields that are left out of outcomes, such as times of now.
_SHOWN_BY_FIELDS = frozenset({"task-run-page-times"})
# The states of the run that a request with an `{id}` is about, set one after the other.
_STATES: Mapping[str, Sequence[Json]] = {
    "pending-renamed": ({"type": "PENDING"},),
    "lease-inherited": ({"type": "RUNNING", "state_details": _LEASED},),
    "completed-result-kept": ({"type": "RUNNING"}, {"type": "COMPLETED", "data": {"type": "x"}}),
    "any-completed-data": ({"type": "RUNNING"}, {"type": "COMPLETED", "data": [1]}),
    "late-once": ({"type": "SCHEDULED", "name": "Late"},),
    "retry-keeps-lease": ({"type": "RUNNING", "state_details": _LEASED},),
    "pause-cancellable": ({"type": "RUNNING"}, {"type": "PAUSED"}),
    "pause-left-cleared": (
        {"type": "RUNNING"},
        {"type": "PAUSED", "state_details": {"pause_key": "k"}},
    ),
    "forced-keeps-lease": ({"type": "PENDING", "state_details": _LEASED},),
}
_POLICIES: Mapping[str, Json] = {
    "retry-keeps-lease": {"retries": 1, "retry_delay": 0},
    "null-pause-keys": {"pause_keys": None},
}
# The deployment that the request of an entry is about, if there is one.
_DEPLOYMENTS: Mapping[str, Json] = {
    "pool-cleared": {"work_pool_name": "<pool>"},
    "job-variables-emptied": {"job_variables": {"image": "a"}},
    "polled-run-state": {"work_pool_name": "<pool>"},
    "slot-release-checked": {"concurrency_limit": 1},
}
# What else is sent before the request of an entry.
_SENT_BEFORE: Mapping[str, Sequence[ApiRequest]] = {
    "task-run-page-times": (
        ApiRequest(
            "POST",
            "/task_runs/",
            {
                "flow_run_id": "<run>",
                "task_key": "t",
                "dynamic_key": "0",
                "state": {"type": "RUNNING"},
            },
        ),
    ),
    # The slots are free again after some microseconds.
    "limits-read-decayed": (
        ApiRequest(
            "POST",
            "/v2/concurrency_limits/",
            {"name": "probe-<u>", "limit": 5, "slot_decay_per_second": 1_000_000},
        ),
        ApiRequest(
            "POST",
            "/v2/concurrency_limits/increment",
            {"names": ["probe-<u>"], "slots": 5, "mode": "concurrency"},
        ),
    ),
    "pending-in-graph": (
        ApiRequest(
            "POST",
            "/task_runs/",
            {
                "flow_run_id": "<run>",
                "name": "pending",
                "task_key": "t",
                "dynamic_key": "0",
                "state": {"type": "PENDING"},
            },
        ),
    ),
    "log-search-literal": (
        ApiRequest(
            "POST",
            "/logs/",
            [
                {"name": "n", "level": 20, "message": text, "timestamp": "2026-01-01T00:00:00Z"}
                for text in ("100% of <u>", "1000 of <u>")
            ],
        ),
    ),
    "polled-run-state": (
        ApiRequest(
            "POST",
            "/deployments/<made>/create_flow_run",
            {"state": {"type": "SCHEDULED"}},
            save_id_as="polled",
        ),
    ),
    "slot-release-checked": (
        ApiRequest("POST", "/deployments/<made>/create_flow_run", {}, save_id_as="run"),
        ApiRequest("POST", "/flow_runs/<run>/set_state", {"state": {"type": "PENDING"}}),
        ApiRequest("PATCH", "/v2/concurrency_limits/deployment:<made>", {"active": False}),
    ),
    "stale-input-deleted": (
        ApiRequest("POST", "/flow_runs/<run>/input", {"key": "schema", "value": "{}"}),
    ),
}
# What filters choose from, by name; the tags are those of the first.
_NAMED_STATES = (
    ("100% done", "COMPLETED"),
    ("1000 rows", "FAILED"),
    ("straße-Ü", "RUNNING"),
    ("strasse-ü", "SCHEDULED"),
)


def ask_probes(server: PrefectServer) -> dict[str, Json]:
    """The outcomes of each probe, by the id of its entry. All runs are deleted before."""
    with closing(Connection(server.url, flaky=server.flaky)) as connection:
        delete_all_runs(connection)
        delete_task_runs(connection)
        names = create_workspace(connection)
        return {entry.id: list(_ask(connection, entry, names)) for entry in ENTRIES}


def delete_task_runs(connection: Connection) -> None:
    """Delete the task runs that are in no flow run."""
    while True:
        _, reply, _ = connection.send(ApiRequest("POST", "/task_runs/filter", {}), {})
        found = json.loads(reply)
        if not found:
            return
        for task_run in found:
            connection.send(ApiRequest("DELETE", f"/task_runs/{task_run['id']}"), {})


def _ask(connection: Connection, entry: Entry, names: Mapping[str, str]) -> Iterator[Json]:
    """The outcome of the request, then of reading what it is about, then what shows it."""
    normalizer = ReplyNormalizer(dict(names))
    try:
        for needed in preparation(entry):
            normalizer.outcome(connection, needed)
        request = probe_request(entry)
        yield _without_random_ids(normalizer.outcome(connection, request), request)
        for record in _READ_RECORDS:
            if request.path.startswith(record):
                yield normalizer.outcome(connection, ApiRequest("GET", record))
        if entry.id in _READ_AFTER:
            method, path = _READ_AFTER[entry.id]
            status, *_ = normalizer.outcome(connection, ApiRequest(method, path))
            yield f"{method} {path}: {status}"
        if entry.id in _SHOWN_BY_FIELDS:
            _, reply, _ = connection.send(request, normalizer.names)
            yield sorted(json.loads(reply)["results"][0])
    finally:
        delete_all_runs(connection)
        if "made" in normalizer.names:
            connection.send(ApiRequest("DELETE", "/deployments/<made>"), normalizer.names)


def _without_random_ids(outcome: Json, request: ApiRequest) -> Json:
    """An outcome of bulk_delete without what depends on ids, which are random.

    That is their order, and which runs a limit took.
    """
    reply = outcome[1]
    if isinstance(reply, dict) and isinstance(reply.get("deleted"), list):
        limited = b'"limit"' in request.content({})
        reply["deleted"] = len(reply["deleted"]) if limited else sorted(reply["deleted"])
    return outcome


def preparation(entry: Entry) -> Iterator[ApiRequest]:
    """The requests that create what the request of an entry is about."""
    states = [*_STATES.get(entry.id, ({"type": "RUNNING"},))]
    run: Json = {"flow_id": "<flow>", "state": states.pop(0)}
    if entry.id in _POLICIES:
        run["empirical_policy"] = _POLICIES[entry.id]
    yield ApiRequest("POST", "/flow_runs/", run, save_id_as="run")
    for state in states:
        yield ApiRequest("POST", "/flow_runs/<run>/set_state", {"state": state})
    if entry.id in _DEPLOYMENTS:
        deployment = {"name": "probe", "flow_id": "<flow>", **_DEPLOYMENTS[entry.id]}
        yield ApiRequest("POST", "/deployments/", deployment, save_id_as="made")
    yield from _SENT_BEFORE.get(entry.id, ())
    if entry.endpoint.endswith("/bulk_delete"):
        yield ApiRequest("DELETE", "/flow_runs/<run>")
        for name, state_type in _NAMED_STATES:
            run = {"flow_id": "<flow>", "name": name, "state": {"type": state_type}}
            yield ApiRequest("POST", "/flow_runs/", run, save_id_as=f"{name} {state_type}")


def probe_request(entry: Entry) -> ApiRequest:
    """The request of an entry, with the ids of the workspace."""
    method, path = entry.endpoint.split()
    path = path.removeprefix("/api")  # a connection adds it
    for parameter, record in _PATHS.items():
        path = path.replace(parameter, record)
    made = "made" if entry.endpoint == "POST /deployments/" else ""
    head, separator, content = entry.request.rpartition("\n\n")
    parsed = dict(_parse_header(line) for line in head.splitlines())
    headers = parsed if separator else JSON_HEADERS
    body = _BODIES.get(entry.id, content.encode())
    if body == b"(no body)":
        return ApiRequest(method, path)
    body = body.replace(EXAMPLE_ID.encode(), b"<flow>")
    return ApiRequest(method, path, body, headers, save_id_as=made)


def _parse_header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()
