"""Operations on work queues: by their names in a pool, and by their ids.

The two ways are two parts of a real server (Prefect: models/workers.py and models/work_queues.py),
which differ in details.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ...errors import Conflict, NotFound, ServerFailure
from ...filters import MATCH_ALL, Predicate, combine_criteria
from ...prefect import (
    Dialect,
    WorkPool,
    WorkQueue,
    check_integer_size,
    check_storable,
    check_time_range,
)
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import (
    PoolQueueFilterRequest,
    WorkQueueCreate,
    WorkQueueFilterRequest,
    WorkQueueUpdate,
)
from ...store import Store
from .. import (
    CONFLICT,
    Context,
    FilterSet,
    Outcome,
    check_offset,
    compile_body_filters,
    compile_criteria_of,
)
from .priorities import rearrange
from .records import (
    default_queue_id,
    last_polled,
    next_priority,
    priority_of,
    queues_of,
    require_pool,
    require_queue,
    status_of,
)
from .replies import queue_replies
from .slots import POOL_STATES, QUEUE_STATES

# Prefect: models/work_queues.py, WORK_QUEUE_LAST_POLLED_TIMEOUT.
RECENT = timedelta(seconds=60)
# The braces are Prefect's: its text is no f-string (api/workers.py, create_work_queue).
_NAME_TAKEN = "A work queue with this name already exists in work pool {work_pool_name!r}."
# NOT NULL (Prefect: orm_models.py, WorkQueue).
_NEVER_NULL = ("name", "description", "priority")


def create_pool_queue(context: Context, pool_name: str, body: WorkQueueCreate) -> Outcome:
    """Create a queue in the pool with a name.

    Raises NotFound; Conflict for a name that another queue of the pool has; ServerFailure for
    values that the dialect's database cannot hold.
    """
    pool = require_pool(context, pool_name)
    queue = add_queue(context, pool, body.model_dump(), taken=_NAME_TAKEN)
    return _created(context, queue, POOL_STATES)


def _created(context: Context, queue: WorkQueue, state_types: frozenset[Any]) -> Outcome:
    return Outcome(queue_replies(context, [queue], state_types)[0], made=True)


def add_queue(
    context: Context, pool: WorkPool, settings: Mapping[str, Any], taken: str = ""
) -> WorkQueue:
    """Add a queue to the store; others make way for its priority. Returns it as it was sent.

    Raises Conflict, with the text `taken`, for a name that another queue of the pool has;
    ServerFailure as `create_pool_queue`.
    """
    name, priority = settings["name"], settings.get("priority")
    _check_settings(context, settings)
    others = queues_of(context.store, pool.id)
    if any(queue.name == name for queue in others):
        raise Conflict(taken)
    given = {**settings, "description": settings.get("description") or ""}
    del given["name"]
    given["priority"] = priority or next_priority(context.store, pool.id)
    given["status"] = "NOT_READY"
    given |= {"created": context.now, "updated": context.now}
    queue = WorkQueue(context.new_id(), name, pool.id, rest=given)
    context.store.work_queues.put(queue)
    if priority:
        make_way(context, queue)
    return queue


def read_pool_queue(context: Context, pool_name: str, name: str) -> Outcome:
    """Read the queue with a name in the pool with a name. Raises NotFound."""
    queue = require_queue(context, pool_name, name)
    return Outcome(queue_replies(context, [queue], POOL_STATES)[0])


def filter_pool_queues(context: Context, pool_name: str, body: PoolQueueFilterRequest) -> Outcome:
    """List the queues of a pool that a filter matches, the highest priority first.

    Raises NotFound, and ServerFailure where the dialect's database does not run the query.
    """
    pool = require_pool(context, pool_name)
    queues = queues_of(context.store, pool.id)
    return _page(context, body, queues, POOL_STATES, parameters=3)


def filter_work_queues(context: Context, body: WorkQueueFilterRequest) -> Outcome:
    """List the queues of all pools that a filter matches, by name.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    queues = sorted(context.store.work_queues, key=lambda queue: queue.name)
    return _page(context, body, queues, QUEUE_STATES, parameters=2)


def _page(
    context: Context,
    body: PoolQueueFilterRequest | WorkQueueFilterRequest,
    queues: Iterable[WorkQueue],
    state_types: frozenset[Any],
    parameters: int,
) -> Outcome:
    predicate, warnings = compile_body_filters(context, body, _queues_predicate, parameters)
    offset = check_offset(context, body.offset or 0)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    found = list(filter(predicate, queues))[offset:][:limit]
    return Outcome(queue_replies(context, found, state_types), warnings=warnings)


def _queues_predicate(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    if filters.work_queues is None:
        return MATCH_ALL
    criteria = compile_criteria_of("work_queues", filters.work_queues, store, dialect)
    return combine_criteria(filters.work_queues, criteria)


def update_pool_queue(
    context: Context, pool_name: str, name: str, body: WorkQueueUpdate
) -> Outcome:
    """Change a queue of a pool; others make way for a new priority.

    Raises NotFound; Conflict for a name that is taken and for null where no column takes it;
    ServerFailure for values that the dialect's database cannot hold.
    """
    if context.dialect.queue_found_first:
        require_pool(context, pool_name)
    queue = require_queue(context, pool_name, name)
    changed = _update(context, queue, body)
    if body.priority is not None:
        make_way(context, changed)
    return Outcome(None)


def update_work_queue(context: Context, queue_id: str, body: WorkQueueUpdate) -> Outcome:
    """Change a queue; raises as `update_pool_queue`. Other priorities stay as they are."""
    queue = context.store.work_queues.get(queue_id)
    if queue is None:
        # Older releases tell a function of Python, and not the id (api/work_queues.py).
        told = queue_id if context.dialect.queue_found_first else "<built-in function id>"
        raise NotFound(f"Work Queue {told} not found")
    _update(context, queue, body)
    return Outcome(None)


def _update(context: Context, queue: WorkQueue, body: WorkQueueUpdate) -> WorkQueue:
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    _check_settings(context, changes)
    name = changes.pop("name", queue.name)
    others = queues_of(context.store, queue.work_pool_id or "")
    taken = any(other.name == name and other.id != queue.id for other in others)
    if taken or name is None or any(changes.get(key, ...) is None for key in _NEVER_NULL):
        raise Conflict(CONFLICT)
    if "is_paused" in changes:
        changes |= _new_status(context, queue, changes)
    changed = replace(queue, name=name, rest={**queue.rest, **changes, "updated": context.now})
    context.store.work_queues.put(changed)
    return changed


def _new_status(
    context: Context, queue: WorkQueue, changes: Mapping[str, Any]
) -> Mapping[str, Any]:
    if changes["is_paused"]:
        return {"status": "PAUSED"}
    if status_of(queue) != "PAUSED":
        return {}
    polled = changes["last_polled"] if "last_polled" in changes else last_polled(queue)
    recent = polled is not None and context.now - polled <= RECENT
    return {"status": "READY" if recent else "NOT_READY"}


def _check_settings(context: Context, settings: Mapping[str, Any]) -> None:
    dialect = context.dialect
    check_time_range(dialect, settings.get("last_polled"), ("body", "last_polled"))
    texts = (settings.get("name"), settings.get("description"))
    check_storable(dialect, texts=texts, values=settings.get("filter"))
    for key in ("concurrency_limit", "priority"):
        check_integer_size(dialect, settings.get(key) or 0, bits=32)


def delete_pool_queue(context: Context, pool_name: str, name: str) -> Outcome:
    """Delete a queue of a pool. Flow runs and deployments stay, without it.

    Raises NotFound. The default queue cannot be deleted: ServerFailure.
    """
    if context.dialect.queue_found_first:
        require_pool(context, pool_name)
    queue = require_queue(context, pool_name, name)
    if _is_default(context, queue):
        # A ValueError (Prefect: models/workers.py, delete_work_queue).
        raise ServerFailure("a pool's default queue, which cannot be deleted", retryable=False)
    context.store.drop_work_queues(frozenset((queue.id,)))
    others = queues_of(context.store, queue.work_pool_id or "")
    _set_priorities(context, others, rearrange(_priorities(others), "", 0))
    return Outcome(None)


def delete_work_queue(context: Context, queue_id: str) -> Outcome:
    """Delete a queue as `delete_pool_queue` does. Raises NotFound; Conflict for a default queue."""
    queue = require_work_queue(context, queue_id)
    if _is_default(context, queue):
        raise Conflict(CONFLICT)
    context.store.drop_work_queues(frozenset((queue.id,)))
    return Outcome(None)


def require_work_queue(context: Context, queue_id: str) -> WorkQueue:
    """The queue with an id. Raises NotFound."""
    queue = context.store.work_queues.get(queue_id)
    if queue is None:
        raise NotFound("work queue not found")
    return queue


def _is_default(context: Context, queue: WorkQueue) -> bool:
    pool = context.store.work_pools.get(queue.work_pool_id)
    return pool is not None and default_queue_id(context.store, pool) == queue.id


def make_way(context: Context, queue: WorkQueue) -> None:
    """Make the priorities of a pool's queues differ; one of them keeps its own."""
    queues = queues_of(context.store, queue.work_pool_id or "")
    others = [other for other in queues if other.id != queue.id]
    priorities = rearrange(_priorities(others), queue.id, priority_of(queue))
    _set_priorities(context, queues, priorities)


def _priorities(queues: Iterable[WorkQueue]) -> dict[str, int]:
    return {queue.id: priority_of(queue) for queue in queues}


def _set_priorities(
    context: Context, queues: Iterable[WorkQueue], priorities: Mapping[str, int]
) -> None:
    for queue in queues:
        priority = priorities[queue.id]
        if priority != priority_of(queue):
            settings = {**queue.rest, "priority": priority, "updated": context.now}
            context.store.work_queues.put(replace(queue, rest=settings))
