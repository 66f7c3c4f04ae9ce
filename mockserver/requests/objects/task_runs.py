"""The bodies of requests about task runs that are no plain lists, and about their workers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ...filters import FAIL_FAST, NameOrNull, Texts, Uuid, Uuids
from .. import Before, BodyParameters, ClosedObject, OpenObject

MAX_COUNTED_RUNS = 200  # Prefect: api/ui/flow_runs.py, count_task_runs_by_flow_run


class TaskRunCountsRequest(BodyParameters):
    """The body of /ui/flow_runs/count-task-runs."""

    flow_run_ids: Annotated[
        list[Uuid],
        FAIL_FAST,
        Field(max_length=MAX_COUNTED_RUNS),
        Before("counted_runs_bounded", Uuids),
    ]


class TaskRunUpdate(ClosedObject):
    """Changes of a task run."""

    name: NameOrNull = None


class TaskWorkerFilter(OpenObject):
    """A filter on task workers."""

    task_keys: Texts


class TaskWorkerFilterRequest(BodyParameters):
    """The body of /task_workers/filter."""

    task_worker_filter: TaskWorkerFilter | None = None
