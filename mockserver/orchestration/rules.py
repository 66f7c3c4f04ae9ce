"""The rules that accept, reject, abort or delay a proposed state.

These are Prefect's rules for flow runs (`prefect/server/orchestration/core_policy.py`, whose
classes are named here), as every release from 3.6.16 on has them: where releases differ, a rule
asks the dialect of its transition. Their reasons are Prefect's own words, and tests compare them
with replies recorded from real servers. Those about slots of deployments are in `slot_rules`.
"""

from __future__ import annotations

from datetime import timedelta
from math import floor
from typing import Any
from uuid import uuid4

from ..prefect import State, to_utc
from .transition import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    CRASHED,
    FAILED,
    PAUSED,
    PENDING,
    RUNNING,
    SCHEDULED,
    FlowTransition,
    Transition,
)


def prevent_duplicate_transitions(
    transition: FlowTransition, initial: State, proposed: State
) -> None:
    """Prefect's PreventDuplicateTransitions: a client that got no reply sends its state again."""
    transition_id = initial.details.get("transition_id")
    if transition_id is not None and transition_id == proposed.details.get("transition_id"):
        transition.reject("This run has already made this state transition.")


def is_persisted(data: Any) -> bool:
    """Whether a state's data is stored: anything but a result that the client did not persist."""
    # Prefect: orchestration/rules.py, FlowOrchestrationContext._validate_proposed_state.
    return not (isinstance(data, dict) and data.get("type") == "unpersisted")


def _has_result(data: Any) -> bool:
    """Whether data refers to a persisted result. Unlike for `is_persisted`, it must be a dict."""
    # Prefect: core_policy.py, _has_persisted_result.
    return isinstance(data, dict) and data.get("type") != "unpersisted"


def prevent_result_overwrite(transition: FlowTransition, initial: State, proposed: State) -> None:
    """COMPLETED with a result is not replaced by COMPLETED without one."""
    # Prefect: PreventResultDataLoss (PrefectHQ/prefect#21955). `_has_result` takes {} for a result,
    # hence the test whether the initial data is true.
    if (
        initial.type is COMPLETED is proposed.type
        and initial.data
        and _has_result(initial.data)
        and not _has_result(proposed.data)
    ):
        transition.reject(
            "Cannot overwrite a COMPLETED state that carries persisted result data with one that "
            "does not."
        )


def handle_terminal_transitions(
    transition: FlowTransition, initial: State, proposed: State
) -> None:
    """Prefect's HandleFlowTerminalStateTransitions."""
    if proposed.type in (CANCELLING, PAUSED, CRASHED):
        transition.abort(f"Run is already in terminal state {initial.type.value}.")
        return
    if initial.type is COMPLETED and initial.data and not proposed.is_final:
        if not isinstance(initial.data, dict) and not transition.dialect.any_completed_data:
            # Those releases ask any data for its key "type", and fail where it has no keys.
            error = f"{type(initial.data).__name__!r} object has no attribute 'get'"
            transition.fail(error)
            return
        if _has_result(initial.data):
            transition.reject("Run is already COMPLETED.")
            return
    if transition.dialect.completed_result_kept:
        # No return where this refuses: it refuses COMPLETED only, to which nothing below applies.
        prevent_result_overwrite(transition, initial, proposed)
    if proposed.type is SCHEDULED and transition.run.deployment_id is None:
        transition.abort("Cannot reschedule a run without an associated deployment.")
        return
    if not proposed.is_final and transition.client_knows_pauses:
        # The run starts over: each of its pauses may fire again.
        retry_type = "reschedule" if proposed.type is SCHEDULED else None
        transition.policy.update(resuming=False, pause_keys=[], retry_type=retry_type)


def restore_policy(transition: FlowTransition) -> None:
    """The cleanup of HandleFlowTerminalStateTransitions."""
    transition.policy = dict(transition.run.empirical_policy)


def enforce_cancelling_to_cancelled(
    transition: FlowTransition, _initial: State, _proposed: State
) -> None:
    """Prefect's EnforceCancellingToCancelledTransition."""
    # Prefect declares this as a rule for task runs, but CoreFlowPolicy for flow runs lists it.
    transition.reject(
        "Cannot transition flows that are cancelling to a state other than Cancelled."
    )


def bypass_cancelling_without_infrastructure(
    transition: FlowTransition, initial: State, _proposed: State
) -> None:
    """Prefect's BypassCancellingFlowRunsWithNoInfra: what does not run is cancelled at once."""
    # AwaitingRetry is SCHEDULED, too, and may still have a process: then there is a pid. Resuming
    # follows a suspension, after which nothing runs, whatever the pid.
    if (
        initial.type is SCHEDULED and not transition.run.infrastructure_pid
    ) or initial.name == "Resuming":
        transition.reject(
            "Scheduled flow run has no infrastructure to terminate.",
            transition.new_state(CANCELLED),
        )
    elif initial.type is PAUSED and initial.details.get("pause_reschedule"):
        transition.reject(
            "Suspended flow run has no infrastructure to terminate.",
            transition.new_state(CANCELLED),
        )


def prevent_pending_transitions(transition: Transition, initial: State, proposed: State) -> None:
    """Prefect's PreventPendingTransitions: two workers must not submit the same run.

    A run may go from Pending to another name of PENDING, such as Submitting.
    """
    renamed = initial.name != proposed.name and proposed.name != "Pending"
    if initial.type is PENDING and renamed and transition.dialect.pending_renamed:
        # Earlier rules set them on the initial state, whose values win, even null.
        copied_keys = ("scheduled_time", "deployment_concurrency_lease_id")
        transition.amend_details(proposed, **{key: initial.details.get(key) for key in copied_keys})
        return
    transition.abort(
        f"This run is in a {initial.type.name} state and cannot transition to a PENDING state."
    )


def ensure_only_scheduled_marked_late(
    transition: FlowTransition, initial: State, proposed: State
) -> None:
    """Prefect's EnsureOnlyScheduledFlowsMarkedLate."""
    if proposed.name != "Late":
        return
    if initial.type is not SCHEDULED:
        transition.reject("Only scheduled flows can be marked late.")
    elif initial.name == "Late" and transition.dialect.late_once:
        transition.reject("This flow run is already marked late.")


def _pause_verb(proposed: State) -> str:
    # Prefect goes by the name here, and by `pause_reschedule` where it matters.
    return "suspend" if proposed.name == "Suspended" else "pause"


def handle_pausing(transition: FlowTransition, initial: State, proposed: State) -> None:
    """Prefect's HandlePausingFlows; a pause key can be used once."""
    verb = _pause_verb(proposed)
    if initial.type is not RUNNING:
        transition.reject(f"Cannot {verb} flows that are not currently running.")
        return
    key = proposed.details.get("pause_key")
    transition.pause_key = str(uuid4()) if key is None else key
    if transition.pause_key in (transition.policy.get("pause_keys") or ()):
        transition.reject(f"This {verb} has already fired.")
        return
    if proposed.details.get("pause_reschedule"):
        if transition.run.parent_task_run_id is not None:
            transition.abort(f"Cannot {verb} subflows.")
            return
        if transition.run.deployment_id is None:
            transition.abort(f"Cannot {verb} flows without a deployment.")
            return


def record_pause(transition: FlowTransition) -> None:
    """After HandlePausingFlows; a real server fails on null pause keys (`null-pause-keys`)."""
    # Prefect runs this hook after the state is flushed and lets errors through: set_state rolls the
    # state back, bulk_set_state catches the error and commits it.
    fired = transition.policy.get("pause_keys", [])
    if fired is None and transition.dialect.null_pause_keys:
        transition.server_error = "'NoneType' object has no attribute 'add'"
    else:
        transition.policy["pause_keys"] = [*(fired or ()), transition.pause_key]
        if transition.proposed is not None and transition.dialect.stale_input_deleted:
            keyset = transition.proposed.details.get("run_input_keyset") or {}
            transition.stale_inputs = tuple(keyset.values())


def handle_resuming(transition: FlowTransition, initial: State, proposed: State) -> None:
    """Prefect's HandleResumingPausedFlows."""
    if not (
        proposed.type in (RUNNING, SCHEDULED)
        or proposed.is_final
        or (proposed.type is CANCELLING and transition.dialect.pause_cancellable)
    ):
        # Prefect formats the enum's members, not their values: hence `StateType.` in the text.
        transition.reject(
            f"This run cannot transition to the StateType.{proposed.type.value} state"
            f" from the StateType.{initial.type.value} state."
        )
        return
    if initial.details.get("pause_reschedule") and transition.run.deployment_id is None:
        transition.reject(
            f"Cannot reschedule a {proposed.name.lower()} flow run without a deployment."
        )
        return
    # The process of a paused run has to hear of it even after the pause has timed out.
    if proposed.type is CANCELLING:
        return
    # Prefect takes the words of both texts from the proposed state: when a suspended run goes to
    # Running, they say "pause" and "running".
    timeout = initial.details.get("pause_timeout")
    if timeout is not None and timeout < transition.now:
        transition.reject(
            f"The flow run {_pause_verb(proposed)} has timed out and can no longer resume.",
            transition.new_state(
                FAILED, message=f"The flow was {proposed.name.lower()} and never resumed."
            ),
        )


def mark_resuming(transition: FlowTransition) -> None:
    """After HandleResumingPausedFlows: RUNNING is then not counted as another run.

    A run that leaves a blocking pause for SCHEDULED does not resume: its process is gone, and it
    starts over, so that its pauses may fire again. That of a suspension resumes.
    """
    blocking = transition.initial and not transition.initial.details.get("pause_reschedule")
    if (
        transition.dialect.pause_left_cleared
        and transition.client_knows_pauses
        and blocking
        and transition.target_type is SCHEDULED
    ):
        transition.policy.update(resuming=False, pause_keys=[], retry_type="reschedule")
    else:
        transition.policy["resuming"] = True


def copy_scheduled_time(transition: Transition, initial: State, proposed: State) -> None:
    """Prefect's CopyScheduledTime."""
    if proposed.details.get("scheduled_time") is None:
        transition.amend_details(proposed, scheduled_time=initial.details.get("scheduled_time"))


def wait_for_scheduled_time(transition: Transition, initial: State, _proposed: State) -> None:
    """Prefect's WaitForScheduledTime."""
    scheduled = initial.details.get("scheduled_time")
    if scheduled is None:
        return
    delay = to_utc(scheduled) - transition.now
    # Prefect's own rounding: to the nearest second, because the reply holds an integer.
    seconds = floor(delay.total_seconds()) + round(delay.microseconds / 1e6)
    if seconds > 0:
        transition.wait(seconds, "Scheduled time is in the future")


def retry_failed(transition: FlowTransition, initial: State, proposed: State) -> None:
    """Prefect's RetryFailedFlows: a failed run with retries left is scheduled again."""
    # run_count includes the first attempt: after it, retries=1 leaves one retry.
    retries = transition.policy.get("retries")
    if retries is None or transition.run.run_count > retries:
        # Prefect's reason: the UI can have the run retried later.
        transition.policy["retry_type"] = None
        return
    # Not modelled: for clients before API 0.8.3 Prefect reschedules the failed task runs as well.
    if transition.client_knows_pauses:
        transition.policy.update(resuming=False, pause_keys=[], retry_type="in_process")
    details: dict[str, Any] = {
        "scheduled_time": transition.now
        + timedelta(seconds=transition.policy.get("retry_delay") or 0)
    }
    lease = initial.details.get("deployment_concurrency_lease_id")
    if lease is not None and transition.dialect.retry_keeps_lease:
        details["deployment_concurrency_lease_id"] = lease
    retrying = transition.new_state(
        SCHEDULED, "AwaitingRetry", message=proposed.message, data=proposed.data, details=details
    )
    transition.reject("Retrying", retrying)
