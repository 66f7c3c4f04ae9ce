"""The endpoints of concurrency limits, their slots and leases."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_V2 = "/v2/concurrency_limits"
_LIMIT = f"{_V2}/{{id_or_name:{TEXT_SEGMENT}}}"
_TAGS = "/concurrency_limits"
_TAG = f"{_TAGS}/tag/{{tag:{TEXT_SEGMENT}}}"

CONCURRENCY_LIMITS = (
    Endpoint(
        "POST",
        f"{_V2}/",
        "limits.records.create_limit",
        "objects.ConcurrencyLimitV2Create",
        status=201,
    ),
    Endpoint("POST", f"{_V2}/filter", "limits.records.list_limits", "objects.LimitPageRequest"),
    Endpoint("GET", _LIMIT, "limits.records.read_limit"),
    Endpoint(
        "PATCH",
        _LIMIT,
        "limits.records.update_limit",
        "objects.ConcurrencyLimitV2Update",
        status=204,
    ),
    Endpoint("DELETE", _LIMIT, "limits.records.delete_limit", status=204),
    Endpoint("POST", f"{_V2}/increment", "limits.slots.increment_slots", "objects.SlotsIncrement"),
    Endpoint("POST", f"{_V2}/decrement", "limits.slots.decrement_slots", "objects.SlotsDecrement"),
    Endpoint(
        "POST", f"{_V2}/increment-with-lease", "limits.leases.acquire_lease", "IncrementRequest"
    ),
    Endpoint(
        "POST",
        f"{_V2}/decrement-with-lease",
        "limits.leases.release_lease",
        "DecrementRequest",
        status=204,
    ),
    Endpoint(
        "POST",
        # Prefect's route has no convertor here: what is no uuid is 422, not 404.
        f"{_V2}/leases/{{lease_id:{TEXT_SEGMENT}}}/renew",
        "limits.leases.renew_lease",
        "RenewRequest",
        status=204,
    ),
    Endpoint("POST", f"{_TAGS}/", "limits.tags.create_tag_limit", "objects.ConcurrencyLimitCreate"),
    Endpoint("POST", f"{_TAGS}/filter", "limits.tags.list_tag_limits", "objects.LimitPageRequest"),
    Endpoint("GET", f"{_TAGS}/{UUID_SEGMENT}", "limits.tags.read_tag_limit"),
    Endpoint("DELETE", f"{_TAGS}/{UUID_SEGMENT}", "limits.tags.delete_tag_limit"),
    Endpoint("GET", _TAG, "limits.tags.read_tag_limit_by_tag"),
    Endpoint("DELETE", _TAG, "limits.tags.delete_tag_limit_by_tag"),
    Endpoint("POST", f"{_TAG}/reset", "limits.tags.reset_tag_limit", "objects.TagReset"),
    Endpoint("POST", f"{_TAGS}/increment", "limits.tags.increment_tags", "objects.TagSlots"),
    Endpoint("POST", f"{_TAGS}/decrement", "limits.tags.decrement_tags", "objects.TagSlots"),
)
