"""Applying the rules for task runs to a proposed state, as `orchestrate` does for flow runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ..prefect import TERMINAL_STATES, Dialect, FlowRun, Json, State, StateType, TaskRun
from . import rules, task_rules
from .orchestrate import apply_state, distinct_timestamp, evaluate_rules, remaining_hooks
from .transition import (
    ANY_TYPE,
    CANCELLED,
    CANCELLING,
    COMPLETED,
    FAILED,
    PENDING,
    RUNNING,
    SCHEDULED,
    Rule,
    SetStateStatus,
    TaskTransition,
)

_Rules = tuple[Rule[TaskTransition], ...]


def _types(*types: StateType) -> frozenset[StateType]:
    return frozenset(types)


_PENDING_ONCE: Rule[TaskTransition] = Rule(
    _types(PENDING, CANCELLING, RUNNING, CANCELLED),
    _types(PENDING),
    rules.prevent_pending_transitions,
)
_TERMINAL: Rule[TaskTransition] = Rule(
    TERMINAL_STATES,
    ANY_TYPE,
    task_rules.handle_terminal_transitions,
    cleanup=task_rules.restore_run_count,
)
_OF_RUNNING_FLOW: Rule[TaskTransition] = Rule(
    ANY_TYPE, _types(RUNNING), task_rules.require_running_flow
)
_SCHEDULED_TIME: Rule[TaskTransition] = Rule(
    _types(SCHEDULED), _types(PENDING), rules.copy_scheduled_time
)
_PARAMETERS: Rule[TaskTransition] = Rule(
    _types(SCHEDULED, PENDING), _types(PENDING, RUNNING), task_rules.copy_parameters_id
)
_FROM_CACHE: Rule[TaskTransition] = Rule(ANY_TYPE, _types(RUNNING), task_rules.retrieve_from_cache)
_LAST: _Rules = (
    Rule(_types(SCHEDULED, PENDING), _types(RUNNING), rules.wait_for_scheduled_time),
    Rule(_types(RUNNING), _types(FAILED), task_rules.retry_failed),
    Rule(ANY_TYPE, _types(RUNNING), task_rules.rename_reruns),
    Rule(
        ANY_TYPE,
        _types(RUNNING),
        task_rules.do_nothing,
        after_transition=task_rules.track_attempt,
    ),
    Rule(
        ANY_TYPE,
        _types(COMPLETED),
        task_rules.check_cache_key,
        after_transition=task_rules.insert_into_cache,
    ),
)
# Left out: slots of limits, and EnqueueScheduledTasks, which comes once a state is saved.
CORE_TASK_POLICY: _Rules = (_FROM_CACHE, _TERMINAL, _OF_RUNNING_FLOW, _SCHEDULED_TIME, *_LAST)
"""The rules for a proposal. With `force` there are none."""
BACKGROUND_TASK_POLICY: _Rules = (
    _PENDING_ONCE,
    _FROM_CACHE,
    _TERMINAL,
    _SCHEDULED_TIME,
    _PARAMETERS,
    *_LAST,
)
"""The rules for a proposal that is deferred, also with `force`."""


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What came of a proposal: as `OrchestrationOutcome` has it for flow runs.

    `caches`: whether the state is to be remembered under its cache key.
    """

    run: TaskRun
    state: State | None
    status: SetStateStatus
    details: Json
    is_new: bool
    server_error: str | None = None
    caches: bool = False


def orchestrate_task(
    run: TaskRun,
    owner: FlowRun | None,
    proposed: State,
    dialect: Dialect,
    *,
    force: bool,
    now: datetime,
    new_id: Callable[[], str],
    cached: State | None = None,
) -> TaskOutcome:
    """Apply the rules of a dialect to a proposed state of a task run; nothing is stored.

    `owner` is its flow run, `cached` what the server has under its cache key. Raises OverflowError
    for a retry that would be scheduled after the year 9999.
    """
    transition = TaskTransition(
        dialect,
        run.state,
        proposed,
        now,
        new_id,
        proposed.details,
        run=run,
        owner=owner,
        run_count=run.run_count,
        attempt=run.flow_run_run_count,
        cached=cached,
    )
    policy = () if force else CORE_TASK_POLICY
    if proposed.details.get("deferred"):
        policy = BACKGROUND_TASK_POLICY
    evaluated = evaluate_rules(policy, transition, proposed.type)
    entered = transition.proposed
    if entered is not None:
        at = distinct_timestamp(entered.timestamp or now, transition.initial)
        run = apply_state(run, replace(entered, timestamp=at))
        transition.run_count += entered.type is RUNNING
    for hook in remaining_hooks(evaluated, transition.target_type):
        hook(transition)
    if entered is not None:
        counts = (transition.run_count, transition.attempt)
        run = replace(run, run_count=counts[0], flow_run_run_count=counts[1], updated=now)
    return TaskOutcome(
        run,
        run.state,
        transition.status,
        transition.details,
        entered is not None,
        transition.server_error,
        transition.caches,
    )
