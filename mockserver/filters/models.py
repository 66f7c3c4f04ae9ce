"""Prefect's filters on flow runs as pydantic models: which keys each has, and nothing else.

What the keys mean is in `predicates`. The models are written independently of `openapi.yaml`; a
test checks that both accept the same requests.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from .field_types import Instant, StateTypes, Texts, Uuids


class Operator(StrEnum):
    """How conditions or criteria are combined."""

    and_ = "and_"
    or_ = "or_"


class FilterModel(BaseModel):
    """A part of a filter: frozen, and without other keys than those in the document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> list[tuple[str, Any]]:
        """The fields that are not null, in the order of the document, an operator included."""
        # Not `for field in self`: pydantic looks at every field in a generator, which was half of
        # the time to compile a small filter.
        return [field for field in self.__dict__.items() if field[1] is not None]


class OperatorFilter(FilterModel):
    """A part of a filter with an operator that combines its conditions."""

    # Prefect: schemas/filters.py, PrefectOperatorFilterBaseModel. It cannot be null there, either.
    operator: Operator = Operator.and_


class FlowRunFilterId(FilterModel):
    any_: Uuids | None = None
    not_any_: Uuids | None = None


class FlowRunFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class FlowRunFilterTags(OperatorFilter):
    all_: Texts | None = None
    any_: Texts | None = None
    is_null_: bool | None = None


class FlowRunFilterDeploymentId(OperatorFilter):
    any_: Uuids | None = None
    is_null_: bool | None = None


class FlowRunFilterWorkQueueName(OperatorFilter):
    any_: Texts | None = None
    is_null_: bool | None = None


class FlowRunFilterStateType(FilterModel):
    any_: StateTypes | None = None
    not_any_: StateTypes | None = None


class FlowRunFilterStateName(FilterModel):
    any_: Texts | None = None
    not_any_: Texts | None = None


class FlowRunFilterState(OperatorFilter):
    type: FlowRunFilterStateType | None = None
    name: FlowRunFilterStateName | None = None


class FlowRunFilterFlowVersion(FilterModel):
    any_: Texts | None = None


class FlowRunFilterStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None
    is_null_: bool | None = None


class FlowRunFilterEndTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None
    is_null_: bool | None = None


class FlowRunFilterExpectedStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class FlowRunFilterNextScheduledStartTime(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class FlowRunFilterParentFlowRunId(OperatorFilter):
    any_: Uuids | None = None


class FlowRunFilterParentTaskRunId(OperatorFilter):
    any_: Uuids | None = None
    is_null_: bool | None = None


class FlowRunFilterIdempotencyKey(FilterModel):
    any_: Texts | None = None
    not_any_: Texts | None = None


class FlowRunFilterCreatedBy(OperatorFilter):
    id_: Uuids | None = None
    type_: Texts | None = None
    is_null_: bool | None = None


class FlowRunFilter(OperatorFilter):
    """A filter on flow runs: fifteen criteria, combined by `operator`."""

    id: FlowRunFilterId | None = None
    name: FlowRunFilterName | None = None
    tags: FlowRunFilterTags | None = None
    deployment_id: FlowRunFilterDeploymentId | None = None
    work_queue_name: FlowRunFilterWorkQueueName | None = None
    state: FlowRunFilterState | None = None
    flow_version: FlowRunFilterFlowVersion | None = None
    start_time: FlowRunFilterStartTime | None = None
    end_time: FlowRunFilterEndTime | None = None
    expected_start_time: FlowRunFilterExpectedStartTime | None = None
    next_scheduled_start_time: FlowRunFilterNextScheduledStartTime | None = None
    parent_flow_run_id: FlowRunFilterParentFlowRunId | None = None
    parent_task_run_id: FlowRunFilterParentTaskRunId | None = None
    idempotency_key: FlowRunFilterIdempotencyKey | None = None
    created_by: FlowRunFilterCreatedBy | None = None
