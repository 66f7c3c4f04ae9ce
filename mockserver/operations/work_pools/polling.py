"""Operations with which workers and agents ask for the runs that are due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from ...errors import NotFound
from ...filters import AT_OR_AFTER, AT_OR_BEFORE, AllOf, Comparison, Predicate
from ...prefect import FlowRun, StateType, WorkPool, WorkQueue, check_time_range
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import PolledRunsRequest, QueueRunsRequest
from ...store import SortBy
from .. import Context, Outcome, flow_run_reply
from .records import (
    is_paused,
    limit_of,
    object_of,
    priority_of,
    queues_of,
    require_pool,
    require_queue,
    status_of,
)
from .slots import (
    POOL_STATES,
    QUEUE_STATES,
    StateTypes,
    count_pool,
    count_queue,
    in_filtered_queue,
    in_queues,
    in_states,
    named_queue,
)

_DUE = "next_scheduled_start_time"
_SCHEDULED: StateTypes = frozenset({StateType.SCHEDULED})


def scheduled_runs(context: Context, pool_name: str, body: PolledRunsRequest) -> Outcome:
    """List the runs of a pool that are due, as far as its limits have free slots.

    The queues that are asked for become READY, and so do their deployments. Raises NotFound;
    ServerFailure or InvalidRequest for a time that the dialect's database cannot hold.
    """
    pool = require_pool(context, pool_name)
    names = dict.fromkeys(body.work_queue_names or ())
    queues = queues_of(context.store, pool.id)
    if names:
        queues = [require_queue(context, pool_name, name) for name in names]
    bounds = _bounds(context, body.scheduled_before, body.scheduled_after)
    found = _runs_of_pool(context, pool, queues, bounds, _limit(body))
    runs = [
        {
            "work_pool_id": pool.id,
            "work_queue_id": run.work_queue_id,
            "flow_run": _polled_run(context, run),
        }
        for run in found
    ]
    _mark_polled(context, queues)
    return Outcome(runs)


def queue_runs(context: Context, queue_id: str, for_page: bool, body: QueueRunsRequest) -> Outcome:
    """List the runs of a queue that are due, as far as its limit has free slots.

    The queue becomes READY, and so do its deployments, unless Prefect's page asks to show them
    (`for_page`; Prefect: api/work_queues.py, read_work_queue_runs). Raises as `scheduled_runs`.
    """
    queue = context.store.work_queues.get(queue_id)
    if queue is None:
        raise NotFound(f"Work queue with id {queue_id} not found.", from_set_state=True)
    bounds = _bounds(context, body.scheduled_before, None)
    runs = _runs_of_queue(context, queue, bounds, _limit(body))
    replies = [_run_reply(context, run) for run in runs]
    if not for_page:
        _mark_polled(context, [queue])
    return Outcome(replies)


def _limit(body: PolledRunsRequest | QueueRunsRequest) -> int:
    return MAX_PAGE_LIMIT if body.limit is None else body.limit


def _bounds(
    context: Context, before: datetime | None, after: datetime | None
) -> tuple[Predicate, ...]:
    """The conditions that the next scheduled start of a run is between two times."""
    check_time_range(context.dialect, before, ("body", "scheduled_before"))
    check_time_range(context.dialect, after, ("body", "scheduled_after"))
    bounds = ((AT_OR_BEFORE, before), (AT_OR_AFTER, after))
    return tuple(Comparison(_DUE, relation, time) for relation, time in bounds if time is not None)


def _runs_of_pool(
    context: Context,
    pool: WorkPool,
    queues: Iterable[WorkQueue],
    bounds: tuple[Predicate, ...],
    limit: int,
) -> list[FlowRun]:
    """The runs of a pool's queues that are due, of the queue with the highest priority first."""
    # Prefect: get-runs-from-worker-queues.sql.jinja.
    if is_paused(pool):
        return []
    pool_limit = limit_of(pool)
    if pool_limit is not None:
        taken = count_pool(context, pool.id, paused=not context.dialect.paused_queues_free)
        limit = min(limit, max(0, pool_limit - taken))
    found: list[FlowRun] = []
    for queue in sorted(queues, key=priority_of):
        left = limit - len(found)
        slots = _free_slots(context, queue, POOL_STATES, left)
        if slots and not is_paused(queue):
            due = AllOf((in_queues([queue.id]), in_states(_SCHEDULED), *bounds))
            found += islice(_not_in_process(context, due, slots), slots)
    return found


def _runs_of_queue(
    context: Context, queue: WorkQueue, bounds: tuple[Predicate, ...], limit: int
) -> list[FlowRun]:
    """The runs that name a queue and are due; of a queue with a filter, those that it takes."""
    # Prefect: models/work_queues.py, get_runs_in_work_queue and _legacy_get_runs_in_work_queue.
    if is_paused(queue):
        return []
    criteria = object_of(queue, "filter")
    if criteria is None:
        test: Predicate = named_queue(queue)
    else:
        test = in_filtered_queue(criteria, context.dialect)
    slots = _free_slots(context, queue, QUEUE_STATES, limit)
    due = AllOf((test, in_states(_SCHEDULED), *bounds))
    return context.store.page(due, _soonest_first(context), 0, slots) if slots else []


def _free_slots(context: Context, queue: WorkQueue, state_types: StateTypes, most: int) -> int:
    limit = limit_of(queue)
    if limit is None or not most:
        return most
    return min(most, max(0, limit - count_queue(context, queue, state_types, by_name=True)))


def _soonest_first(context: Context) -> SortBy:
    return SortBy(_DUE, descending=False, nulls_first=not context.dialect.nulls_high)


def _not_in_process(context: Context, due: Predicate, size: int) -> Iterator[FlowRun]:
    """Runs that are due, but for those that their own process will run again."""
    start = 0
    while True:
        page = context.store.page(due, _soonest_first(context), start, start + size)
        yield from (run for run in page if run.empirical_policy.get("retry_type") != "in_process")
        if len(page) < size:
            return
        start, size = start + size, size * _GROWTH


_GROWTH = 4
"""How many times as many runs are looked at next, where those looked at were not enough."""


def _run_reply(context: Context, run: FlowRun) -> dict[str, Any]:
    """A run with the columns of its own: what its queue and pool would add is left out."""
    reply = flow_run_reply(run, context.store, context.now)
    # Prefect returns the rows themselves here, and no FlowRunResponse that was made of them.
    return reply | {
        "work_queue_name": run.work_queue_name,
        "work_pool_id": None,
        "work_pool_name": None,
    }


def _polled_run(context: Context, run: FlowRun) -> dict[str, Any]:
    """A run as the schema FlowRun has it."""
    reply = _run_reply(context, run)
    del reply["work_pool_id"], reply["work_pool_name"]
    return reply if context.dialect.polled_run_state else reply | {"state": None}


def _mark_polled(context: Context, queues: Iterable[WorkQueue]) -> None:
    """Note that queues were asked for runs. A real server's own task does it, soon after."""
    # Prefect: mark_work_queues_ready and mark_deployments_ready, which runs without background
    # services, too (measured).
    store, now = context.store, context.now
    polled = list(queues)
    # Looked up before anything changes: this may raise NotPrepared.
    deployments = list(filter(in_queues(queue.id for queue in polled), store.deployments))
    for queue in polled:
        changes: dict[str, Any] = {"last_polled": now, "updated": now}
        if status_of(queue) == "NOT_READY":
            changes["status"] = "READY"
        store.work_queues.put(replace(queue, rest={**queue.rest, **changes}))
    for deployment in deployments:
        rest = {**deployment.rest, "last_polled": now, "status": "READY"}
        store.deployments.put(replace(deployment, rest=rest))
