"""Leases on slots of concurrency limits: slots that are taken for a time.

Prefect's client asks for a lease before it runs a task that has tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from ...errors import Gone
from ...prefect.objects import ConcurrencyLease, ConcurrencyLimit
from ...requests import DecrementRequest, IncrementRequest, RenewRequest
from .. import Context, Outcome
from .slots import give_back, short_reply, take_slots

# Chosen, not measured: a client that never releases one must not fill the memory.
MAX_LEASES = 10_000
"""How many leases are remembered; the oldest is dropped for a new one."""


def acquire_lease(context: Context, body: IncrementRequest) -> Outcome:
    """Acquire a lease. The reply has its id and the limits that it is on.

    Names that no limit has are passed over. Raises as `take_slots`.
    """
    release_expired(context)
    limits = take_slots(context, body.names, body.slots, body.mode)
    holder = body.holder
    lease = keep_lease(
        context,
        limits,
        body.slots,
        timedelta(seconds=body.lease_duration),
        holder.id if holder is not None and holder.type == "task_run" else None,
    )
    return Outcome({"lease_id": lease.id, "limits": [short_reply(limit) for limit in limits]})


def keep_lease(
    context: Context,
    limits: Iterable[ConcurrencyLimit],
    slots: int,
    duration: timedelta,
    task_run_id: str | None,
) -> ConcurrencyLease:
    """Keep a lease on slots that were taken."""
    leases = context.store.leases
    while len(leases) >= MAX_LEASES:
        release(context, leases[next(iter(leases))])
    ids = tuple(limit.id for limit in limits)
    expires = context.now + duration
    lease = ConcurrencyLease(context.new_id(), ids, slots, task_run_id, context.now, expires)
    leases[lease.id] = lease
    return lease


def release_lease(context: Context, body: DecrementRequest) -> Outcome:
    """Release a lease. An unknown one is ignored, as it may have expired."""
    lease = context.store.leases.get(body.lease_id)
    if lease is not None:
        release(context, lease, occupied=True)
    return Outcome(None)


def renew_lease(context: Context, lease_id: str, body: RenewRequest) -> Outcome:
    """Renew a lease. Raises Gone for an unknown one, and for one that has expired."""
    release_expired(context)
    lease = context.store.leases.get(lease_id)
    if lease is None:
        raise Gone("Lease not found - it may have expired or been revoked")
    expires = context.now + timedelta(seconds=body.lease_duration)
    context.store.leases[lease_id] = replace(lease, expires=expires)
    return Outcome(None)


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


def revoke_leases(context: Context, limit: ConcurrencyLimit) -> None:
    """Forget the leases on a limit. Their slots stay taken, as on a real server."""
    leases = context.store.leases
    for lease in [one for one in leases.values() if limit.id in one.limit_ids]:
        del leases[lease.id]


def leases_on(context: Context, limit: ConcurrencyLimit) -> list[ConcurrencyLease]:
    """The leases on a limit that task runs hold and that have not expired."""
    return [
        lease
        for lease in context.store.leases.values()
        if limit.id in lease.limit_ids and lease.task_run_id and lease.expires > context.now
    ]
