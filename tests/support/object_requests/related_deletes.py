"""Bulk deletes of flows and of deployments: which go, and what goes with them.

Each request has a filter that matches records of its own group alone, or is refused: without one,
the flows and deployments of all other groups would go; those of these groups have `rd` in their
names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
    post_requests,
    with_odd_values,
)
from tests.support.endpoint_requests.odd_values import UNKNOWN_ID, Json

FLOWS, DEPLOYMENTS = "/flows/bulk_delete", "/deployments/bulk_delete"
NOBODY: Json = {"id": {"any_": [UNKNOWN_ID]}}
ODD_KEYS: Json = {"nam": 1, "operator": "xor_", "name": []}
OWN: Json = {"like_": " rd <u>"}
SCHEDULED: Json = {"type": "SCHEDULED"}
INTERVAL: Json = {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}
LOG: Json = {"name": "l", "level": 20, "message": "m", "timestamp": "2026-01-31T08:00:00Z"}


def created(path: str, save_id_as: str, **body: Json) -> ApiRequest:
    """A request that creates a record, whose id gets a name."""
    return ApiRequest("POST", path, body, save_id_as=save_id_as)


def flow(name: str, **fields: Json) -> ApiRequest:
    """A request that creates a flow."""
    return created("/flows/", name, name=f"{name} rd <u>", **fields)


def deployment(name: str, of: str, **fields: Json) -> ApiRequest:
    """A request that creates a deployment of a flow."""
    return created("/deployments/", name, name=f"{name} rd <u>", flow_id=f"<{of}>", **fields)


def run(name: str, of: str, **fields: Json) -> ApiRequest:
    """A request that creates a flow run of a flow."""
    return created("/flow_runs/", name, name=name, flow_id=f"<{of}>", **fields)


def forced(run_name: str, state_type: str, **state: Json) -> ApiRequest:
    """A request that forces a flow run into a state."""
    body = {"state": {"type": state_type, **state}, "force": True}
    return ApiRequest("POST", f"/flow_runs/<{run_name}>/set_state", body)


def reads(**paths: str) -> Iterator[ApiRequest]:
    """Requests that read records: `flows="ab"` reads two flows."""
    for path, names in paths.items():
        yield from (ApiRequest("GET", f"/{path}/<{name}>") for name in names.split())


def refused(path: str, key: str) -> Iterator[ApiRequest]:
    """Bodies that are refused, or whose filter matches nothing."""
    yield from post_requests(path, True, 7, "x", [], [1], b"{bad", b'{"limit": 0}')
    version = {**JSON_HEADERS, "x-prefect-api-version": "x"}
    yield ApiRequest("POST", path, {key: NOBODY}, version)
    yield from with_odd_values(path, {key: NOBODY}, ["limit"])
    yield from post_requests(
        path,
        *({key: NOBODY, "limit": limit} for limit in (1, 50, 51, -1, 0, 2**63, 1.0, 2.5, "7")),
        *({key: value} for value in (True, 7, "x", [], [NOBODY])),
        *({key: {**NOBODY, other: value}} for other, value in ODD_KEYS.items()),
        {key: {"id": {"any_": ["nope"]}}},
        {key: {"id": {"any_": UNKNOWN_ID}}},
        {key: {"id": {"any_": []}}},
        {key: {"id": {"any_": [UNKNOWN_ID.upper()]}}},
        {key: {"id": {}, "name": {"any_": []}}},
        {key: {**NOBODY, "tags": {"all_": ["a\0"]}}},
        {key: {"name": {"any_": ["\ud800"]}}},
        {key: {"name": {"like_": "x" * 60_000}}},
        {key: NOBODY, "unknown": 1, "sort": "NAME_DESC", "offset": 7},
        {key: NOBODY, "flow_runs": {"nope": 1}},
    )


def matching(path: str, key: str, *filters: Json) -> Iterable[ApiRequest]:
    """A delete of the own records that a filter matches, and a count of those that are left."""
    own = {key: {"name": OWN}}
    for one in filters:
        yield ApiRequest("POST", path, {key: {"name": OWN, **one}, "limit": 2})
        yield ApiRequest("POST", f"/{key}/count", own)


REQUESTS: RequestGroups = {
    "flows deleted: any body": [*refused(FLOWS, "flows")],
    "flows deleted: filters": [
        *(flow(name, tags=[name, "both"]) for name in "cabde"),
        deployment("one", "c"),
        deployment("two", "d"),
        *matching(
            FLOWS,
            "flows",
            {"tags": {"all_": ["x"]}},
            {"tags": {"all_": ["a", "both"]}},
            {"deployment": {"is_null_": False}, "tags": {"all_": ["d"]}},
            {"deployment": {"is_null_": True}, "id": {"not_any_": ["<e>"]}},
            {"id": {"any_": ["<c>", "<e>"]}, "tags": {"is_null_": True}},
            {"id": {"any_": ["<c>", "<e>"]}},
        ),
        *reads(deployments="one two"),
    ],
    "flows deleted: the first by name": [
        *(flow(name) for name in ("z", "a", "M", "m", "b")),
        *matching(FLOWS, "flows", {}, {}, {}, {}),
    ],
    "flows deleted: what goes with them": [
        *(flow(name) for name in ("gone", "kept")),
        deployment("first", "gone", concurrency_limit=2, schedules=[{"schedule": INTERVAL}]),
        deployment("other", "kept"),
        run("a", "gone", deployment_id="<first>", state=SCHEDULED),
        run("b", "gone", state={"type": "RUNNING"}),
        run("c", "kept", deployment_id="<first>", state=SCHEDULED),
        created("/task_runs/", "t", flow_run_id="<a>", task_key="t", dynamic_key="0"),
        run("sub", "kept", parent_task_run_id="<t>"),
        ApiRequest("POST", "/logs/", [{**LOG, "flow_run_id": "<a>"}]),
        created("/artifacts/", "artifact", key="rd", type="x", data=1, flow_run_id="<a>"),
        ApiRequest("POST", FLOWS, {"flows": {"id": {"any_": ["<gone>"]}}}),
        ApiRequest("POST", FLOWS, {"flows": {"id": {"any_": ["<gone>"]}}}),
        *reads(flows="gone kept", deployments="first other", flow_runs="a b c sub"),
        *reads(task_runs="t", artifacts="artifact"),
        ApiRequest("GET", "/v2/concurrency_limits/deployment:<first>"),
        ApiRequest("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": ["<a>"]}}}),
    ],
    "deployments deleted: any body": [*refused(DEPLOYMENTS, "deployments")],
    "deployments deleted: filters": [
        flow("f"),
        *(deployment(name, "f", tags=[name, "both"]) for name in "cab"),
        *(deployment(name, "f", paused=True) for name in "de"),
        deployment("g", "f", work_pool_name="<pool>", work_queue_name="second"),
        *matching(
            DEPLOYMENTS,
            "deployments",
            {"tags": {"all_": ["x"]}},
            {"tags": {"any_": ["a", "x"]}},
            {"paused": {"eq_": True}, "id": {"not_any_": ["<d>"]}},
            {"work_queue_name": {"any_": ["second"]}},
            {"flow_or_deployment_name": {"like_": "f rd <u>"}, "paused": {"eq_": True}},
            {"concurrency_limit": {"ge_": 99}, "tags": {"is_null_": True}},
            {"operator": "or_", "name": {"like_": "c rd <u>"}, "id": {"any_": ["<b>"]}},
        ),
        ApiRequest("GET", "/flows/<f>"),
    ],
    "deployments deleted: the first by name": [
        flow("f"),
        *(deployment(name, "f") for name in ("z", "a", "M", "m", "b")),
        *matching(DEPLOYMENTS, "deployments", {}, {}, {}, {}),
    ],
    "deployments deleted: what goes with them": [
        flow("f"),
        created("/v2/concurrency_limits/", "limit", name="rd <u>", limit=3),
        deployment("gone", "f", concurrency_limit=2, schedules=[{"schedule": INTERVAL}]),
        deployment("sharing", "f", global_concurrency_limit_id="<limit>"),
        deployment("kept", "f", global_concurrency_limit_id="<limit>"),
        *(
            created("/deployments/<gone>/create_flow_run", name, name=name)
            for name in ("waiting", "running", "slot", "again", "done")
        ),
        forced("running", "RUNNING"),
        forced("slot", "SCHEDULED", name="AwaitingConcurrencySlot"),
        forced("again", "RUNNING"),
        forced("again", "SCHEDULED", name="AwaitingRetry"),
        forced("done", "COMPLETED"),
        created("/task_runs/", "t", flow_run_id="<waiting>", task_key="t", dynamic_key="0"),
        run("sub", "f", parent_task_run_id="<t>"),
        ApiRequest("POST", "/logs/", [{**LOG, "flow_run_id": "<waiting>"}]),
        ApiRequest("POST", DEPLOYMENTS, {"deployments": {"id": {"any_": ["<gone>", "<sharing>"]}}}),
        *reads(deployments="gone sharing kept", task_runs="t"),
        *reads(flow_runs="waiting running slot again done sub"),
        ApiRequest("GET", "/v2/concurrency_limits/deployment:<gone>"),
        ApiRequest("GET", "/v2/concurrency_limits/<limit>"),
        ApiRequest("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": ["<waiting>"]}}}),
    ],
}
