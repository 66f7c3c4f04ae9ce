"""The work queue of a deployment or of one of its runs: found by its name, or made."""

from __future__ import annotations

from ...errors import NotFound
from ...prefect import WorkPool, WorkQueue, check_storable
from .. import Context
from ..work_pools import make_way, next_priority

DEFAULT_QUEUE = "default"
"""The queue that each pool has."""
AGENT_POOL = "default-agent-pool"
"""The pool of queues that are named without a pool (Prefect: DEFAULT_AGENT_WORK_POOL_NAME)."""
AGENT_TYPE = "prefect-agent"


def find_pool(context: Context, name: str) -> WorkPool | None:
    """The work pool with a name, or None."""
    check_storable(context.dialect, texts=(name,))
    return next((pool for pool in context.store.work_pools if pool.name == name), None)


def require_pool(context: Context, name: str) -> WorkPool:
    """The work pool with a name. Raises NotFound."""
    pool = find_pool(context, name)
    if pool is None:
        raise NotFound(f'Work pool "{name}" not found.')
    return pool


def queue_for(context: Context, pool_name: str | None, queue_name: str | None) -> WorkQueue | None:
    """The queue that a body names, which need not be in the store yet; None where it names none.

    Raises NotFound for an unknown pool.
    """
    if pool_name:
        return _queue_of(context, require_pool(context, pool_name), queue_name or DEFAULT_QUEUE)
    if not queue_name:
        return None
    pool = find_pool(context, AGENT_POOL) or WorkPool(context.new_id(), AGENT_POOL, AGENT_TYPE)
    # Prefect: models/work_queues.py, ensure_work_queue_exists.
    return _queue_of(context, pool, queue_name, priority=1)


def queue_in_pool_of(context: Context, queue_id: str | None, name: str) -> WorkQueue | None:
    """The queue with a name in the pool of another queue; None where that is in no pool."""
    queue = context.store.work_queues.get(queue_id)
    pool = context.store.work_pools.get(queue.work_pool_id) if queue else None
    return None if pool is None else _queue_of(context, pool, name)


def save_queue(context: Context, queue: WorkQueue | None) -> None:
    """Put a queue into the store if it is new, with the pool of agents if that is new."""
    store = context.store
    if queue is None or queue.id in store.work_queues:
        return
    if queue.work_pool_id not in store.work_pools and queue.work_pool_id is not None:
        pool = WorkPool(queue.work_pool_id, AGENT_POOL, AGENT_TYPE)
        store.work_pools.put(pool)
        if queue.name != DEFAULT_QUEUE:
            store.work_queues.put(_new_queue(context, pool, DEFAULT_QUEUE))
    store.work_queues.put(queue)
    make_way(context, queue)


def _queue_of(
    context: Context, pool: WorkPool, name: str, priority: int | None = None
) -> WorkQueue:
    check_storable(context.dialect, texts=(name,))
    for queue in context.store.work_queues:
        if queue.work_pool_id == pool.id and queue.name == name:
            return queue
    return _new_queue(context, pool, name, priority)


def _new_queue(
    context: Context, pool: WorkPool, name: str, priority: int | None = None
) -> WorkQueue:
    priority = priority or next_priority(context.store, pool.id)
    rest = {"priority": priority, "created": context.now, "updated": context.now}
    return WorkQueue(context.new_id(), name, pool.id, rest)
