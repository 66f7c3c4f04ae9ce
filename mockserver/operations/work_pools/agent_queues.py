"""Operations on work queues that are asked for without a pool: as agents of Prefect 2 did."""

from __future__ import annotations

from datetime import timedelta

from ...errors import NotFound
from ...filters import ONE_OF, AllOf, Comparison
from ...prefect import WorkPool, check_storable
from ...requests.objects import WorkPoolCreate, WorkQueueCreate
from .. import Context, Outcome
from .pools import add_pool
from .queues import add_queue, require_work_queue
from .records import DEFAULT_QUEUE, find_pool, last_polled, queues_of
from .replies import queue_replies
from .slots import QUEUE_STATES, in_queues

# Prefect: models/workers.py, DEFAULT_AGENT_WORK_POOL_NAME.
AGENT_POOL = "default-agent-pool"
# Prefect: models/work_queues.py, read_work_queue_status.
_MAX_LATE_RUNS = 0
_MAX_SECONDS_SINCE_POLLED = 60
_STEP = timedelta(milliseconds=1)


def create_work_queue(context: Context, body: WorkQueueCreate) -> Outcome:
    """Create a queue in the pool of agents, which is created with the first one.

    Raises as `create_pool_queue`, with another text.
    """
    pool = find_pool(context, AGENT_POOL)
    if pool is None:
        pool = add_pool(context, WorkPoolCreate(name=AGENT_POOL))
        if body.name == DEFAULT_QUEUE:  # it came with the pool
            (queue,) = queues_of(context.store, pool.id)
            return Outcome(queue_replies(context, [queue], QUEUE_STATES)[0], made=True)
        # As on a real server, the queue is newer than the pool's own: clients list by that, and
        # look at their clock anew for each queue (Prefect: cli/work_queue.py, ls).
        context = context._replace(now=context.now + _STEP)
    taken = "A work queue with this name already exists."
    queue = add_queue(context, pool, body.model_dump(), taken=taken)
    return Outcome(queue_replies(context, [queue], QUEUE_STATES)[0], made=True)


def read_work_queue(context: Context, queue_id: str) -> Outcome:
    """Read one queue. Raises NotFound."""
    queue = require_work_queue(context, queue_id)
    return Outcome(queue_replies(context, [queue], QUEUE_STATES)[0])


def read_work_queue_by_name(context: Context, name: str) -> Outcome:
    """Read the queue with a name: of the pool of agents, or of any pool where there is none.

    Raises NotFound, and ServerFailure for a name that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(name,))
    pool: WorkPool | None = find_pool(context, AGENT_POOL)
    store = context.store
    queues = store.work_queues if pool is None else queues_of(store, pool.id)
    queue = next((queue for queue in queues if queue.name == name), None)
    if queue is None:
        raise NotFound("work queue not found")
    return Outcome(queue_replies(context, [queue], QUEUE_STATES)[0])


def read_status(context: Context, queue_id: str) -> Outcome:
    """Tell whether a queue is polled, and has no late runs. Raises NotFound."""
    queue = context.store.work_queues.get(queue_id)
    if queue is None:
        text = f"Work queue with id {queue_id} not found"
        raise NotFound(text, from_set_state=True)
    late = Comparison("state_name", ONE_OF, frozenset(("Late",)))
    late_runs = context.store.count(AllOf((in_queues([queue.id]), late)))
    polled = last_polled(queue)
    recent = (
        polled is not None and (context.now - polled).total_seconds() <= _MAX_SECONDS_SINCE_POLLED
    )
    value = {
        "healthy": recent and late_runs <= _MAX_LATE_RUNS,
        "late_runs_count": late_runs,
        "last_polled": polled,
        "health_check_policy": {
            "maximum_late_runs": _MAX_LATE_RUNS,
            "maximum_seconds_since_last_polled": _MAX_SECONDS_SINCE_POLLED,
        },
    }
    return Outcome(value)
