"""Which flow runs take the slots of concurrency limits of pools and queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import NotFound
from ...filters import (
    IS_NULL,
    ONE_OF,
    AllOf,
    AnyOf,
    Comparison,
    FlowRunFilter,
    Predicate,
    combine_criteria,
    compile_criteria,
)
from ...prefect import Dialect, FlowRun, StateType, WorkPool, WorkQueue
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import ConcurrencyStatusRequest, PoolConcurrencyStatusRequest
from ...store import SortBy
from .. import Context, Outcome, check_offset, complete_state
from .records import find_pool, is_paused, limit_of, object_of, queues_of

StateTypes = frozenset[StateType]
POOL_STATES: StateTypes = frozenset({StateType.PENDING, StateType.RUNNING})
"""The states of runs that take a slot of a pool, or of a queue that is asked for by its pool."""
QUEUE_STATES: StateTypes = POOL_STATES | {StateType.CANCELLING}
"""The states of runs that take a slot of a queue that is asked for by itself."""


def in_states(state_types: StateTypes) -> Comparison:
    """The condition that the state of a flow run is of one of these types."""
    return Comparison("state_type", ONE_OF, state_types)


def in_queues(queue_ids: Iterable[str]) -> Comparison:
    """The condition that a flow run is in one of these queues."""
    return Comparison("work_queue_id", ONE_OF, frozenset(queue_ids))


def in_filtered_queue(criteria: Mapping[str, Any], dialect: Dialect) -> Predicate:
    """The condition of a queue of the deprecated kind, which takes runs by their tags."""
    flow_runs = FlowRunFilter.model_validate(
        {
            "tags": {"all_": criteria.get("tags")},
            "deployment_id": {"any_": criteria.get("deployment_ids"), "is_null_": False},
        }
    )
    return combine_criteria(flow_runs, compile_criteria(flow_runs, dialect))


def named_queue(queue: WorkQueue) -> Comparison:
    """The condition that a flow run names a queue, whether or not it is in it."""
    return Comparison("work_queue_name", ONE_OF, frozenset((queue.name,)))


def count_pool(context: Context, pool_id: str, *, paused: bool = True) -> int:
    """How many slots of a pool are taken; `paused`: those in paused queues, too."""
    queues = queues_of(context.store, pool_id)
    queue_ids = (queue.id for queue in queues if paused or not is_paused(queue))
    return _count(context, in_queues(queue_ids), POOL_STATES)


def count_queue(
    context: Context, queue: WorkQueue, state_types: StateTypes, *, by_name: bool = False
) -> int:
    """How many slots of a queue are taken by runs in these states.

    `by_name`: by those that name it, where the queue is asked for by itself.
    """
    criteria = object_of(queue, "filter")
    # Only the routes of queues look at it, and at names (Prefect: models/work_queues.py,
    # count_work_queue_active_slots; query_components.py).
    if state_types is POOL_STATES:
        return _count(context, in_queues([queue.id]), state_types)
    if criteria is not None:
        return _count(context, in_filtered_queue(criteria, context.dialect), POOL_STATES)
    return _count(context, named_queue(queue) if by_name else in_queues([queue.id]), state_types)


def _count(context: Context, test: Predicate, state_types: StateTypes) -> int:
    return context.store.count(AllOf((test, in_states(state_types))))


def read_pool_status(context: Context, name: str, body: PoolConcurrencyStatusRequest) -> Outcome:
    """Tell which runs take the slots of a pool, by its queues. Raises NotFound."""
    pool = find_pool(context, name)
    if pool is None:
        raise NotFound(f"Work pool {name!r} not found.")
    queues = queues_of(context.store, pool.id)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    start = check_offset(context, (body.page - 1) * limit)
    shown = [_queue_status(context, one, body.flow_run_limit) for one in queues[start:][:limit]]
    active = count_pool(context, pool.id)
    return Outcome(_page(body, limit, len(queues), active, pool) | {"queues": shown})


def read_queue_status(context: Context, queue_id: str, body: ConcurrencyStatusRequest) -> Outcome:
    """Tell which runs take the slots of a queue. Raises NotFound."""
    queue = context.store.work_queues.get(queue_id)
    if queue is None:
        raise NotFound("Work queue not found.")
    # Runs that name a queue without being in one count, too (Prefect: models/workers.py,
    # _work_queue_slot_holder_filter).
    named = AllOf((Comparison("work_queue_id", IS_NULL), named_queue(queue)))
    test = AllOf((AnyOf((in_queues([queue.id]), named)), in_states(QUEUE_STATES)))
    count = context.store.count(test)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    start = check_offset(context, (body.page - 1) * limit)
    runs = _lowest_ids(context, test, start, min(start + limit, count), count)
    page = _page(body, limit, count, count, queue)
    return Outcome(page | {"flow_runs": [_run_summary(context, run) for run in runs]})


def _page(
    body: ConcurrencyStatusRequest,
    limit: int,
    count: int,
    active: int,
    record: WorkPool | WorkQueue,
) -> dict[str, Any]:
    return {
        "active_slots": active,
        "concurrency_limit": limit_of(record),
        "count": count,
        "limit": limit,
        "pages": -(-count // limit) if limit else 0,
        "page": body.page,
    }


def _queue_status(context: Context, queue: WorkQueue, run_limit: int) -> dict[str, Any]:
    test = AllOf((in_queues([queue.id]), in_states(POOL_STATES)))
    count = context.store.count(test)
    runs = _lowest_ids(context, test, 0, min(run_limit, count), count)
    return {
        "queue_id": queue.id,
        "queue_name": queue.name,
        "active_slots": count,
        "concurrency_limit": limit_of(queue),
        "flow_runs": [_run_summary(context, run) for run in runs],
        "flow_run_count": count,
    }


def _lowest_ids(
    context: Context, test: Predicate, start: int, stop: int, count: int
) -> list[FlowRun]:
    """The runs from one place to another among `count` that satisfy a test, lowest id first."""
    if start >= stop:
        return []
    # The store sorts by id in the other direction.
    by_id = SortBy("id", True, True)
    return context.store.page(test, by_id, count - stop, count - start)[::-1]


def _run_summary(context: Context, run: FlowRun) -> dict[str, Any]:
    state = complete_state(run, context.store)
    entered = state.timestamp if state else None
    return {
        "id": run.id,
        "name": run.name,
        "state_type": run.state_type,
        "state_name": run.state_name,
        "start_time": run.start_time,
        "state_timestamp": entered,
        "time_in_current_state": entered and (context.now - entered).total_seconds(),
    }
