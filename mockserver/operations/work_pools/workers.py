"""Operations on workers: their heartbeats, and lists of them."""

from __future__ import annotations

from dataclasses import replace

from ...errors import NotFound
from ...filters import AT_OR_AFTER, AT_OR_BEFORE, NONE_OF, one_of, skip_if_empty, time_bound
from ...prefect import check_integer_size, check_storable
from ...prefect.objects import Worker
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import WorkerFilterRequest, WorkerHeartbeat
from ...store import Store
from .. import Conditions, Context, Outcome, check_offset, match_objects
from .records import require_pool, status_of
from .replies import worker_replies

_CONDITIONS: Conditions = {
    "last_heartbeat_time": {
        "before_": time_bound("last_heartbeat_time", AT_OR_BEFORE),
        "after_": time_bound("last_heartbeat_time", AT_OR_AFTER),
    },
    "status": {"any_": one_of("status"), "not_any_": skip_if_empty("status", NONE_OF)},
}


def workers_of(store: Store, pool_id: str) -> list[Worker]:
    """The workers of a pool."""
    return [worker for worker in store.objects(Worker) if worker.work_pool_id == pool_id]


def heartbeat(context: Context, pool_name: str, body: WorkerHeartbeat) -> Outcome:
    """Note that a worker is there; it is created with its first heartbeat, and its pool is ready.

    Raises NotFound, and ServerFailure for values that the dialect's database cannot hold.
    """
    pool = require_pool(context, pool_name)
    check_storable(context.dialect, texts=(body.name,))
    check_integer_size(context.dialect, body.heartbeat_interval_seconds or 0, bits=32)
    now, interval = context.now, body.heartbeat_interval_seconds
    workers = workers_of(context.store, pool.id)
    worker = next((worker for worker in workers if worker.name == body.name), None)
    if worker is None:
        worker = Worker(context.new_id(), body.name, pool.id, now, interval, now, now)
    elif interval is None:
        worker = replace(worker, last_heartbeat_time=now)
    else:
        worker = replace(worker, last_heartbeat_time=now, heartbeat_interval_seconds=interval)
    context.store.objects(Worker).put(worker)
    if status_of(pool) == "NOT_READY":
        settings = {**pool.rest, "status": "READY", "updated": now}
        context.store.work_pools.put(replace(pool, rest=settings))
    return Outcome(None)


def filter_workers(context: Context, pool_name: str, body: WorkerFilterRequest) -> Outcome:
    """List the workers of a pool that a filter matches, the last heartbeat first.

    Raises NotFound, and ServerFailure where the dialect's database does not run the query.
    """
    pool = require_pool(context, pool_name)
    workers = context.store.objects(Worker)
    found, warnings = match_objects(context, workers, body.workers, _CONDITIONS)
    offset = check_offset(context, body.offset or 0)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    own: list[Worker] = [worker for worker in found if worker.work_pool_id == pool.id]
    last_first = sorted(own, key=lambda worker: worker.last_heartbeat_time, reverse=True)
    return Outcome(worker_replies(context, last_first[offset:][:limit]), warnings=warnings)


def delete_worker(context: Context, pool_name: str, name: str) -> Outcome:
    """Delete a worker of a pool. Raises NotFound."""
    pool = require_pool(context, pool_name)
    check_storable(context.dialect, texts=(name,))
    workers = workers_of(context.store, pool.id)
    named = [worker.id for worker in workers if worker.name == name]
    if not named:
        raise NotFound("Worker not found.")
    context.store.objects(Worker).drop(named)
    return Outcome(None)
