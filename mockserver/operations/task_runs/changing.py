"""Operations that change and delete task runs."""

from __future__ import annotations

from dataclasses import replace

from ...errors import NotFound
from ...filters import ONE_OF, Comparison
from ...prefect import TaskRun, check_storable, generate_name
from ...requests.objects import TaskRunUpdate
from .. import Context, Outcome


def update_task_run(context: Context, task_run_id: str, body: TaskRunUpdate) -> Outcome:
    """Change the name of a task run; null is a generated one.

    Raises NotFound, and ServerFailure for a name that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(body.name,))
    task_run = _require(context, task_run_id, "Task run not found")
    name = task_run.name
    if "name" in body.model_fields_set:
        name = body.name or generate_name(context.new_id())
    context.store.task_runs.put(replace(task_run, name=name, updated=context.now))
    return Outcome(None)


def delete_task_run(context: Context, task_run_id: str) -> Outcome:
    """Delete a task run and its logs; its subflows stay without a parent. Raises NotFound."""
    _require(context, task_run_id, "Task not found")
    store = context.store
    # FlowRun.parent_task_run_id is ON DELETE SET NULL (Prefect: orm_models.py).
    by_parent = Comparison("parent_task_run_id", ONE_OF, frozenset((task_run_id,)))
    for subflow in store.select(by_parent):
        store.put(replace(subflow, parent_task_run_id=None))
    store.task_runs.drop((task_run_id,))
    store.task_run_states.pop(task_run_id, None)
    store.logs.drop_task_run(task_run_id)
    return Outcome(None)


def _require(context: Context, task_run_id: str, text: str) -> TaskRun:
    """The task run with an id. Raises NotFound with a text."""
    task_run = context.store.task_runs.get(task_run_id)
    if task_run is None:
        raise NotFound(text)
    return task_run
