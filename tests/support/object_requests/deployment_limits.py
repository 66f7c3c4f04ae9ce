"""Runs of deployments with concurrency limits: which get a slot, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.endpoint_requests.api_request import (
    JSON_HEADERS,
    ApiRequest,
    RequestGroups,
)
from tests.support.endpoint_requests.odd_values import Json
from tests.support.object_requests.deployments import deployment, in_order

LIMIT = ApiRequest("GET", "/v2/concurrency_limits/deployment:<one>")
# Clients that say this renew leases; others are taken for older ones, which do not.
RENEWS = {**JSON_HEADERS, "User-Agent": "prefect/3.9.1 (API 0.8.4)"}
OLDER = {**JSON_HEADERS, "User-Agent": "prefect/3.4.10 (API 0.8.4)"}
UNREADABLE = {**JSON_HEADERS, "User-Agent": "prefect/x"}
ENQUEUE: Json = {"collision_strategy": "ENQUEUE"}
CANCEL_NEW: Json = {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 3600}


def run(name: str, **fields: Json) -> ApiRequest:
    """A request that creates a run of the deployment."""
    return ApiRequest("POST", "/deployments/<one>/create_flow_run", fields, save_id_as=name)


def enter(
    run_name: str, state_type: str, *, force: bool = False, headers: Json = RENEWS, **state: Json
) -> Iterator[ApiRequest]:
    """Requests that propose a state to a run and read the deployment's limit."""
    body = {"state": {"type": state_type, **state}, "force": force}
    yield ApiRequest("POST", f"/flow_runs/<{run_name}>/set_state", body, headers)
    yield LIMIT


def steps(*names_and_types: str, **given: Json) -> Iterator[ApiRequest]:
    """The same for many states, written as "a PENDING"."""
    for step in names_and_types:
        yield from enter(*step.split(), **given)


READ_BOTH = [ApiRequest("GET", f"/flow_runs/<{name}>") for name in "ab"]
TWO_RUNS = [run("a"), run("b")]

REQUESTS: RequestGroups = {
    "deployment limits: enqueue": in_order(
        [
            deployment(concurrency_limit=1),
            *TWO_RUNS,
            *steps("a PENDING", "b PENDING"),
            *READ_BOTH,
            ApiRequest("GET", "/deployments/<one>"),
            *steps("a RUNNING", "b PENDING", "a COMPLETED", "b PENDING"),
            *steps("b CANCELLING", "b CANCELLED"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: cancel new": in_order(
        [
            deployment(concurrency_limit=1, concurrency_options=CANCEL_NEW),
            *TWO_RUNS,
            *steps("a PENDING", "b PENDING", "b PENDING", "a RUNNING", "a CRASHED", "b PENDING"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: older clients": in_order(
        [
            deployment(concurrency_limit=1, concurrency_options=ENQUEUE),
            *TWO_RUNS,
            *steps("a PENDING", "a RUNNING", "b PENDING", headers=OLDER),
            *READ_BOTH,
            *steps("a COMPLETED", "b PENDING", "b CANCELLING", "b CANCELLED", headers=JSON_HEADERS),
            *steps("b SCHEDULED", "b PENDING", "b RUNNING", headers=UNREADABLE),
            *steps("b RUNNING", "b FAILED"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: states without a process": in_order(
        [
            deployment(concurrency_limit=2),
            *TWO_RUNS,
            *steps("a PENDING", "a SCHEDULED", "a PENDING", "a RUNNING"),
            *enter("a", "PAUSED"),
            *steps("a RUNNING", "a SCHEDULED", "a RUNNING", "a FAILED", "a FAILED"),
            *steps("b RUNNING", "b COMPLETED", "b SCHEDULED", "b PENDING"),
            *enter("b", "PENDING", name="Submitting"),
            *enter("b", "PENDING", name="Pending"),
            *enter("b", "CANCELLING"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: force": in_order(
        [
            deployment(concurrency_limit=1),
            *TWO_RUNS,
            *steps("a PENDING", "b PENDING", force=True),
            *steps("a COMPLETED"),
            *steps("b SCHEDULED", "b PENDING"),
            *steps("b COMPLETED", force=True),
            *READ_BOTH,
        ]
    ),
    "deployment limits: retries": in_order(
        [
            deployment(concurrency_limit=1),
            run("a", empirical_policy={"retries": 1}),
            run("b"),
            *steps("a PENDING", "a RUNNING", "a FAILED", "b PENDING", "a RUNNING", "a FAILED"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: a limit comes and goes": in_order(
        [
            deployment(),
            *TWO_RUNS,
            *steps("a PENDING"),
            ApiRequest("PATCH", "/deployments/<one>", {"concurrency_limit": 1}),
            *steps("b PENDING", "a RUNNING", "a COMPLETED"),
            ApiRequest("PATCH", "/deployments/<one>", {"concurrency_limit": None}),
            *steps("b RUNNING"),
            ApiRequest("PATCH", "/deployments/<one>", {"concurrency_limit": 2}),
            *steps("b COMPLETED"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: no slots at all": in_order(
        [
            deployment(concurrency_limit=1),
            ApiRequest("PATCH", "/v2/concurrency_limits/deployment:<one>", {"limit": 0}),
            *TWO_RUNS,
            *steps("a PENDING", "a RUNNING", "a COMPLETED"),
            ApiRequest(
                "PATCH", "/v2/concurrency_limits/deployment:<one>", {"limit": 1, "active": False}
            ),
            *steps("b PENDING"),
            *READ_BOTH,
            ApiRequest("PATCH", "/v2/concurrency_limits/deployment:<one>", {"active": True}),
            run("c"),
            *steps("c PENDING"),
            ApiRequest("PATCH", "/v2/concurrency_limits/deployment:<one>", {"active": False}),
            *steps("c RUNNING", "c COMPLETED"),
            ApiRequest("GET", "/flow_runs/<c>"),
        ]
    ),
    "deployment limits: shared": in_order(
        [
            ApiRequest(
                "POST", "/v2/concurrency_limits/", {"name": "l <u>", "limit": 1}, save_id_as="limit"
            ),
            deployment(global_concurrency_limit_id="<limit>"),
            deployment("two", global_concurrency_limit_id="<limit>"),
            run("a"),
            ApiRequest("POST", "/deployments/<two>/create_flow_run", {}, save_id_as="b"),
            *steps("a PENDING", "b PENDING", "a COMPLETED", "b PENDING"),
            ApiRequest("GET", "/v2/concurrency_limits/<limit>"),
            ApiRequest("GET", "/deployments/<two>"),
            ApiRequest("DELETE", "/deployments/<two>"),
            *READ_BOTH,
        ]
    ),
    "deployment limits: many runs": in_order(
        [
            deployment(concurrency_limit=1),
            *TWO_RUNS,
            *(
                ApiRequest(
                    "POST",
                    "/flow_runs/bulk_set_state",
                    {"flow_runs": {"id": {"any_": [name]}}, "state": {"type": "PENDING"}},
                    RENEWS,
                )
                for name in ("<a>", "<b>")
            ),
            LIMIT,
            ApiRequest(
                "POST",
                "/flow_runs/",
                {"flow_id": "<flow>", "deployment_id": "<one>", "state": {"type": "PENDING"}},
                RENEWS,
                save_id_as="c",
            ),
            LIMIT,
            ApiRequest("DELETE", "/flow_runs/<a>"),
            LIMIT,
            *steps("b SCHEDULED", "b PENDING"),
            ApiRequest("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": ["<b>"]}}}),
            LIMIT,
        ]
    ),
}
