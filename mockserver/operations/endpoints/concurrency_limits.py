"""The endpoints of concurrency limits and their leases."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, Endpoint

CONCURRENCY_LIMITS = (
    Endpoint(
        "POST",
        "/v2/concurrency_limits/increment-with-lease",
        "concurrency_leases.acquire_lease",
        "IncrementRequest",
    ),
    Endpoint(
        "POST",
        "/v2/concurrency_limits/decrement-with-lease",
        "concurrency_leases.release_lease",
        "DecrementRequest",
        status=204,
    ),
    Endpoint(
        "POST",
        # Prefect's route has no convertor here: what is no uuid is 422, not 404.
        f"/v2/concurrency_limits/leases/{{lease_id:{TEXT_SEGMENT}}}/renew",
        "concurrency_leases.renew_lease",
        "RenewRequest",
        status=204,
    ),
)
