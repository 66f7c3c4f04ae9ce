"""Leases on slots of concurrency limits: slots that are taken for a time.

Prefect's client asks for a lease before it runs a task that has tags.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ...errors import Gone
from ...prefect.objects import ConcurrencyLease, ConcurrencyLimit
from ...requests import DecrementRequest, IncrementRequest, RenewRequest
from .. import Context, Outcome, keep_lease, release, release_expired
from .slots import short_reply, take_slots


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
