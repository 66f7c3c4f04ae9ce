"""The table of all endpoints, and what it says of paths."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from .absent import ABSENT
from .concurrency_limits import CONCURRENCY_LIMITS
from .deployments import DEPLOYMENTS
from .events import EVENTS
from .flow_runs import FLOW_RUNS
from .flows import FLOWS
from .logs import LOGS
from .objects import ARTIFACTS, BLOCKS, VARIABLES
from .pauses import PAUSES
from .server import SERVER, VALIDATION
from .task_runs import TASK_RUNS
from .work_pools import WORK_POOLS

if TYPE_CHECKING:
    from ...prefect import Dialect

# A path ends in a slash where Prefect's does; the other spelling is redirected to it.
ENDPOINTS = (
    *FLOW_RUNS,
    *PAUSES,
    *FLOWS,
    *TASK_RUNS,
    *DEPLOYMENTS,
    *CONCURRENCY_LIMITS,
    *LOGS,
    *EVENTS,
    *VARIABLES,
    *BLOCKS,
    *ARTIFACTS,
    *ABSENT,
    *WORK_POOLS,
    *SERVER,
    *VALIDATION,
)

_NEWER_PATHS = {one.path: one.since for one in ENDPOINTS if one.since is not None}


def lacks_path(dialect: Dialect, path: str) -> bool:
    """Whether a path of the API came with a later release than the one of a dialect."""
    change = _NEWER_PATHS.get(path)
    return change is not None and not getattr(dialect, change)


# Prefect declares another method first; measured on 3.9.1.
_DECLARED_FIRST = {
    "/flow_runs/{id}": "PATCH",
    "/flows/{id}": "PATCH",
    "/task_runs/{id}": "PATCH",
    "/deployments/{id}": "PATCH",
    "/deployments/{id}/schedules/{schedule_id}": "PATCH",
    "/work_queues/{id}": "PATCH",
    "/block_schemas/{id}": "DELETE",
}


def first_method(template: str, allowed: Collection[str]) -> str:
    """The method of a path that Prefect declares first, of those that are `allowed` there.

    It is the only one that a 405 of a real server names in `Allow`: Starlette lets the first route
    answer whose path fits (Router.app, partial matches).
    """
    declared = _DECLARED_FIRST.get(template, "GET")
    return declared if declared in allowed else min(allowed)


MODELLED_SUMMARY = (
    "flow runs (create, read, update, delete, filter, count, paginate, history, lateness, "
    "set_state, bulk_set_state, bulk_delete, labels, resume, inputs, graphs), flows (create, "
    "read, update, filter, count, paginate, delete, bulk_delete), task runs (create, read, "
    "update, delete, filter, count, paginate, history, set_state, in the background), task workers "
    "(filter), states of flow runs and task runs (read), deployments, concurrency limits (global "
    "ones and those of tags, their slots and leases), logs (create, filter, download, out), events "
    "(create, filter, count-by, in, out), work pools with their queues and workers, variables, "
    "blocks (types, schemas, documents), artifacts, automations, saved searches and "
    "collections (there are none), health, ready, version, admin/version, "
    "admin/storage, admin/settings, observed-states, ui, csrf-token, hello, checks of templates "
    "and of values against a schema"
)
