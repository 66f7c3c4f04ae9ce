"""The rules for slots of deployments' concurrency limits.

A run takes a slot as it becomes PENDING, and has it until it is no longer PENDING, RUNNING or
CANCELLING. The slot is leased: a client that renews leases loses it when it stops doing so. Classes
of Prefect are those of `prefect/server/orchestration/core_policy.py`.
"""

from __future__ import annotations

from datetime import timedelta

from ..prefect import State
from .transition import (
    CANCELLED,
    HOLDS_SLOT,
    SCHEDULED,
    FlowTransition,
    SetStateStatus,
    SlotChange,
)

LEASE = "deployment_concurrency_lease_id"
_REACHED = "Deployment concurrency limit reached."
# Default of Prefect's setting server.deployments.concurrency_slot_wait_seconds.
_WAIT = timedelta(seconds=30)


def preserve_lease(transition: FlowTransition, initial: State, proposed: State) -> None:
    """A concurrency lease stays with the run unless the proposal names another."""
    # Prefect: PreserveDeploymentConcurrencyLeaseId. Workers send the lease as null.
    lease = initial.details.get(LEASE)
    if lease is not None and proposed.details.get(LEASE) is None:
        transition.amend_details(proposed, **{LEASE: lease})


def secure_slot(transition: FlowTransition, _initial: State, proposed: State) -> None:
    """Prefect's SecureFlowConcurrencySlots: a run gets a slot, or waits, or is cancelled."""
    if transition.run.deployment_id is None:
        return
    slots = transition.slots
    if not transition.deployment_exists:
        transition.abort("Deployment not found.")
    elif slots.limit is None:
        return
    elif slots.limit == 0:
        transition.abort(
            "The deployment concurrency limit is 0. The flow will deadlock if submitted again."
        )
    elif slots.is_free:
        _take_slot(transition, proposed)
    elif slots.cancels_new:
        transition.reject(_REACHED, transition.new_state(CANCELLED, message=_REACHED))
    else:
        due = {"scheduled_time": transition.now + _WAIT}
        waiting = transition.new_state(SCHEDULED, "AwaitingConcurrencySlot", details=due)
        transition.reject(_REACHED, waiting)


def give_slot_up(transition: FlowTransition) -> None:
    """The cleanup of SecureFlowConcurrencySlots: a later rule has refused the transition."""
    transition.slot_change = None


def validate_lease(transition: FlowTransition, initial: State, proposed: State) -> None:
    """Prefect's ValidateDeploymentConcurrencyAtRunning: is the slot still the run's?

    The lease of the initial state wins over a proposed one. Where it has expired, the run takes
    another slot, or is cancelled.
    """
    lease, slots = initial.details.get(LEASE), transition.slots
    transition.amend_details(proposed, **{LEASE: lease})
    if lease is None or slots.limit is None or not transition.renews_leases:
        return
    if slots.lease_kept:
        transition.slot_change, transition.slot_lease = SlotChange.RENEWED, lease
    elif slots.is_free:
        _take_slot(transition, transition.proposed or proposed)
    else:
        message = (
            "Deployment concurrency slot lost during provisioning - no slots available to continue "
            "execution"
        )
        transition.reject(
            "Deployment concurrency limit reached after lease expiry.",
            transition.new_state(CANCELLED, message=message),
        )


def _take_slot(transition: FlowTransition, proposed: State) -> None:
    transition.slot_change, transition.slot_lease = SlotChange.TAKEN, transition.new_id()
    transition.amend_details(proposed, **{LEASE: transition.slot_lease})


def forget_lease(transition: FlowTransition, initial: State, _proposed: State) -> None:
    """Prefect's RemoveDeploymentConcurrencyLeaseForOldClientVersions."""
    lease = initial.details.get(LEASE)
    if lease is not None and not transition.renews_leases:
        transition.slot_change, transition.slot_lease = SlotChange.FORGOTTEN, lease


def remember_lease(transition: FlowTransition) -> None:
    """The cleanup of `forget_lease`: a later rule has refused the transition."""
    if transition.slot_change is SlotChange.FORGOTTEN:
        transition.slot_change = None


def release_slot(transition: FlowTransition) -> None:
    """Prefect's ReleaseFlowConcurrencySlots, after any transition, also a forced one."""
    initial, entered = transition.initial, transition.proposed
    if initial is None or entered is None or transition.run.deployment_id is None:
        return
    if initial.type not in HOLDS_SLOT or entered.type in HOLDS_SLOT:
        return
    retried = entered.name == "AwaitingRetry" and transition.status is SetStateStatus.REJECT
    if retried and transition.dialect.retry_keeps_lease:
        return
    transition.slot_change = SlotChange.RELEASED
    transition.slot_lease = initial.details.get(LEASE)
    if not transition.slots.returnable and transition.dialect.slot_release_checked:
        transition.server_error = "Failed to release deployment concurrency slots"
