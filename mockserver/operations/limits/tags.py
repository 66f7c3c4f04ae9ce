"""Operations on limits of tags, which are limits with names of their own: `tag:etl`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ...errors import InvalidRequest, Locked, NotFound, ServerFailure
from ...prefect import check_integer_size, check_storable
from ...prefect.objects import MAX_WAIT, TAG_PREFIX, ConcurrencyLimit
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import (
    ConcurrencyLimitCreate,
    LimitPageRequest,
    TagReset,
    TagSlots,
)
from .. import (
    MAX_LEASES,
    Context,
    Outcome,
    check_offset,
    delete_limits,
    keep_lease,
    release,
    try_to_take,
)
from .leases import leases_on, revoke_leases
from .records import find_limit, new_limit
from .slots import find_limits, short_reply

# Prefect: api/concurrency_limits.py, V1_LEASE_TTL: its clients renew no leases.
_FOREVER = timedelta(days=100 * 365)
_NOT_FOUND = "Concurrency limit not found"
_BANNED = frozenset("/%&><")  # Prefect: types/names.py, in a name


def create_tag_limit(context: Context, body: ConcurrencyLimitCreate) -> Outcome:
    """Create the limit of a tag, or change how many slots it has.

    Raises ServerFailure, or InvalidRequest in a dialect without server failures, for a tag and a
    number that no limit can have.
    """
    name, limit = f"{TAG_PREFIX}{body.tag}", body.concurrency_limit
    check_storable(context.dialect, texts=(name,))
    existing = find_limit(context, name)
    # A real server builds its record without a check before it (Prefect: schemas/core.py).
    if _BANNED & set(name) if existing is None else limit < 0:
        _refuse(context)
    check_integer_size(context.dialect, limit, bits=32)
    if existing is None:
        return Outcome(_reply(context, new_limit(context, name=name, limit=limit)), made=True)
    changed = replace(existing, limit=limit, updated=context.now)
    context.store.objects(ConcurrencyLimit).put(changed)
    # A real server answers with the record as it was read, but for the number.
    return Outcome(_reply(context, replace(changed, updated=existing.updated)))


def _refuse(context: Context) -> None:
    msg = "a limit cannot have this tag or this number of slots"
    if context.dialect.undocumented_5xx:
        raise ServerFailure(msg, retryable=False)
    raise InvalidRequest([{"type": "value_error", "loc": ("body",), "msg": msg}])


def read_tag_limit(context: Context, limit_id: str) -> Outcome:
    """The limit of a tag by its id. Raises NotFound."""
    limit = context.store.objects(ConcurrencyLimit).get(limit_id)
    if limit is None or limit.tag is None:
        raise NotFound(_NOT_FOUND)
    return Outcome(_reply(context, limit))


def read_tag_limit_by_tag(context: Context, tag: str) -> Outcome:
    """The limit of a tag. Raises NotFound."""
    return Outcome(_reply(context, _require(context, tag)))


def list_tag_limits(context: Context, body: LimitPageRequest) -> Outcome:
    """A part of the limits of tags, by name."""
    offset = check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    # A real server takes as many limits of any kind and leaves out those that are on no tag.
    ordered = sorted(context.store.objects(ConcurrencyLimit), key=lambda one: one.name)
    on_tags = [one for one in ordered[: offset + limit] if one.tag is not None]
    return Outcome([_reply(context, one) for one in on_tags[offset : offset + limit]])


def delete_tag_limit(context: Context, limit_id: str) -> Outcome:
    """Delete a limit by its id, whether it is on a tag or not. Raises NotFound."""
    limit = context.store.objects(ConcurrencyLimit).get(limit_id)
    if limit is None:
        raise NotFound(_NOT_FOUND)
    return _delete(context, limit)


def delete_tag_limit_by_tag(context: Context, tag: str) -> Outcome:
    """Delete the limit of a tag. Raises NotFound."""
    return _delete(context, _require(context, tag))


def _delete(context: Context, limit: ConcurrencyLimit) -> Outcome:
    revoke_leases(context, limit)
    delete_limits(context.store, {limit.id})
    return Outcome(None)


def reset_tag_limit(context: Context, tag: str, body: TagReset) -> Outcome:
    """Revoke the leases on a tag, and let task runs have a slot each. Raises NotFound.

    A real server leaves the number of taken slots as it was, and so does this.
    """
    limit = _require(context, tag)
    revoke_leases(context, limit)
    for task_run_id in (body.slot_override or [])[:MAX_LEASES]:
        try_to_take(context, [_require(context, tag)], 1)
        keep_lease(context, [limit], 1, _FOREVER, task_run_id)
    return Outcome(None)


def increment_tags(context: Context, body: TagSlots) -> Outcome:
    """Take a slot of each of some tags for a task run. Raises Locked where one is not free."""
    by_name = {limit.name: limit for limit in find_limits(context, _names(body))}
    for tag in body.names:
        limit = by_name.get(f"{TAG_PREFIX}{tag}")
        if limit is not None and limit.limit == 0:
            raise Locked(
                f'The concurrency limit on tag "{tag}" is 0 and will deadlock if the task tries to '
                "run again."
            )
    limits = [by_name[name] for name in _names(body) if name in by_name and by_name[name].active]
    if not limits:
        return Outcome([])
    # A tag that is named twice is one record too few for a real server.
    is_repeated = len({limit.id for limit in limits}) < len(limits)
    if is_repeated or not try_to_take(context, limits, 1):
        reason = f"Concurrency limit for the {limits[0].tag} tag has been reached"
        raise Locked(reason, retry_after=MAX_WAIT)
    keep_lease(context, limits, 1, _FOREVER, body.task_run_id)
    return Outcome([short_reply(limit, limit.tag) for limit in limits])


def decrement_tags(context: Context, body: TagSlots) -> Outcome:
    """Give back the slots that a task run has of some tags."""
    limits = find_limits(context, _names(body))
    leases = {
        lease.id: lease
        for limit in limits
        for lease in leases_on(context, limit)
        if lease.task_run_id == body.task_run_id
    }
    for lease in leases.values():
        release(context, lease)
    return Outcome([short_reply(limit) for limit in limits])


def _names(body: TagSlots) -> list[str]:
    return [f"{TAG_PREFIX}{tag}" for tag in body.names]


def _require(context: Context, tag: str) -> ConcurrencyLimit:
    name = f"{TAG_PREFIX}{tag}"
    check_storable(context.dialect, texts=(name,))
    limit = find_limit(context, name)
    if limit is None:
        raise NotFound(_NOT_FOUND)
    return limit


def _reply(context: Context, limit: ConcurrencyLimit) -> dict[str, Any]:
    """A limit of a tag as the schema ConcurrencyLimit has it."""
    return {
        "id": limit.id,
        "created": limit.created,
        "updated": limit.updated,
        "tag": limit.tag,
        "concurrency_limit": limit.limit,
        "active_slots": [lease.task_run_id for lease in leases_on(context, limit)],
    }
