"""Work pools and queues as records: found by their names, and with the settings in their `rest`.

A pool that a seed gives may have anything there, or nothing: then a setting has the default that a
real server would have given it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ...errors import NotFound
from ...prefect import WorkPool, WorkQueue, check_storable, parse_rfc3339
from ...store import Store
from .. import Context
from .priorities import first_free

AGENT_TYPE = "prefect-agent"
"""The type of pools without workers. A reply shows no status of them."""
DEFAULT_TYPE = "process"
"""The type of a pool that a seed gives none."""
DEFAULT_QUEUE = "default"
"""The name of the queue that every pool has."""
STATUSES = ("READY", "NOT_READY", "PAUSED")


def find_pool(context: Context, name: str) -> WorkPool | None:
    """The pool with a name, or None.

    Raises ServerFailure for a name that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(name,))
    return next((pool for pool in context.store.work_pools if pool.name == name), None)


def require_pool(context: Context, name: str) -> WorkPool:
    """The pool with a name. Raises NotFound, and ServerFailure as `find_pool` does."""
    pool = find_pool(context, name)
    if pool is None:
        raise NotFound(f'Work pool "{name}" not found.')
    return pool


def require_queue(context: Context, pool_name: str, name: str) -> WorkQueue:
    """The queue with a name in the pool with a name; raises as `require_pool`."""
    check_storable(context.dialect, texts=(pool_name, name))
    pool = find_pool(context, pool_name)
    queues = () if pool is None else queues_of(context.store, pool.id)
    queue = next((queue for queue in queues if queue.name == name), None)
    if queue is None:
        raise NotFound(f"Work pool queue '{pool_name}/{name}' not found.")
    return queue


def queues_of(store: Store, pool_id: str) -> list[WorkQueue]:
    """The queues of a pool, the one with the highest priority first."""
    queues = (queue for queue in store.work_queues if queue.work_pool_id == pool_id)
    return sorted(queues, key=priority_of)


def next_priority(store: Store, pool_id: str) -> int:
    """The priority of a queue that is given none."""
    return first_free(map(priority_of, queues_of(store, pool_id)))


def is_paused(record: WorkPool | WorkQueue) -> bool:
    """Whether a pool or queue is paused."""
    return record.rest.get("is_paused") is True


def limit_of(record: WorkPool | WorkQueue) -> int | None:
    """The concurrency limit of a pool or queue; None for no limit."""
    return _whole_number(record, "concurrency_limit", 0)


def priority_of(queue: WorkQueue) -> int:
    """The priority of a queue; 1 is the highest."""
    return _whole_number(queue, "priority", 1) or 1


def status_of(record: WorkPool | WorkQueue) -> str:
    """The status of a pool or queue, as the last request has left it."""
    status = record.rest.get("status")
    if status in STATUSES:
        return str(status)
    return "PAUSED" if is_paused(record) else "NOT_READY"


def last_polled(queue: WorkQueue) -> datetime | None:
    """When a queue was last asked for runs."""
    value = queue.rest.get("last_polled")
    if isinstance(value, str):
        try:
            return parse_rfc3339(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None


def object_of(record: WorkPool | WorkQueue, key: str) -> Mapping[str, Any] | None:
    """A setting that is an object, or None."""
    value = record.rest.get(key)
    return value if isinstance(value, Mapping) else None


def text_of(record: WorkPool | WorkQueue, key: str) -> str | None:
    """A setting that is a text, or None."""
    value = record.rest.get(key)
    return value if isinstance(value, str) else None


def default_queue_id(store: Store, pool: WorkPool) -> str:
    """The id of a pool's default queue; a derived one where a seed gives the pool no queue."""
    given = text_of(pool, "default_queue_id")
    if given in store.work_queues:
        return str(given)
    queues = queues_of(store, pool.id)
    named = [queue.id for queue in queues if queue.name == DEFAULT_QUEUE]
    derived = str(uuid5(NAMESPACE_URL, f"mockserver:default-queue:{pool.id}"))
    return (*named, *(queue.id for queue in queues), derived)[0]


def _whole_number(record: WorkPool | WorkQueue, key: str, least: int) -> int | None:
    value = record.rest.get(key)
    # A bool is an int.
    return value if type(value) is int and value >= least else None
