"""Work pools, queues and workers as replies show them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ...errors import ServerFailure
from ...prefect import Json, WorkPool, WorkQueue
from ...prefect.objects import Worker
from .. import Context
from .records import (
    AGENT_TYPE,
    DEFAULT_TYPE,
    default_queue_id,
    is_paused,
    last_polled,
    limit_of,
    object_of,
    priority_of,
    status_of,
    text_of,
)
from .slots import StateTypes, count_pool, count_queue

Reply = dict[str, Any]
# Prefect: schemas/core.py, WorkPoolStorageConfiguration.
_STORAGE_DEFAULTS: Json = {
    "bundle_upload_step": None,
    "bundle_execution_step": None,
    "default_result_storage_block_id": None,
}
# Prefect: types/names.py, BANNED_CHARACTERS.
_UNREADABLE_NAME = re.compile(r"[/%&><]|\A\Z")
# Prefect: schemas/responses.py. A worker is offline after so many intervals without a heartbeat.
DEFAULT_HEARTBEAT_SECONDS = 30
MISSED_HEARTBEATS = 3


def pool_replies(context: Context, pools: list[WorkPool]) -> list[Reply]:
    """Pools as the schema WorkPoolResponse has them."""
    return [_pool_reply(context, pool) | _pool_slots(context, pool) for pool in pools]


def queue_replies(
    context: Context, queues: list[WorkQueue], state_types: StateTypes
) -> list[Reply]:
    """Queues as the schema WorkQueueResponse has them.

    `state_types`: the runs that take a slot. Raises ServerFailure for a name that an update gave
    and that no reply of a real server can have.
    """
    if context.dialect.undocumented_5xx and any(
        _UNREADABLE_NAME.search(queue.name) for queue in queues
    ):
        raise ServerFailure("a queue's name with a character that none may have", retryable=False)
    return [
        _queue_reply(context, queue) | _queue_slots(context, queue, state_types) for queue in queues
    ]


def worker_replies(context: Context, workers: Iterable[Worker]) -> list[Reply]:
    """Workers as the schema WorkerResponse has them."""
    return [_worker_reply(context, worker) for worker in workers]


def _pool_slots(context: Context, pool: WorkPool) -> Reply:
    if not context.dialect.active_slots:
        return {}
    return {"active_slots": None if limit_of(pool) is None else count_pool(context, pool.id)}


def _queue_slots(context: Context, queue: WorkQueue, state_types: StateTypes) -> Reply:
    if not context.dialect.active_slots:
        return {}
    limited = limit_of(queue) is not None
    return {"active_slots": count_queue(context, queue, state_types) if limited else None}


def _pool_reply(context: Context, pool: WorkPool) -> Reply:
    kind = pool.type or DEFAULT_TYPE
    return {
        "id": pool.id,
        **_times(context, pool),
        "name": pool.name,
        "description": text_of(pool, "description"),
        "type": kind,
        "base_job_template": object_of(pool, "base_job_template") or {},
        "is_paused": is_paused(pool),
        "concurrency_limit": limit_of(pool),
        "status": None if kind == AGENT_TYPE else status_of(pool),
        "default_queue_id": default_queue_id(context.store, pool),
        "storage_configuration": {
            key: (object_of(pool, "storage_configuration") or {}).get(key, default)
            for key, default in _STORAGE_DEFAULTS.items()
        },
    }


def _queue_reply(context: Context, queue: WorkQueue) -> Reply:
    pool = context.store.work_pools.get(queue.work_pool_id)
    criteria = object_of(queue, "filter")
    return {
        "id": queue.id,
        **_times(context, queue),
        "name": queue.name,
        "description": text_of(queue, "description") or "",
        "is_paused": is_paused(queue),
        "concurrency_limit": limit_of(queue),
        "priority": priority_of(queue),
        "work_pool_id": queue.work_pool_id,
        "filter": criteria and {key: criteria.get(key) for key in ("tags", "deployment_ids")},
        "last_polled": last_polled(queue),
        "work_pool_name": pool.name if pool else None,
        "status": status_of(queue),
    }


def _times(context: Context, record: WorkPool | WorkQueue) -> Reply:
    created = record.rest.get("created") or context.store.base.loaded_at
    return {"created": created, "updated": record.rest.get("updated") or created}


def _worker_reply(context: Context, worker: Worker) -> Reply:
    interval = worker.heartbeat_interval_seconds or DEFAULT_HEARTBEAT_SECONDS
    silent = context.now - worker.last_heartbeat_time
    return {
        "id": worker.id,
        "created": worker.created,
        "updated": worker.updated,
        "name": worker.name,
        "work_pool_id": worker.work_pool_id,
        "last_heartbeat_time": worker.last_heartbeat_time,
        "heartbeat_interval_seconds": worker.heartbeat_interval_seconds,
        "status": "ONLINE" if _is_within(silent, interval) else "OFFLINE",
    }


def _is_within(silent: timedelta, interval: int) -> bool:
    # In seconds: an interval can be too large for a timedelta.
    return silent.total_seconds() < interval * MISSED_HEARTBEATS
