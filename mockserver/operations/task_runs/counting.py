"""What the UI asks of task runs: how many there are, by flow run and by state, and one of them."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from ...filters import ONE_OF, AllOf, Comparison
from ...prefect import StateType, check_stored_labels
from ...requests import TaskRunCountRequest
from ...requests.objects import TaskRunCountsRequest
from .. import Context, Outcome, compile_body_filters, task_run_reply, task_runs_predicate


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


def count_by_state(context: Context, body: TaskRunCountRequest) -> Outcome:
    """Count the task runs that all filters match, by the type of their state."""
    predicate, warnings = compile_body_filters(context, body, task_runs_predicate, 0)
    counts = {}
    for state_type in StateType:
        in_it = Comparison("state_type", ONE_OF, frozenset({state_type}))
        found = context.store.task_run_matches(AllOf((predicate, in_it)))
        counts[state_type.value] = sum(len(members) for _, members in found)
    return Outcome(counts, warnings=warnings)


def read_with_flow_run(context: Context, task_run_id: str) -> Outcome:
    """Read one task run, with the name of its flow run. Raises NotFound."""
    task_run = context.store.task_runs.get(task_run_id)
    if task_run is None:
        raise NotFound("Task not found")
    if task_run.labels:
        check_stored_labels(context.dialect, task_run.labels)
    owner = context.store.get(task_run.flow_run_id) if task_run.flow_run_id else None
    reply = task_run_reply(task_run, context.store, context.now)
    return Outcome({**reply, "flow_run_name": owner and owner.name})
