"""Operations that take slots of concurrency limits and give them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import Locked, OutOfBounds
from ...prefect import check_integer_size, check_storable
from ...prefect.objects import ConcurrencyLimit
from ...requests.objects import SlotsDecrement, SlotsIncrement
from .. import Context, Outcome, give_back, put_limits, try_to_take


def increment_slots(context: Context, body: SlotsIncrement) -> Outcome:
    """Take slots of limits; names that no limit has are passed over. Raises as `take_slots`."""
    taken = take_slots(context, body.names, body.slots, body.mode)
    return Outcome([short_reply(limit) for limit in taken])


def decrement_slots(context: Context, body: SlotsDecrement) -> Outcome:
    """Give slots of limits back. Raises ServerFailure for what the database cannot look for."""
    limits = find_limits(context, body.names)
    if limits:
        _check_slots(context, body.slots)
    give_back(context, limits, body.slots, body.occupancy_seconds)
    return Outcome([short_reply(limit) for limit in limits])


def find_limits(context: Context, names: Iterable[str]) -> list[ConcurrencyLimit]:
    """The limits that have one of the names, by name.

    Raises ServerFailure for names that the dialect's database cannot look for.
    """
    wanted = frozenset(names)
    check_storable(context.dialect, texts=wanted)
    found = [limit for limit in context.store.objects(ConcurrencyLimit) if limit.name in wanted]
    return sorted(found, key=lambda limit: limit.name)


def take_slots(
    context: Context, names: Sequence[str], slots: int, mode: str
) -> list[ConcurrencyLimit]:
    """Take slots of each of the limits that are active, or of none; returns all that were named.

    Raises OutOfBounds for more slots than a limit has, and for a rate limit without decay; Locked
    where they are not free now; ServerFailure as `find_limits`.
    """
    _check_slots(context, slots)
    limits = find_limits(context, names)
    active = [limit for limit in limits if limit.active]
    if any(limit.limit < slots for limit in active):
        raise OutOfBounds("Slots requested is greater than the limit")
    lasting = [limit.name for limit in active if limit.slot_decay_per_second == 0.0]
    if mode == "rate_limit" and lasting:
        raise OutOfBounds(
            "Only concurrency limits with slot decay can be used for rate limiting. "
            f"The following limits do not have a decay configured: {','.join(lasting)!r}"
        )
    if not try_to_take(context, active, slots):
        denied = [limit.denied(slots, context.now) for limit in active]
        put_limits(context, denied)
        worst = max(denied, key=lambda limit: limit.blocked(slots))
        raise Locked("Locked", retry_after=worst.seconds_to_wait(slots))
    return limits


def _check_slots(context: Context, slots: int) -> None:
    # A real server adds slots to an INTEGER column (Prefect: orm_models.py, ConcurrencyLimitV2).
    check_integer_size(context.dialect, slots, bits=32)


def short_reply(limit: ConcurrencyLimit, name: str | None = None) -> dict[str, Any]:
    """A limit as the schema MinimalConcurrencyLimitResponse has it."""
    return {"id": limit.id, "name": name or limit.name, "limit": limit.limit}
