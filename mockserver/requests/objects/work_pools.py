"""The bodies of requests about work pools, their queues and their workers."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from ...filters import (
    FAIL_FAST,
    FilterModel,
    Instant,
    JsonInteger,
    OperatorFilter,
    Texts,
    Uuid,
    Uuids,
    WorkPoolFilter,
    WorkQueueFilter,
    json_integer,
)
from .. import NOT_AN_OBJECT, BodyParameters, ClosedObject, Offset, OpenObject, PageParameters

JsonObject = dict[str, Any]
# Prefect: types/names.py, BANNED_CHARACTERS.
_Name = Annotated[str, StringConstraints(pattern=r"^[^/%&><]+$")]
_Limit = Annotated[int, json_integer(ge=0)]
_Priority = Annotated[int, json_integer(gt=0)]
# Prefect: utilities/templating, PLACEHOLDER_CAPTURE_REGEX.
_PLACEHOLDER = re.compile(r"{{\s*([\w\.\-\[\]$]+)\s*}}")


def _check_pool_name(name: Any, info: ValidationInfo) -> Any:
    if not isinstance(name, str):
        if info.mode == "json":  # strict reading: as the document says
            return name
        # A real server calls a method of it, and fails (Prefect: types/names.py, non_emptyish).
        raise PydanticCustomError(NOT_AN_OBJECT, "Input should be a valid string")
    if not name.strip("' \""):
        raise ValueError("name cannot be an empty string")
    return name


def _check_template(template: JsonObject | None, info: ValidationInfo) -> JsonObject | None:
    """A base job template as it is: with both its parts, and each variable that it names declared.

    As Prefect's schemas/actions.py, validate_base_job_template, which fails where a part is no
    object.
    """
    if template is None and info.mode != "json":  # which the document allows
        raise PydanticCustomError(NOT_AN_OBJECT, "Input should be an object")
    if not template:
        return template
    parts = ("job_configuration", "variables")
    configuration, variables = (template.get(part) for part in parts)
    if not (configuration and variables):
        raise ValueError(
            "The `base_job_template` must contain both a `job_configuration` key and a `variables` "
            "key."
        )
    declared = variables.get("properties", {}) if isinstance(variables, dict) else None
    if not isinstance(configuration, dict) or not isinstance(declared, dict):
        raise PydanticCustomError(NOT_AN_OBJECT, "Input should be an object")
    named = {
        name for part in configuration.values() for name in _PLACEHOLDER.findall(json.dumps(part))
    }
    missing = sorted(named - declared.keys())
    if missing:
        raise ValueError(
            "The variables specified in the job configuration template must be present as "
            "properties in the variables schema. Your job configuration uses the following "
            f"undeclared variable(s): {' ,'.join(missing)}."
        )
    return template


class WorkPoolStorageConfiguration(ClosedObject):
    """How a pool stores the code of flows and the results of runs."""

    bundle_upload_step: JsonObject | None = None
    bundle_execution_step: JsonObject | None = None
    default_result_storage_block_id: Uuid | None = None


class WorkPoolCreate(ClosedObject):
    """A work pool to create. It gets a queue named `default`."""

    name: Annotated[_Name, BeforeValidator(_check_pool_name)]
    description: str | None = None
    type: str = "prefect-agent"
    base_job_template: Annotated[JsonObject, AfterValidator(_check_template)] = {}
    is_paused: bool = False
    concurrency_limit: _Limit | None = None
    storage_configuration: WorkPoolStorageConfiguration = WorkPoolStorageConfiguration()


class WorkPoolUpdate(ClosedObject):
    """Changes of a work pool: the keys that are given replace the old values."""

    description: str | None = None
    is_paused: bool | None = None
    base_job_template: Annotated[JsonObject | None, AfterValidator(_check_template)] = None
    concurrency_limit: _Limit | None = None
    storage_configuration: WorkPoolStorageConfiguration | None = None


class QueueFilter(OpenObject):
    """Which flow runs are in a queue of the deprecated kind, whatever queue they name."""

    tags: Texts | None = None
    deployment_ids: Uuids | None = None


class WorkQueueCreate(ClosedObject):
    """A work queue to create. Without a priority it gets the first that is free."""

    name: _Name
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: _Limit | None = None
    priority: _Priority | None = None
    filter: QueueFilter | None = None


class WorkQueueUpdate(ClosedObject):
    """Changes of a work queue: the keys that are given replace the old values."""

    name: str | None = None
    description: str | None = None
    is_paused: bool = False
    concurrency_limit: _Limit | None = None
    priority: _Priority | None = None
    last_polled: Instant | None = None
    filter: QueueFilter | None = None


class WorkPoolCountRequest(BodyParameters):
    """The body of /work_pools/count."""

    work_pools: WorkPoolFilter | None = None


class WorkPoolFilterRequest(PageParameters):
    """The body of /work_pools/filter."""

    work_pools: WorkPoolFilter | None = None  # the order of the keys shows in errors
    offset: Offset = 0


class WorkQueueFilterRequest(PageParameters):
    """The body of /work_queues/filter."""

    offset: Offset | None = 0
    work_queues: WorkQueueFilter | None = None


class PoolQueueFilterRequest(PageParameters):
    """The body of the list of a pool's queues."""

    work_queues: WorkQueueFilter | None = None
    offset: Offset | None = 0


def _with_separator(time: Any, info: ValidationInfo) -> Any:
    """A time as Prefect's own client sends it, which has a space where RFC 3339 has a T."""
    return time.replace(" ", "T", 1) if isinstance(time, str) and info.mode == "json" else time


_PolledTime = Annotated[Instant, BeforeValidator(_with_separator)]


class PolledRunsRequest(PageParameters):
    """The body with which a worker asks for the runs of its pool that are due."""

    # Never null in the document, and absent by default, which is not validated.
    work_queue_names: Texts = None  # type: ignore[assignment]
    scheduled_before: _PolledTime = None  # type: ignore[assignment]
    scheduled_after: _PolledTime = None  # type: ignore[assignment]


class QueueRunsRequest(PageParameters):
    """The body with which an agent asks for the runs of a queue that are due."""

    scheduled_before: _PolledTime = None  # type: ignore[assignment]


class ConcurrencyStatusRequest(PageParameters):
    """The body of /work_queues/{id}/concurrency_status."""

    page: Annotated[int, json_integer(ge=1)] = 1


class PoolConcurrencyStatusRequest(ConcurrencyStatusRequest):
    """The body of /work_pools/{name}/concurrency_status."""

    flow_run_limit: Annotated[int, json_integer(ge=0, le=200)] = 10


class WorkerHeartbeat(BodyParameters):
    """The body of a heartbeat."""

    name: str
    heartbeat_interval_seconds: JsonInteger | None = None


class WorkerStatus(StrEnum):
    """Whether a worker is there."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


WorkerStatuses = Annotated[list[WorkerStatus], FAIL_FAST]


class WorkerFilterLastHeartbeatTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class WorkerFilterStatus(FilterModel):
    any_: WorkerStatuses | None = None
    not_any_: WorkerStatuses | None = None


class WorkerFilter(OperatorFilter):
    """A filter on workers."""

    last_heartbeat_time: WorkerFilterLastHeartbeatTime | None = None
    status: WorkerFilterStatus | None = None


class WorkerFilterRequest(PageParameters):
    """The body of the list of a pool's workers."""

    workers: WorkerFilter | None = None
    offset: Offset | None = 0
