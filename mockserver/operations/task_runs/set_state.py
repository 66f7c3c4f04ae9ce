"""Proposing a state to a task run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from ...errors import NotFound, ServerFailure
from ...orchestration import TaskOutcome, is_persisted, orchestrate_task
from ...prefect import State, TaskRun, non_default_state_details
from ...requests import SetStateRequest
from .. import (
    Context,
    Outcome,
    aborted,
    check_state,
    complete_state,
    keep_result,
    new_state,
    put_task_run,
    task_state_reply,
)
from .caching import find_cached_state, keep_state


def set_state(context: Context, task_run_id: str, body: SetStateRequest) -> Outcome:
    """Propose a state to a task run; a worker is told if that is deferred and scheduled.

    Raises NotFound; ServerFailure where a real server fails; TooLarge where too many wait.
    """
    task_run = context.store.task_runs.get(task_run_id)
    if task_run is None:
        raise NotFound(f"Task run with id {task_run_id} not found", from_set_state=True)
    proposed = new_state(context, body.state)
    outcome = _propose(context, task_run, proposed, force=body.force)
    if outcome.server_error:
        raise ServerFailure(outcome.server_error, retryable=False)
    try:
        check_state(context, outcome.state if outcome.is_new else None)
    except ServerFailure as failure:
        if failure.retryable:
            raise
        return Outcome(aborted(f"Error validating state: {failure}"))
    if outcome.is_new and outcome.state is not None:
        left = keep_result(context, outcome.state, outcome.run.flow_run_id, outcome.run.id)
        outcome = replace(outcome, state=left, run=replace(outcome.run, state=left))
        saved = _save(context, outcome.run)
        if outcome.caches:
            keep_state(context, saved)
    reply = {
        "status": outcome.status,
        "state": task_state_reply(outcome.state, outcome.run),
        "details": outcome.details,
    }
    return Outcome(reply, made=outcome.is_new)


def _propose(context: Context, task_run: TaskRun, proposed: State, *, force: bool) -> TaskOutcome:
    """Apply the rules. Raises ServerFailure for a retry that would be due after the year 9999."""
    complete = replace(task_run, state=complete_state(task_run, context.store))
    owner = context.store.get(task_run.flow_run_id) if task_run.flow_run_id else None
    try:
        return orchestrate_task(
            complete,
            owner,
            proposed,
            context.dialect,
            force=force,
            now=context.now,
            new_id=context.new_id,
            cached=find_cached_state(context, proposed),
        )
    except OverflowError as error:
        raise ServerFailure(str(error), retryable=False) from None


def _save(context: Context, task_run: TaskRun) -> TaskRun:
    """Store a task run in its new state, without data that the client did not persist."""
    state = cast("State", task_run.state)  # a task run in a new state has one
    details: dict[str, Any] = {**state.details, "task_run_id": None}
    data = state.data if is_persisted(state.data) else None
    state = replace(state, data=data, details=non_default_state_details(details))
    saved = replace(task_run, state=state)
    if context.task_queues is not None:
        context.task_queues.put(saved, context.now)
    put_task_run(context.store, saved)
    return saved
