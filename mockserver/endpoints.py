"""Which verb answers which method and path, and with which status; no HTTP besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .context import Outcome

UUID = r"{id:[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}}"
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
        return None if self.body is None else _named(self.body)


def _named(name: str) -> Any:
    """What a room holds, by the names of both."""
    room, _, held = name.partition(".")
    return getattr(import_module(f".{room}", __package__), held)


ENDPOINTS = (
    Endpoint("POST", "/flow_runs/", "creation.create_flow_run", "drafts.FlowRunCreate"),
    Endpoint(
        "POST",
        "/flow_runs/filter",
        "queries.filter_flow_runs",
        "bodies.FlowRunFilterRequest",
        narrow=True,
    ),
    Endpoint("POST", "/flow_runs/count", "queries.count_flow_runs", "bodies.Filters"),
    Endpoint(
        "POST",
        "/flow_runs/paginate",
        "queries.paginate_flow_runs",
        "bodies.FlowRunPaginateRequest",
        narrow=True,
    ),
    Endpoint("POST", "/flow_runs/lateness", "history.lateness", "bodies.Filters"),
    Endpoint("POST", "/flow_runs/history", "history.history", "bodies.HistoryRequest"),
    Endpoint(
        "POST", "/flow_runs/bulk_set_state", "states.bulk_set_state", "drafts.BulkSetStateRequest"
    ),
    Endpoint("GET", f"/flow_runs/{UUID}", "queries.read_flow_run"),
    Endpoint(
        "PATCH", f"/flow_runs/{UUID}", "changes.update_flow_run", "drafts.FlowRunUpdate", status=204
    ),
    Endpoint("DELETE", f"/flow_runs/{UUID}", "changes.delete_flow_run", status=204),
    Endpoint("POST", f"/flow_runs/{UUID}/set_state", "states.set_state", "drafts.SetStateRequest"),
    Endpoint(
        "PATCH",
        f"/flow_runs/{UUID}/labels",
        "changes.update_labels",
        "drafts.LabelsUpdate",
        status=204,
    ),
    Endpoint("POST", "/flows/", "creation.create_flow", "drafts.FlowCreate"),
    Endpoint("POST", "/flows/filter", "queries.filter_flows", "bodies.FlowFilterRequest"),
    Endpoint("POST", "/flows/count", "queries.count_flows", "bodies.FlowCountRequest"),
    Endpoint("GET", f"/flows/{UUID}", "queries.read_flow"),
    Endpoint("GET", "/flows/name/{name}", "queries.read_flow_by_name"),
    Endpoint("POST", "/task_runs/", "creation.create_task_run", "drafts.TaskRunCreate"),
    Endpoint(
        "POST", "/task_runs/filter", "queries.filter_task_runs", "bodies.TaskRunFilterRequest"
    ),
    Endpoint("POST", "/task_runs/count", "queries.count_task_runs", "bodies.TaskRunCountRequest"),
    Endpoint("GET", f"/task_runs/{UUID}", "queries.read_task_run"),
    Endpoint(
        "POST",
        "/deployments/filter",
        "queries.filter_deployments",
        "bodies.DeploymentFilterRequest",
    ),
    Endpoint("POST", "/deployments/count", "queries.count_deployments", "bodies.Filters"),
    Endpoint("GET", f"/deployments/{UUID}", "queries.read_deployment"),
    Endpoint(
        "GET", "/deployments/name/{flow_name}/{deployment_name}", "queries.read_deployment_by_name"
    ),
    Endpoint("DELETE", f"/flows/{UUID}", "changes.delete_flow", status=204),
    Endpoint("GET", "/flow_run_states/", "queries.read_states", query=("flow_run_id",)),
    Endpoint("GET", f"/flow_run_states/{UUID}", "queries.read_state"),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/increment-with-lease",
        "leases.take",
        "bodies.IncrementRequest",
    ),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/decrement-with-lease",
        "leases.give_back",
        "bodies.DecrementRequest",
        status=204,
    ),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/leases/{lease_id:[^/]+}/renew",
        "leases.renew",
        "bodies.RenewRequest",
        status=204,
    ),
    Endpoint("POST", "/logs/", "creation.accept_logs", "drafts.Logs", status=201),
)

CONSTANTS: dict[str, Any] = {
    "/health": True,
    "/ready": {"message": "OK"},
    "/version": API_VERSION,
    "/admin/version": SERVER_VERSION,
    "/admin/storage": {"default_result_storage_block_id": None},
    "/hello": "\N{WAVING HAND SIGN}",
}
"""What GET answers without looking at anything."""

MODELLED = (
    "flow runs (create, read, update, delete, filter, count, paginate, history, lateness, "
    "set_state, bulk_set_state, bulk_delete, labels), flows and task runs (create, read, filter, "
    "count; flows also delete), states of flow runs (read), deployments (read, filter, count), "
    "slots of concurrency limits (there are none), logs and events (taken, not kept), health, "
    "ready, version, admin/version, admin/storage, csrf-token, hello"
)
