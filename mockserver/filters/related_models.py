"""Prefect's filters on records that are related to flow runs, as pydantic models.

The body of an endpoint that lists or counts records can have them beside a `FlowRunFilter`. What
they mean together is in `operations.related_filters`.
"""

from __future__ import annotations

from typing import ClassVar

from .field_types import Instant, JsonInteger, StateTypes, Texts, Uuids
from .models import FilterModel, OperatorFilter


# What seems to be missing (any_ of a flow's tags, not_any_ of task runs) is missing in Prefect, too
# (schemas/filters.py); test_openapi holds the document to the published one.
class FlowFilterId(FilterModel):
    any_: Uuids | None = None
    not_any_: Uuids | None = None


class FlowFilterDeployment(OperatorFilter):
    is_null_: bool | None = None


class FlowFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class FlowFilterTags(OperatorFilter):
    all_: Texts | None = None
    is_null_: bool | None = None


class FlowFilter(OperatorFilter):
    """A filter on flows."""

    id: FlowFilterId | None = None
    deployment: FlowFilterDeployment | None = None
    name: FlowFilterName | None = None
    tags: FlowFilterTags | None = None


class TaskRunFilterId(FilterModel):
    any_: Uuids | None = None


class TaskRunFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class TaskRunFilterTags(OperatorFilter):
    all_: Texts | None = None
    is_null_: bool | None = None


class TaskRunFilterStateType(FilterModel):
    any_: StateTypes | None = None


class TaskRunFilterStateName(FilterModel):
    any_: Texts | None = None


class TaskRunFilterState(OperatorFilter):
    type: TaskRunFilterStateType | None = None
    name: TaskRunFilterStateName | None = None


class TaskRunFilterStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None
    is_null_: bool | None = None


class TaskRunFilterEndTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None
    is_null_: bool | None = None


class TaskRunFilterExpectedStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class TaskRunFilterSubFlowRuns(FilterModel):
    exists_: bool | None = None


class TaskRunFilterFlowRunId(OperatorFilter):
    any_: Uuids | None = None
    is_null_: bool | None = False  # Prefect's own default; everywhere else it is null


class TaskRunFilter(OperatorFilter):
    """A filter on task runs."""

    id: TaskRunFilterId | None = None
    name: TaskRunFilterName | None = None
    tags: TaskRunFilterTags | None = None
    state: TaskRunFilterState | None = None
    start_time: TaskRunFilterStartTime | None = None
    end_time: TaskRunFilterEndTime | None = None
    expected_start_time: TaskRunFilterExpectedStartTime | None = None
    subflow_runs: TaskRunFilterSubFlowRuns | None = None
    flow_run_id: TaskRunFilterFlowRunId | None = None


class OlderTaskRunFilter(TaskRunFilter):
    """A filter on task runs before Prefect 3.6.22."""

    end_time: ClassVar[None] = None  # type: ignore[misc]  # a class variable is no key


class DeploymentFilterId(FilterModel):
    any_: Uuids | None = None
    not_any_: Uuids | None = None


class DeploymentFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class DeploymentOrFlowNameFilter(FilterModel):
    like_: str | None = None


class DeploymentFilterPaused(FilterModel):
    eq_: bool | None = None


class DeploymentFilterTags(OperatorFilter):
    all_: Texts | None = None
    any_: Texts | None = None
    is_null_: bool | None = None


class DeploymentFilterWorkQueueName(FilterModel):
    any_: Texts | None = None


class DeploymentFilterConcurrencyLimit(FilterModel):
    ge_: JsonInteger | None = None
    le_: JsonInteger | None = None
    is_null_: bool | None = None


class DeploymentFilter(OperatorFilter):
    """A filter on deployments."""

    id: DeploymentFilterId | None = None
    name: DeploymentFilterName | None = None
    flow_or_deployment_name: DeploymentOrFlowNameFilter | None = None
    paused: DeploymentFilterPaused | None = None
    tags: DeploymentFilterTags | None = None
    work_queue_name: DeploymentFilterWorkQueueName | None = None
    concurrency_limit: DeploymentFilterConcurrencyLimit | None = None


class WorkPoolFilterId(FilterModel):
    any_: Uuids | None = None


class WorkPoolFilterName(FilterModel):
    any_: Texts | None = None


class WorkPoolFilterType(FilterModel):
    any_: Texts | None = None


class WorkPoolFilter(OperatorFilter):
    """A filter on work pools."""

    id: WorkPoolFilterId | None = None
    name: WorkPoolFilterName | None = None
    type: WorkPoolFilterType | None = None


class WorkQueueFilterId(FilterModel):
    any_: Uuids | None = None


class WorkQueueFilterName(FilterModel):
    any_: Texts | None = None
    startswith_: Texts | None = None


class WorkQueueFilter(OperatorFilter):
    """A filter on work queues."""

    id: WorkQueueFilterId | None = None
    name: WorkQueueFilterName | None = None
