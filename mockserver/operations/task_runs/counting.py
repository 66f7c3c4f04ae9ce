"""How many task runs flow runs have."""

from __future__ import annotations

from typing import Any

from ...filters import ONE_OF, Comparison
from ...requests.objects import TaskRunCountsRequest
from .. import Context, Outcome


def count_by_flow_run(context: Context, body: TaskRunCountsRequest) -> Outcome:
    """Count the task runs of flow runs by their ids, without those that stand for subflows."""
    subflows = context.store.parent_task_run_ids()
    counts = dict.fromkeys(body.flow_run_ids, 0)
    wanted = Comparison("flow_run_id", ONE_OF, frozenset(counts))
    for index, members in context.store.task_run_matches(wanted):
        task_runs: Any = index.runs  # whose type says flow runs
        for task_run in map(task_runs.__getitem__, members):
            if task_run.id not in subflows:
                counts[task_run.flow_run_id] += 1
    return Outcome(counts)
