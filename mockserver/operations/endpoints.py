"""The table of endpoints: which operation answers a method and path, and with which status."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import requests

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ..prefect import Dialect
    from .context import Outcome
    from .deletion import Deletion, Plan

# What FastAPI's `{id:uuid}` takes, with or without hyphens (Starlette: UUIDConvertor).
UUID_SEGMENT = r"{id:[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}}"
# What its `{name}` takes: any text without a slash, however that is written, and without a line
# break, which ends a path for its pattern (measured, 3.9.1). aiohttp's own would take no braces.
TEXT_SEGMENT = r"(?:(?!%2[Ff])[^/\n])+"


# No slots: cached_property needs a __dict__.
@dataclass(frozen=True)
class Endpoint:
    """One method and path of the API.

    `operation` is a function of this folder, as "file.function". It is called with a `Context`,
    the parameters of the path, those of the query, and the body if there is one; it returns an
    `Outcome`. `body` is a request model of `mockserver.requests`.

    A bulk delete also has `plan`, a function that makes a `Plan` of its body under a dialect. Its
    operation is called with the plan and the store, and returns a `Deletion`. Plans of bodies that
    come again are kept: that is what a drain consists of.

    Operations and models are named, and imported when they are first asked for: a server that is
    only asked to bulk_delete starts without the others, a fifth sooner.
    """

    method: str
    path: str
    operation: str
    body: str | None = None
    plan: str | None = None
    status: int = 200
    created_status: int = 201  # where the operation made something new
    query: tuple[str, ...] = ()  # a name that ends in "id" is a uuid
    # Prefect writes these two lists with orjson itself (api/flow_runs.py).
    int64_only: bool = False  # a real server fails to list larger integers (`huge-integers`)
    since: str | None = None  # the field of Dialect that says which releases have it; None: all
    # /health and /version lie outside the routers that check it (Prefect: create_api_app).
    checks_api_version: bool = True  # a real server checks it everywhere but in two places

    @cached_property
    def deletes(self) -> bool:
        """Whether it can delete flow runs."""
        return self.plan is not None or self.method == "DELETE"

    @cached_property
    def template(self) -> str:
        """The path as openapi.yaml has it: `/flow_runs/{id}`."""
        # The braces of a pattern stand in pairs, so the name ends at its colon.
        return re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", self.path)

    @cached_property
    def parameters(self) -> bool:
        """Whether the path or the query has parameters to be read."""
        return "{" in self.path or bool(self.query)

    @cached_property
    def call(self) -> Callable[..., Outcome]:
        """The function that `operation` names."""
        found: Callable[..., Outcome] = _function(self.operation)
        return found

    @cached_property
    def delete(self) -> Callable[..., Deletion]:
        """The same, where there is a `plan`."""
        found: Callable[..., Deletion] = _function(self.operation)
        return found

    @cached_property
    def model(self) -> type[BaseModel] | None:
        """The model that `body` names; None where there is none."""
        return None if self.body is None else getattr(requests, self.body)

    @cached_property
    def make_plan(self) -> Callable[[Any, Dialect], Plan]:
        """The function that `plan` names."""
        found: Callable[[Any, Dialect], Plan] = _function(self.plan or "")
        return found


def _function(name: str) -> Any:
    """A function of this folder, named as "file.function"."""
    file, _, function = name.partition(".")
    return getattr(import_module(f".{file}", __package__), function)


# A path ends in a slash where Prefect's does; the other spelling is redirected to it.
ENDPOINTS = (
    Endpoint(
        "POST",
        "/flow_runs/bulk_delete",
        "delete.execute_bulk_delete",
        "BulkDeleteRequest",
        plan="delete.plan_bulk_delete",
    ),
    Endpoint("POST", "/flow_runs/", "create.create_flow_run", "FlowRunCreate"),
    Endpoint(
        "POST",
        "/flow_runs/filter",
        "queries.filter_flow_runs",
        "FlowRunFilterRequest",
        int64_only=True,
    ),
    Endpoint("POST", "/flow_runs/count", "queries.count_flow_runs", "FilterParameters"),
    Endpoint(
        "POST",
        "/flow_runs/paginate",
        "queries.paginate_flow_runs",
        "FlowRunPaginateRequest",
        int64_only=True,
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
    Endpoint("DELETE", f"/flow_runs/{UUID_SEGMENT}", "delete.delete_flow_run", status=204),
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
    Endpoint("GET", f"/flows/name/{{name:{TEXT_SEGMENT}}}", "queries.read_flow_by_name"),
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
        "GET",
        f"/deployments/name/{{flow_name:{TEXT_SEGMENT}}}/{{deployment_name:{TEXT_SEGMENT}}}",
        "queries.read_deployment_by_name",
    ),
    Endpoint("DELETE", f"/flows/{UUID_SEGMENT}", "delete.delete_flow", status=204),
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
        # Prefect's route has no convertor here: what is no uuid is 422, not 404.
        f"/v2/concurrency_limits/leases/{{lease_id:{TEXT_SEGMENT}}}/renew",
        "concurrency_leases.renew_lease",
        "RenewRequest",
        status=204,
    ),
    Endpoint("POST", "/logs/", "create.accept_logs", "Logs", status=201),
    Endpoint("GET", "/health", "server_info.health", checks_api_version=False),
    Endpoint("GET", "/ready", "server_info.ready"),
    Endpoint("GET", "/version", "server_info.api_version", checks_api_version=False),
    Endpoint("GET", "/admin/version", "server_info.server_version"),
    Endpoint("GET", "/admin/storage", "server_info.storage_settings", since="admin_storage"),
    Endpoint("GET", "/hello", "server_info.hello"),
    Endpoint("GET", "/csrf-token", "server_info.csrf_token", query=("client",)),
)

_NEWER_PATHS = {one.path: one.since for one in ENDPOINTS if one.since is not None}


def lacks_path(dialect: Dialect, path: str) -> bool:
    """Whether a path of the API came with a later release than the one of a dialect."""
    change = _NEWER_PATHS.get(path)
    return change is not None and not getattr(dialect, change)


MODELLED_SUMMARY = (
    "flow runs (create, read, update, delete, filter, count, paginate, history, lateness, "
    "set_state, bulk_set_state, bulk_delete, labels), flows and task runs (create, read, filter, "
    "count; flows also delete), states of flow runs (read), deployments (read, filter, count), "
    "slots of concurrency limits (there are none), logs and events (taken, not kept), health, "
    "ready, version, admin/version, admin/storage, csrf-token, hello"
)
