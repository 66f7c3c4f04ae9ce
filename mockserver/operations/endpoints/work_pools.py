"""The endpoints of work pools, their queues and their workers."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_POOL = f"/work_pools/{{name:{TEXT_SEGMENT}}}"
_OF_POOL = f"/work_pools/{{work_pool_name:{TEXT_SEGMENT}}}"
_POOL_QUEUE = f"{_OF_POOL}/queues/{{name:{TEXT_SEGMENT}}}"
_QUEUE = f"/work_queues/{UUID_SEGMENT}"

_POOLS = (
    Endpoint(
        "POST",
        "/work_pools/",
        "work_pools.pools.create_work_pool",
        "objects.WorkPoolCreate",
    ),
    Endpoint(
        "POST",
        "/work_pools/filter",
        "work_pools.pools.filter_work_pools",
        "objects.WorkPoolFilterRequest",
    ),
    Endpoint(
        "POST",
        "/work_pools/count",
        "work_pools.pools.count_work_pools",
        "objects.WorkPoolCountRequest",
    ),
    Endpoint("GET", _POOL, "work_pools.pools.read_work_pool"),
    Endpoint(
        "PATCH",
        _POOL,
        "work_pools.pools.update_work_pool",
        "objects.WorkPoolUpdate",
        status=204,
    ),
    Endpoint("DELETE", _POOL, "work_pools.pools.delete_work_pool", status=204),
    Endpoint(
        "POST",
        f"{_POOL}/get_scheduled_flow_runs",
        "work_pools.polling.scheduled_runs",
        "objects.PolledRunsRequest",
    ),
    Endpoint(
        "POST",
        f"{_POOL}/concurrency_status",
        "work_pools.slots.read_pool_status",
        "objects.PoolConcurrencyStatusRequest",
        since="active_slots",
    ),
)
_POOL_QUEUES = (
    Endpoint(
        "POST",
        f"{_OF_POOL}/queues",
        "work_pools.queues.create_pool_queue",
        "objects.WorkQueueCreate",
    ),
    Endpoint(
        "POST",
        f"{_OF_POOL}/queues/filter",
        "work_pools.queues.filter_pool_queues",
        "objects.PoolQueueFilterRequest",
    ),
    Endpoint("GET", _POOL_QUEUE, "work_pools.queues.read_pool_queue"),
    Endpoint(
        "PATCH",
        _POOL_QUEUE,
        "work_pools.queues.update_pool_queue",
        "objects.WorkQueueUpdate",
        status=204,
    ),
    Endpoint("DELETE", _POOL_QUEUE, "work_pools.queues.delete_pool_queue", status=204),
)
_WORKERS = (
    Endpoint(
        "POST",
        f"{_OF_POOL}/workers/heartbeat",
        "work_pools.workers.heartbeat",
        "objects.WorkerHeartbeat",
        status=204,
    ),
    Endpoint(
        "POST",
        f"{_OF_POOL}/workers/filter",
        "work_pools.workers.filter_workers",
        "objects.WorkerFilterRequest",
    ),
    Endpoint(
        "DELETE",
        f"{_OF_POOL}/workers/{{name:{TEXT_SEGMENT}}}",
        "work_pools.workers.delete_worker",
        status=204,
    ),
)
_QUEUES = (
    Endpoint(
        "POST",
        "/work_queues/",
        "work_pools.agent_queues.create_work_queue",
        "objects.WorkQueueCreate",
    ),
    Endpoint(
        "POST",
        "/work_queues/filter",
        "work_pools.queues.filter_work_queues",
        "objects.WorkQueueFilterRequest",
    ),
    Endpoint(
        "GET",
        f"/work_queues/name/{{name:{TEXT_SEGMENT}}}",
        "work_pools.agent_queues.read_work_queue_by_name",
    ),
    Endpoint("GET", _QUEUE, "work_pools.agent_queues.read_work_queue"),
    Endpoint(
        "PATCH",
        _QUEUE,
        "work_pools.queues.update_work_queue",
        "objects.WorkQueueUpdate",
        status=204,
    ),
    Endpoint("DELETE", _QUEUE, "work_pools.queues.delete_work_queue", status=204),
    Endpoint(
        "POST",
        f"{_QUEUE}/get_runs",
        "work_pools.polling.queue_runs",
        "objects.QueueRunsRequest",
        header_flags=("x-prefect-ui",),
    ),
    Endpoint(
        "POST",
        f"{_QUEUE}/concurrency_status",
        "work_pools.slots.read_queue_status",
        "objects.ConcurrencyStatusRequest",
        since="active_slots",
    ),
    Endpoint("GET", f"{_QUEUE}/status", "work_pools.agent_queues.read_status"),
)
WORK_POOLS = (*_POOLS, *_POOL_QUEUES, *_WORKERS, *_QUEUES)
