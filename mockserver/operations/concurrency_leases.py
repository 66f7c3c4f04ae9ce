"""Leases on slots of concurrency limits. No limits are modelled: every lease holds no slots.

Prefect's client asks for a lease before it runs a task that has tags.
"""

from __future__ import annotations

from ..errors import Gone
from ..prefect import check_integer_size, check_storable
from ..requests import DecrementRequest, IncrementRequest, RenewRequest
from .context import Context, Outcome

# Chosen, not measured: a client that never releases one must not fill the memory.
MAX_LEASES = 10_000
"""How many leases are remembered; the oldest is dropped for a new one."""


def acquire_lease(context: Context, body: IncrementRequest) -> Outcome:
    """Acquire a lease. The reply has its id and an empty list of limits.

    Raises ServerFailure for names and slots that the dialect's database cannot look for.
    """
    # A real server adds slots to an INTEGER column (Prefect: orm_models.py, ConcurrencyLimitV2).
    check_integer_size(context.dialect, body.slots, bits=32)
    check_storable(context.dialect, texts=body.names)
    leases = context.store.leases
    lease_id = context.new_id()
    if len(leases) >= MAX_LEASES:
        del leases[next(iter(leases))]
    leases[lease_id] = None
    # A real server does so for names that no limit has: nothing blocks, so a lease on no limits is
    # given (Prefect: api/concurrency_limits_v2.py, _acquire_concurrency_slots).
    return Outcome({"lease_id": lease_id, "limits": []})


def release_lease(context: Context, body: DecrementRequest) -> Outcome:
    """Release a lease. An unknown one is ignored, as it may have expired."""
    context.store.leases.pop(body.lease_id, None)
    return Outcome(None)


def renew_lease(context: Context, lease_id: str, _body: RenewRequest) -> Outcome:
    """Renew a lease. Raises Gone for an unknown one."""
    if lease_id not in context.store.leases:
        raise Gone("Lease not found - it may have expired or been revoked")
    return Outcome(None)
