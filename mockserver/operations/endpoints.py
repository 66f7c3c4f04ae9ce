"""Which verb answers which method and path, and with which status; no HTTP besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import requests

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .context import Outcome

UUID_SEGMENT = r"{id:[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}}"
API_VERSION = "0.8.4"
SERVER_VERSION = "3.8.8"


@dataclass(frozen=True)
class Endpoint:
    """`verb` is a module's function, called with a context, the parameters of the path and of the
    query in their order, and the body if it has one. `body` is a module's model. `made`: the
    status when something new was made. Parameters that are called `id`, or end in it, are uuids.

    Verb and body are named, and found when they are first asked for: a server that is only asked
    to bulk_delete starts without them, a fifth sooner.
    """

    method: str
    path: str
    verb: str
    body: str | None = None
    status: int = 200
    made: int = 201
    query: tuple[str, ...] = ()
    narrow: bool = False  # a real server's reply holds no integer of more than 64 bits

    @cached_property
    def call(self) -> Callable[..., Outcome]:
        """The function that `verb` names."""
        found: Callable[..., Outcome] = _named(self.verb)
        return found

    @cached_property
    def model(self) -> type[BaseModel] | None:
        """The model that `body` names; None where there is none."""
        return None if self.body is None else getattr(requests, self.body)


def _named(name: str) -> Any:
    """What a room holds, by the names of both."""
    room, _, held = name.partition(".")
    return getattr(import_module(f".{room}", __package__), held)


ENDPOINTS = (
    Endpoint("POST", "/flow_runs/", "create.create_flow_run", "FlowRunCreate"),
    Endpoint(
        "POST",
        "/flow_runs/filter",
        "queries.filter_flow_runs",
        "FlowRunFilterRequest",
        narrow=True,
    ),
    Endpoint("POST", "/flow_runs/count", "queries.count_flow_runs", "FilterParameters"),
    Endpoint(
        "POST",
        "/flow_runs/paginate",
        "queries.paginate_flow_runs",
        "FlowRunPaginateRequest",
        narrow=True,
    ),
    Endpoint("POST", "/flow_runs/lateness", "history.lateness", "FilterParameters"),
    Endpoint("POST", "/flow_runs/history", "history.history", "HistoryRequest"),
    Endpoint(
        "POST", "/flow_runs/bulk_set_state", "set_state.bulk_set_state", "BulkSetStateRequest"
    ),
    Endpoint("GET", f"/flow_runs/{UUID_SEGMENT}", "queries.read_flow_run"),
    Endpoint(
        "PATCH", f"/flow_runs/{UUID_SEGMENT}", "update.update_flow_run", "FlowRunUpdate", status=204
    ),
    Endpoint("DELETE", f"/flow_runs/{UUID_SEGMENT}", "update.delete_flow_run", status=204),
    Endpoint(
        "POST", f"/flow_runs/{UUID_SEGMENT}/set_state", "set_state.set_state", "SetStateRequest"
    ),
    Endpoint(
        "PATCH",
        f"/flow_runs/{UUID_SEGMENT}/labels",
        "update.update_labels",
        "LabelsUpdate",
        status=204,
    ),
    Endpoint("POST", "/flows/", "create.create_flow", "FlowCreate"),
    Endpoint("POST", "/flows/filter", "queries.filter_flows", "FlowFilterRequest"),
    Endpoint("POST", "/flows/count", "queries.count_flows", "FlowCountRequest"),
    Endpoint("GET", f"/flows/{UUID_SEGMENT}", "queries.read_flow"),
    Endpoint("GET", "/flows/name/{name}", "queries.read_flow_by_name"),
    Endpoint("POST", "/task_runs/", "create.create_task_run", "TaskRunCreate"),
    Endpoint("POST", "/task_runs/filter", "queries.filter_task_runs", "TaskRunFilterRequest"),
    Endpoint("POST", "/task_runs/count", "queries.count_task_runs", "TaskRunCountRequest"),
    Endpoint("GET", f"/task_runs/{UUID_SEGMENT}", "queries.read_task_run"),
    Endpoint(
        "POST",
        "/deployments/filter",
        "queries.filter_deployments",
        "DeploymentFilterRequest",
    ),
    Endpoint("POST", "/deployments/count", "queries.count_deployments", "FilterParameters"),
    Endpoint("GET", f"/deployments/{UUID_SEGMENT}", "queries.read_deployment"),
    Endpoint(
        "GET", "/deployments/name/{flow_name}/{deployment_name}", "queries.read_deployment_by_name"
    ),
    Endpoint("DELETE", f"/flows/{UUID_SEGMENT}", "update.delete_flow", status=204),
    Endpoint("GET", "/flow_run_states/", "queries.read_states", query=("flow_run_id",)),
    Endpoint("GET", f"/flow_run_states/{UUID_SEGMENT}", "queries.read_state"),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/increment-with-lease",
        "concurrency_leases.acquire_lease",
        "IncrementRequest",
    ),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/decrement-with-lease",
        "concurrency_leases.release_lease",
        "DecrementRequest",
        status=204,
    ),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/leases/{lease_id:[^/]+}/renew",
        "concurrency_leases.renew_lease",
        "RenewRequest",
        status=204,
    ),
    Endpoint("POST", "/logs/", "create.accept_logs", "Logs", status=201),
)

CONSTANT_REPLIES: dict[str, Any] = {
    "/health": True,
    "/ready": {"message": "OK"},
    "/version": API_VERSION,
    "/admin/version": SERVER_VERSION,
    "/admin/storage": {"default_result_storage_block_id": None},
    "/hello": "\N{WAVING HAND SIGN}",
}
"""What GET answers without looking at anything."""

MODELLED_SUMMARY = (
    "flow runs (create, read, update, delete, filter, count, paginate, history, lateness, "
    "set_state, bulk_set_state, bulk_delete, labels), flows and task runs (create, read, filter, "
    "count; flows also delete), states of flow runs (read), deployments (read, filter, count), "
    "slots of concurrency limits (there are none), logs and events (taken, not kept), health, "
    "ready, version, admin/version, admin/storage, csrf-token, hello"
)
