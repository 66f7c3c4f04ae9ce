"""Slots of concurrency limits: there are no limits, so whoever asks is given a lease on nothing.

A client asks before it runs a task that has tags.
"""

from __future__ import annotations

from ..errors import Gone
from ..prefect import check_integer_size, check_storable
from ..requests import DecrementRequest, IncrementRequest, RenewRequest
from .context import Context, Outcome

MAX_LEASES = 10_000
"""Of those not given back; the oldest is forgotten."""


def acquire_lease(context: Context, body: IncrementRequest) -> Outcome:
    """A new lease, and the limits that it holds slots of: none.

    Raises ServerFailure for what the dialect's database cannot look for.
    """
    check_integer_size(context.dialect, body.slots, bits=32)
    check_storable(context.dialect, texts=body.names)
    leases = context.store.leases
    lease_id = context.new_id()
    if len(leases) >= MAX_LEASES:
        del leases[next(iter(leases))]
    leases[lease_id] = None
    return Outcome({"lease_id": lease_id, "limits": []})


def release_lease(context: Context, body: DecrementRequest) -> Outcome:
    """End a lease; one that is not there is as good as ended."""
    context.store.leases.pop(body.lease_id, None)
    return Outcome(None)


def renew_lease(context: Context, lease_id: str, _body: RenewRequest) -> Outcome:
    """Keep a lease for longer. Raises Gone where there is none."""
    if lease_id not in context.store.leases:
        raise Gone("Lease not found - it may have expired or been revoked")
    return Outcome(None)
