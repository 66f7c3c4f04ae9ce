"""The body of requests that list logs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from ...filters import FilterModel, Instant, JsonInteger, OperatorFilter, Uuids
from .. import Offset, PageParameters

MAX_QUERY_LENGTH = 200  # Prefect: schemas/filters.py, LogFilterTextSearch


class LogSort(StrEnum):
    """The orders in which logs can be listed."""

    TIMESTAMP_ASC = "TIMESTAMP_ASC"
    TIMESTAMP_DESC = "TIMESTAMP_DESC"


class LogFilterLevel(FilterModel):
    ge_: JsonInteger | None = None
    le_: JsonInteger | None = None


class LogFilterTimestamp(FilterModel):
    before_: Instant | None = None
    after_: Instant | None = None


class LogFilterFlowRunId(FilterModel):
    any_: Uuids | None = None


class LogFilterTaskRunId(FilterModel):
    any_: Uuids | None = None
    is_null_: bool | None = None


class LogFilterTextSearch(FilterModel):
    query: Annotated[str, StringConstraints(max_length=MAX_QUERY_LENGTH)]


class LogFilter(OperatorFilter):
    """A filter on logs."""

    level: LogFilterLevel | None = None
    timestamp: LogFilterTimestamp | None = None
    flow_run_id: LogFilterFlowRunId | None = None
    task_run_id: LogFilterTaskRunId | None = None
    text: LogFilterTextSearch | None = None


class LogFilterRequest(PageParameters):
    """The body of /logs/filter."""

    offset: Offset | None = 0  # null: Prefect's client sends it
    logs: LogFilter | None = None
    sort: LogSort = LogSort.TIMESTAMP_ASC
