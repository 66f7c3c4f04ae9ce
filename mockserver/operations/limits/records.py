"""Operations that create, read, list, change and delete concurrency limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from ...errors import Conflict, NotFound
from ...prefect import check_integer_size, check_storable
from ...prefect.objects import ConcurrencyLimit
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import (
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    LimitPageRequest,
)
from .. import CONFLICT, Context, Outcome, check_offset, delete_limits

# Prefect: schemas/core.py, ConcurrencyLimitV2.
FIRST_OCCUPANCY = 2.0
_COUNTS = ("limit", "active_slots", "denied_slots")


def create_limit(context: Context, body: ConcurrencyLimitV2Create) -> Outcome:
    """Create a limit.

    Raises Conflict where another one has the name, ServerFailure for values that no column holds.
    """
    values = body.model_dump()
    _check_values(context, values)
    if find_limit(context, body.name) is not None:
        raise Conflict(CONFLICT)
    limit = new_limit(context, **values)
    return Outcome(
        {
            **limit_reply(context, limit),
            "active_slots": limit.active_slots,
            "denied_slots": limit.denied_slots,
            "avg_slot_occupancy_seconds": limit.avg_slot_occupancy_seconds,
        },
        made=True,
    )


def new_limit(context: Context, **values: Any) -> ConcurrencyLimit:
    """Keep a limit with these values."""
    given = {"active": True, "active_slots": 0, "denied_slots": 0, "slot_decay_per_second": 0.0}
    limit = ConcurrencyLimit(
        id=context.new_id(),
        avg_slot_occupancy_seconds=FIRST_OCCUPANCY,
        created=context.now,
        updated=context.now,
        **{**given, **values},
    )
    context.store.objects(ConcurrencyLimit).put(limit)
    return limit


def read_limit(context: Context, id_or_name: str) -> Outcome:
    """A limit by its id or name. Raises NotFound."""
    return Outcome(limit_reply(context, require_limit(context, id_or_name)))


def list_limits(context: Context, body: LimitPageRequest) -> Outcome:
    """A part of the list of all limits, by name."""
    return Outcome([limit_reply(context, one) for one in limits_by_name(context, body)])


def limits_by_name(context: Context, body: LimitPageRequest) -> list[ConcurrencyLimit]:
    """The limits of a page."""
    offset = check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    ordered = sorted(context.store.objects(ConcurrencyLimit), key=lambda one: one.name)
    return ordered[offset : offset + limit]


def update_limit(context: Context, id_or_name: str, body: ConcurrencyLimitV2Update) -> Outcome:
    """Change the fields of a limit that the body has.

    Raises NotFound; Conflict for a name that another limit has and for null, which no column takes;
    ServerFailure for values that no column holds.
    """
    limit = require_limit(context, id_or_name)
    changes = body.model_dump(exclude_unset=True)
    _check_values(context, changes)
    name = changes.get("name", limit.name)
    is_taken = name != limit.name and name is not None and find_limit(context, name) is not None
    if is_taken or None in changes.values():
        raise Conflict(CONFLICT)
    changed = replace(limit, **changes, updated=context.now)
    context.store.objects(ConcurrencyLimit).put(changed)
    return Outcome(None)


def delete_limit(context: Context, id_or_name: str) -> Outcome:
    """Delete a limit. Raises NotFound."""
    delete_limits(context.store, {require_limit(context, id_or_name).id})
    return Outcome(None)


def require_limit(context: Context, id_or_name: str) -> ConcurrencyLimit:
    """The limit with an id or a name. Raises NotFound."""
    check_storable(context.dialect, texts=(id_or_name,))
    try:
        limit = context.store.objects(ConcurrencyLimit).get(str(UUID(id_or_name)))
    except ValueError:
        limit = find_limit(context, id_or_name)
    if limit is None:
        raise NotFound("Concurrency Limit not found")
    return limit


def find_limit(context: Context, name: str) -> ConcurrencyLimit | None:
    """The limit with a name, or None."""
    limits = context.store.objects(ConcurrencyLimit)
    return next((limit for limit in limits if limit.name == name), None)


def _check_values(context: Context, values: dict[str, Any]) -> None:
    check_storable(context.dialect, texts=(values.get("name"),))
    for key in _COUNTS:
        check_integer_size(context.dialect, values.get(key) or 0, bits=32)


def limit_reply(context: Context, limit: ConcurrencyLimit) -> dict[str, Any]:
    """A limit as the schema GlobalConcurrencyLimitResponse has it."""
    decays = context.dialect.limits_read_decayed
    return {
        "id": limit.id,
        "created": limit.created,
        "updated": limit.updated,
        "active": limit.active,
        "name": limit.name,
        "limit": limit.limit,
        "active_slots": limit.active_at(context.now) if decays else limit.active_slots,
        "slot_decay_per_second": limit.slot_decay_per_second,
    }
