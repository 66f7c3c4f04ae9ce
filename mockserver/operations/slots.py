"""Slots of concurrency limits, and leases on them: taking and giving back.

A flow run of a deployment with a limit takes one as it becomes PENDING; the rules of orchestration
decide that, and `change_slots` does it. What clients take and give back by themselves is in the
folder `limits`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ..filters import ONE_OF, AllOf, Comparison
from ..orchestration import (
    HOLDS_SLOT,
    NO_SLOTS,
    DeploymentSlots,
    OrchestrationOutcome,
    SlotChange,
)
from ..prefect import Deployment, FlowRun
from ..prefect.objects import ConcurrencyLease, ConcurrencyLimit
from ..store import Store
from .context import Context

# Chosen, not measured: a client that never releases one must not fill the memory.
MAX_LEASES = 10_000
"""How many leases are remembered; the oldest is dropped for a new one."""
# Default of Prefect's setting server.concurrency.initial_deployment_lease_duration, in seconds.
_LEASE_SECONDS = 300


def try_to_take(context: Context, limits: Sequence[ConcurrencyLimit], slots: int) -> bool:
    """Take slots of each of the limits, or of none; returns whether they were taken."""
    if not all(limit.has_free(slots, context.now) for limit in limits):
        return False
    put_limits(context, (limit.taken(slots, context.now) for limit in limits))
    return True


def give_back(
    context: Context, limits: Iterable[ConcurrencyLimit], slots: int, seconds: float | None = None
) -> None:
    """Give slots of those limits back that are active; they were taken for so many seconds."""
    now = context.now
    put_limits(context, (one.returned(slots, seconds, now) for one in limits if one.active))


def put_limits(context: Context, limits: Iterable[ConcurrencyLimit]) -> None:
    """Store limits that have changed."""
    kept = context.store.objects(ConcurrencyLimit)
    for limit in limits:
        kept.put(limit)


def keep_lease(
    context: Context,
    limits: Iterable[ConcurrencyLimit],
    slots: int,
    duration: timedelta,
    task_run_id: str | None,
    lease_id: str | None = None,
) -> ConcurrencyLease:
    """Keep a lease on slots that were taken; without a `lease_id` it gets a new one."""
    leases = context.store.leases
    while len(leases) >= MAX_LEASES:
        release(context, leases[next(iter(leases))])
    ids = tuple(limit.id for limit in limits)
    expires = context.now + duration
    new_id = lease_id or context.new_id()
    lease = ConcurrencyLease(new_id, ids, slots, task_run_id, context.now, expires)
    leases[lease.id] = lease
    return lease


def release_expired(context: Context) -> None:
    """Release the leases that have expired (Prefect: server/services/repossessor.py)."""
    expired = [one for one in context.store.leases.values() if one.expires < context.now]
    for lease in expired:
        release(context, lease, occupied=True)


def release(context: Context, lease: ConcurrencyLease, *, occupied: bool = False) -> None:
    """Give back what a lease holds; `occupied`: limits learn how long it was held."""
    del context.store.leases[lease.id]
    held = map(context.store.objects(ConcurrencyLimit).get, lease.limit_ids)
    seconds = (context.now - lease.created).total_seconds() if occupied else None
    give_back(context, filter(None, held), lease.slots, seconds)


def limit_of(store: Store, deployment: Deployment | None) -> ConcurrencyLimit | None:
    """The limit of a deployment; None where it has none."""
    shown = deployment and deployment.rest.get("global_concurrency_limit")
    limit_id = shown.get("id") if isinstance(shown, Mapping) else None
    return store.objects(ConcurrencyLimit).get(limit_id) if isinstance(limit_id, str) else None


def delete_limits(store: Store, limit_ids: Collection[str]) -> None:
    """Delete limits by their ids. Deployments that have them have none then."""
    # Prefect: orm_models.py, Deployment; the column is ON DELETE SET NULL.
    for one in list(store.deployments):
        limit = limit_of(store, one)
        if limit is not None and limit.id in limit_ids:
            rest = {**one.rest, "global_concurrency_limit": None}
            store.deployments.put(replace(one, rest=rest))
    store.objects(ConcurrencyLimit).drop(limit_ids)


def slots_for(context: Context, run: FlowRun) -> DeploymentSlots:
    """The slots of the limit of a run's deployment, as the rules see them."""
    store = context.store
    deployment = None if run.deployment_id is None else store.deployments.get(run.deployment_id)
    if not store.objects(ConcurrencyLimit) and not store.leases:
        return NO_SLOTS
    release_expired(context)
    limit = limit_of(store, deployment)
    lease_id = run.state.details.get("deployment_concurrency_lease_id") if run.state else None
    lease = store.leases.get(lease_id or "")
    limits = store.objects(ConcurrencyLimit)
    own = [] if limit is None else [limit]  # without a lease a run gives a slot of this one back
    held = own if lease is None else [limits.get(one) for one in lease.limit_ids]
    return DeploymentSlots(
        limit=None if limit is None else limit.limit,
        is_free=limit is not None and limit.has_free(1, context.now),
        cancels_new=_options(deployment).get("collision_strategy") == "CANCEL_NEW",
        lease_kept=lease is not None,
        returnable=all(one is not None and one.active for one in held),
    )


def _options(deployment: Deployment | None) -> Mapping[str, object]:
    options = deployment and deployment.rest.get("concurrency_options")
    return options if isinstance(options, Mapping) else {}


def change_slots(context: Context, transition: OrchestrationOutcome) -> None:
    """Take, keep or give back the slot of a run, as the rules have decided."""
    change, lease_id = transition.slot_change, transition.slot_lease
    if change is None:
        return
    store, leases = context.store, context.store.leases
    deployment = store.deployments.get(transition.run.deployment_id)
    limit = limit_of(store, deployment)
    seconds = _options(deployment).get("grace_period_seconds")
    duration = timedelta(seconds=seconds if isinstance(seconds, int) else _LEASE_SECONDS)
    lease = leases.get(lease_id or "")
    if change is SlotChange.TAKEN and limit is not None:
        try_to_take(context, [limit], 1)
        keep_lease(context, [limit], 1, duration, None, lease_id)
    elif change is SlotChange.RENEWED and lease is not None:
        leases[lease.id] = replace(lease, expires=context.now + duration)
    elif change is SlotChange.FORGOTTEN and lease is not None:
        del leases[lease.id]  # its slot stays taken
    elif change is SlotChange.RELEASED and lease is not None:
        release(context, lease)
    elif change is SlotChange.RELEASED and limit is not None:
        give_back(context, [limit], 1)


def release_slots(store: Store, flow_run_ids: Collection[str]) -> None:
    """Give back the slots of runs that are about to be deleted; their leases stay.

    Prefect: models/flow_runs.py, cleanup_flow_run_concurrency_slots. What goes with its flow or
    its deployment keeps its slot.
    """
    limits = store.objects(ConcurrencyLimit)
    if not any(limit.active_slots for limit in limits):
        return
    held = {one.id: limit.id for one in store.deployments if (limit := limit_of(store, one))}
    holders = AllOf(
        (
            Comparison("deployment_id", ONE_OF, frozenset(held)),
            Comparison("state_type", ONE_OF, HOLDS_SLOT),
        )
    )
    gone = frozenset(flow_run_ids)
    for run in filter(None, map(store.get, store.find(holders, len(store)).ids)):
        limit = limits.get(held.get(run.deployment_id or ""))
        if run.id in gone and limit is not None and limit.active:
            limits.put(limit.returned(1, None, limit.updated))
