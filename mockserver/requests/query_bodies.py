"""The bodies of requests that list, count, lease and delete related records, as pydantic models.

`operations.queries`, `history`, `limits` and `related_deletes` carry them out. `openapi.yaml`
describes the same bodies independently; a test compares the two. Where a real server lacks a
filter, such as task runs the work pools, the model lacks it too. The models are those of the
newest release; `Before` says what older ones have.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from ..filters import (
    FAIL_FAST,
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    Instant,
    JsonNumber,
    OlderTaskRunFilter,
    TaskRunFilter,
    Texts,
    Uuid,
    Uuids,
    WorkPoolFilter,
    WorkQueueFilter,
    json_integer,
    json_number,
)
from .body_kinds import MAX_LIMIT, BodyParameters, ClosedObject, Limit, Offset, PageParameters
from .older_bodies import Before

# Seconds. Prefect: api/concurrency_limits_v2.py; from a minute to a day.
LeaseDuration = Annotated[float, json_number(ge=60, le=86_400)]


class FlowRunSort(StrEnum):
    """The orders in which flow runs can be listed."""

    ID_DESC = "ID_DESC"
    START_TIME_ASC = "START_TIME_ASC"
    START_TIME_DESC = "START_TIME_DESC"
    EXPECTED_START_TIME_ASC = "EXPECTED_START_TIME_ASC"
    EXPECTED_START_TIME_DESC = "EXPECTED_START_TIME_DESC"
    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"
    NEXT_SCHEDULED_START_TIME_ASC = "NEXT_SCHEDULED_START_TIME_ASC"
    END_TIME_DESC = "END_TIME_DESC"


class TaskRunSort(StrEnum):
    """The orders in which task runs can be listed."""

    ID_DESC = "ID_DESC"
    EXPECTED_START_TIME_ASC = "EXPECTED_START_TIME_ASC"
    EXPECTED_START_TIME_DESC = "EXPECTED_START_TIME_DESC"
    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"
    NEXT_SCHEDULED_START_TIME_ASC = "NEXT_SCHEDULED_START_TIME_ASC"
    END_TIME_DESC = "END_TIME_DESC"
    DURATION_DESC = "DURATION_DESC"  # in this order, which shows in errors
    DURATION_ASC = "DURATION_ASC"


OlderTaskRunSort = StrEnum(  # type: ignore[misc]  # the members are computed
    "TaskRunSort", [(sort.name, sort.value) for sort in TaskRunSort if "DURATION" not in sort.name]
)
"""The orders in which task runs could be listed before Prefect 3.9.1."""


class NamedSort(StrEnum):
    """The orders in which flows and deployments can be listed."""

    CREATED_DESC = "CREATED_DESC"
    UPDATED_DESC = "UPDATED_DESC"
    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"


TaskRuns = Annotated[TaskRunFilter | None, Before("task_run_end_time", OlderTaskRunFilter | None)]
MAX_POINTS = 1_000  # Prefect: api/ui/flow_runs.py, read_flow_run_history
PageNumber = Annotated[int, json_integer(ge=1)]


class FilterParameters(BodyParameters):
    """Filters on flow runs and on related records; all that are given must hold."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_pool_queues: WorkQueueFilter | None = None


class _FlowRunOffsetPage(PageParameters):
    sort: FlowRunSort | None = FlowRunSort.ID_DESC
    offset: Offset = 0


class FlowRunFilterRequest(FilterParameters, _FlowRunOffsetPage):
    """The body of /flow_runs/filter."""


class _FlowRunNumberedPage(PageParameters):
    sort: FlowRunSort | None = FlowRunSort.ID_DESC
    page: PageNumber = 1


class FlowRunPaginateRequest(FilterParameters, _FlowRunNumberedPage):
    """The body of /flow_runs/paginate."""


class _Intervals(BodyParameters):
    history_start: Instant
    history_end: Instant
    history_interval_seconds: JsonNumber


class RunPointsRequest(BodyParameters):
    """The body of /ui/flow_runs/history. Its limit has no lower bound."""

    sort: FlowRunSort | None = FlowRunSort.EXPECTED_START_TIME_DESC
    limit: Annotated[int, json_integer(le=MAX_POINTS)] | None = MAX_POINTS
    offset: Offset | None = 0
    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None


class HistoryRequest(_Intervals):
    """The body of /flow_runs/history. Only here the key for queues is `work_queues`."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


class TaskRunHistoryRequest(_Intervals):
    """The body of /task_runs/history."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    deployments: DeploymentFilter | None = None


class _FlowFilters(BodyParameters):
    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None


class FlowCountRequest(_FlowFilters):
    """The body of /flows/count. Prefect's client also sends `work_queues`, which has no effect."""

    ignored_keys = frozenset({"work_queues"})


class _OffsetPage(PageParameters):
    offset: Offset = 0


class FlowFilterRequest(FlowCountRequest, _OffsetPage):
    """The body of /flows/filter."""

    sort: NamedSort | None = NamedSort.NAME_ASC


class _FlowNumberedPage(PageParameters):
    page: PageNumber = 1


class FlowPaginateRequest(_FlowFilters, _FlowNumberedPage):
    """The body of /flows/paginate."""

    sort: NamedSort | None = NamedSort.NAME_ASC


MAX_COUNTED = 200  # Prefect: api/ui/flows.py, count_deployments_by_flow


class FlowIdsRequest(BodyParameters):
    """The body of /ui/flows/count-deployments."""

    flow_ids: Annotated[
        list[Uuid],
        FAIL_FAST,
        Field(max_length=MAX_COUNTED),
        Before("counted_runs_bounded", Uuids),
    ]


class TaskRunCountRequest(BodyParameters):
    """The body of /task_runs/count."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRuns = None
    deployments: DeploymentFilter | None = None


class DashboardCountsRequest(BodyParameters):
    """The body of /ui/task_runs/dashboard/counts."""

    task_runs: Annotated[TaskRunFilter, Before("task_run_end_time", OlderTaskRunFilter)]
    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


class _TaskRunOffsetPage(PageParameters):
    sort: Annotated[TaskRunSort | None, Before("duration_sorts", OlderTaskRunSort | None)] = (
        TaskRunSort.ID_DESC
    )
    offset: Offset = 0


class TaskRunFilterRequest(TaskRunCountRequest, _TaskRunOffsetPage):
    """The body of /task_runs/filter."""


class _TaskRunNumberedPage(PageParameters):
    sort: Annotated[TaskRunSort | None, Before("duration_sorts", OlderTaskRunSort | None)] = (
        TaskRunSort.ID_DESC
    )
    page: PageNumber = 1


class TaskRunPaginateRequest(TaskRunCountRequest, _TaskRunNumberedPage):
    """The body of /task_runs/paginate."""


class DeploymentFilterRequest(FilterParameters, _OffsetPage):
    """The body of /deployments/filter."""

    sort: NamedSort | None = NamedSort.NAME_ASC


class FlowsDeleteRequest(BodyParameters):
    """The body of /flows/bulk_delete."""

    flows: FlowFilter | None = None
    limit: Limit = MAX_LIMIT


class DeploymentsDeleteRequest(BodyParameters):
    """The body of /deployments/bulk_delete."""

    deployments: DeploymentFilter | None = None
    limit: Limit = MAX_LIMIT


class ConcurrencyLeaseHolder(ClosedObject):
    """The run or deployment that takes slots."""

    type: Literal["flow_run", "task_run", "deployment"]
    id: Uuid


class IncrementRequest(BodyParameters):
    """The body of increment-with-lease."""

    slots: Annotated[int, json_integer(gt=0)]
    names: Annotated[list[str], FAIL_FAST, Field(min_length=1), Before("names_needed", Texts)]
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    lease_duration: LeaseDuration = 300.0
    holder: ConcurrencyLeaseHolder | None = None


class DecrementRequest(BodyParameters):
    """The body of decrement-with-lease."""

    lease_id: Uuid


class RenewRequest(BodyParameters):
    """The body of a lease's renewal."""

    lease_duration: LeaseDuration = 300.0
