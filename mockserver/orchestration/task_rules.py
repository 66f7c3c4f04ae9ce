"""The rules for a proposed state of a task run.

These are Prefect's (`prefect/server/orchestration/core_policy.py`, whose classes are named here).
What a client runs itself it only reports; a server applies them to states that are set one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..prefect import State
from .transition import (
    CANCELLING,
    COMPLETED,
    CRASHED,
    PAUSED,
    RUNNING,
    SCHEDULED,
    TaskTransition,
)

# Default of Prefect's setting server.tasks.max_cache_key_length.
MAX_CACHE_KEY_LENGTH = 2_000


def retrieve_from_cache(transition: TaskTransition, _initial: State, _proposed: State) -> None:
    """Prefect's CacheRetrieval."""
    cached = transition.cached
    if cached is not None:
        state = replace(cached, id=transition.new_id(), name="Cached", timestamp=transition.now)
        transition.reject("Retrieved state from cache", state)


def check_cache_key(transition: TaskTransition, _initial: State, proposed: State) -> None:
    """Prefect's CacheInsertion: what it refuses is entered and remembered all the same."""
    key = proposed.details.get("cache_key")
    if key and len(key) > MAX_CACHE_KEY_LENGTH:
        transition.reject(
            f"Cache key exceeded maximum allowed length of {MAX_CACHE_KEY_LENGTH} characters.",
            proposed,
        )


def insert_into_cache(transition: TaskTransition) -> None:
    """After CacheInsertion: the state is remembered if it has a key."""
    transition.caches = True


def handle_terminal_transitions(
    transition: TaskTransition, initial: State, proposed: State
) -> None:
    """Prefect's HandleTaskTerminalStateTransitions."""
    if proposed.type in (CANCELLING, PAUSED, CRASHED):
        transition.abort(f"Run is already {initial.type.value}.")
        return
    if initial.type is COMPLETED and initial.data:
        if not isinstance(initial.data, dict):
            transition.fail(f"{type(initial.data).__name__!r} object has no attribute 'get'")
            return
        if initial.data.get("type") != "unpersisted":
            transition.reject("This run is already completed.")
            return
    if not proposed.is_final:
        transition.run_count = 0  # its retries begin anew
    owner = transition.owner
    if proposed.type is RUNNING and owner is not None and transition.attempt < owner.run_count:
        _rename(transition, proposed, "Retrying")


def restore_run_count(transition: TaskTransition) -> None:
    """The cleanup of HandleTaskTerminalStateTransitions."""
    transition.run_count = transition.run.run_count


def require_running_flow(transition: TaskTransition, _initial: State, _proposed: State) -> None:
    """Prefect's PreventRunningTasksFromStoppedFlows."""
    owner = transition.owner
    if owner is None:
        return
    state = owner.state
    if state is not None and state.type is PAUSED:
        kept = ("pause_timeout", "pause_reschedule")
        details = {key: state.details[key] for key in kept if key in state.details}
        transition.reject(
            f"The flow is paused, new tasks can execute after resuming flow run: {owner.id}.",
            transition.new_state(PAUSED, "NotReady", details=details),
        )
    elif state is None or state.type is not RUNNING:
        transition.abort("The enclosing flow must be running to begin task execution.")


def retry_failed(transition: TaskTransition, _initial: State, proposed: State) -> None:
    """Prefect's RetryFailedTasks; a jitter of the delay, which is random, is left out."""
    policy, run_count = transition.run.empirical_policy, transition.run_count
    delay: Any = policy.get("retry_delay")
    if isinstance(delay, Sequence):
        delay = delay[min(run_count - 1, len(delay) - 1)]
    retries = policy.get("retries")
    if proposed.details.get("retriable") is False or retries is None or run_count > retries:
        return
    due = transition.now + timedelta(seconds=delay or 0)
    transition.reject(
        "Retrying",
        transition.new_state(
            SCHEDULED,
            "AwaitingRetry",
            message=proposed.message,
            data=proposed.data,
            details={"scheduled_time": due},
        ),
    )


def rename_reruns(transition: TaskTransition, initial: State, proposed: State) -> None:
    """Prefect's RenameReruns."""
    if transition.run_count > 0:
        _rename(
            transition, proposed, "Retrying" if initial.name == "AwaitingRetry" else "Rerunning"
        )


def track_attempt(transition: TaskTransition) -> None:
    """After UpdateFlowRunTrackerOnTasks: the task run belongs to the flow run's present attempt."""
    if transition.owner is not None:
        transition.attempt = transition.owner.run_count


def copy_parameters_id(transition: TaskTransition, initial: State, proposed: State) -> None:
    """Prefect's CopyTaskParametersID."""
    if proposed.details.get("task_parameters_id") is None:
        given = initial.details.get("task_parameters_id")
        transition.amend_details(proposed, task_parameters_id=given)


def do_nothing(_transition: TaskTransition, _initial: State, _proposed: State) -> None:
    """For a rule that only acts once the transition is decided."""


def _rename(transition: TaskTransition, proposed: State, name: str) -> None:
    transition.proposed = replace(proposed, name=name)
