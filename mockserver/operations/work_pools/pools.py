"""Operations on work pools: create, read, change, delete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...errors import Conflict, Forbidden
from ...filters import MATCH_ALL, Predicate, combine_criteria
from ...prefect import Dialect, WorkPool, check_integer_size, check_storable
from ...prefect.objects import Worker
from ...requests import MAX_PAGE_LIMIT
from ...requests.objects import (
    WorkPoolCountRequest,
    WorkPoolCreate,
    WorkPoolFilterRequest,
    WorkPoolUpdate,
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
from .job_templates import check_job_template
from .queues import add_queue
from .records import AGENT_TYPE, DEFAULT_QUEUE, find_pool, queues_of, require_pool
from .replies import pool_replies
from .workers import workers_of

_RESERVED = "prefect"
# Prefect: api/workers.py, update_work_pool.
_CHANGEABLE_IN_RESERVED = frozenset({"is_paused", "concurrency_limit"})


def create_work_pool(context: Context, body: WorkPoolCreate) -> Outcome:
    """Create a work pool and its default queue.

    Raises Forbidden for a reserved name, Conflict for one that another pool has, ServerFailure for
    values that the dialect's database cannot hold, and as `check_job_template`.
    """
    if _is_reserved(body.name):
        raise Forbidden("Work pools starting with 'Prefect' are reserved for internal use.")
    check_job_template(context, body.base_job_template)
    return Outcome(pool_replies(context, [add_pool(context, body)])[0], made=True)


def add_pool(context: Context, body: WorkPoolCreate) -> WorkPool:
    """Add a pool and its default queue to the store; raises as `create_work_pool`."""
    check_storable(
        context.dialect,
        texts=(body.name, body.description, body.type),
        values=(body.base_job_template, body.storage_configuration.model_dump()),
    )
    check_integer_size(context.dialect, body.concurrency_limit or 0, bits=32)
    if find_pool(context, body.name) is not None:
        raise Conflict("A work pool with this name already exists.")
    settings = body.model_dump(exclude={"name", "type"})
    pool = WorkPool(context.new_id(), body.name, body.type)
    queue = add_queue(
        context, pool, {"name": DEFAULT_QUEUE, "description": "The work pool's default queue."}
    )
    # A pool of an agent has a status, too, which no reply shows.
    settings["status"] = "PAUSED" if body.is_paused and body.type != AGENT_TYPE else "NOT_READY"
    settings |= {"default_queue_id": queue.id, "created": context.now, "updated": context.now}
    pool = replace(pool, rest=settings)
    context.store.work_pools.put(pool)
    return pool


def read_work_pool(context: Context, name: str) -> Outcome:
    """Read the work pool with a name. Raises NotFound."""
    return Outcome(pool_replies(context, [require_pool(context, name)])[0])


def filter_work_pools(context: Context, body: WorkPoolFilterRequest) -> Outcome:
    """List the work pools that a filter matches, by name.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    found, warnings = _matching(context, body, parameters=2)
    offset = check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    by_name = sorted(found, key=lambda pool: pool.name)
    return Outcome(pool_replies(context, by_name[offset:][:limit]), warnings=warnings)


def count_work_pools(context: Context, body: WorkPoolCountRequest) -> Outcome:
    """Count the work pools that a filter matches; raises as `filter_work_pools`."""
    found, warnings = _matching(context, body, parameters=0)
    return Outcome(sum(1 for _ in found), warnings=warnings)


def _matching(
    context: Context, body: WorkPoolCountRequest | WorkPoolFilterRequest, parameters: int
) -> tuple[Iterable[WorkPool], tuple[str, ...]]:
    predicate, warnings = compile_body_filters(context, body, _pools_predicate, parameters)
    return filter(predicate, context.store.work_pools), warnings


def _pools_predicate(filters: FilterSet, store: Store, dialect: Dialect) -> Predicate:
    if filters.work_pools is None:
        return MATCH_ALL
    criteria = compile_criteria_of("work_pools", filters.work_pools, store, dialect)
    return combine_criteria(filters.work_pools, criteria)


def update_work_pool(context: Context, name: str, body: WorkPoolUpdate) -> Outcome:
    """Change the settings of a work pool that the body has.

    Raises NotFound; Forbidden for a reserved pool, of which little can be changed; Conflict for
    null where no column takes it; ServerFailure for values that the database cannot hold.
    """
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    if _is_reserved(name) and changes.keys() - _CHANGEABLE_IN_RESERVED:
        raise Forbidden(
            "Work pools starting with 'Prefect' are reserved for internal use and can only be "
            "updated to set concurrency limits or pause."
        )
    pool = require_pool(context, name)
    check_storable(
        context.dialect,
        texts=(body.description,),
        values=[changes.get(key) for key in ("base_job_template", "storage_configuration")],
    )
    check_integer_size(context.dialect, body.concurrency_limit or 0, bits=32)
    # NOT NULL (Prefect: orm_models.py, WorkPool).
    if any(changes.get(key, ...) is None for key in ("is_paused", "storage_configuration")):
        raise Conflict(CONFLICT)
    if body.is_paused is not None and pool.type != AGENT_TYPE:
        # As the workers' last heartbeats have left them: none of them goes offline by itself.
        running = "READY" if workers_of(context.store, pool.id) else "NOT_READY"
        changes["status"] = "PAUSED" if body.is_paused else running
    set_pool(context, pool, changes)
    return Outcome(None)


def set_pool(context: Context, pool: WorkPool, changes: dict[str, Any]) -> None:
    """Change settings of a pool."""
    settings = {**pool.rest, **changes, "updated": context.now}
    context.store.work_pools.put(replace(pool, rest=settings))


def delete_work_pool(context: Context, name: str) -> Outcome:
    """Delete a work pool with its queues and workers. Flow runs and deployments stay, without it.

    Raises NotFound, and Forbidden for a reserved pool.
    """
    if _is_reserved(name):
        raise Forbidden(
            "Work pools starting with 'Prefect' are reserved for internal use and can not be "
            "deleted."
        )
    store = context.store
    pool = require_pool(context, name)
    store.drop_work_queues(frozenset(queue.id for queue in queues_of(store, pool.id)))
    store.objects(Worker).drop([worker.id for worker in workers_of(store, pool.id)])
    store.work_pools.drop([pool.id])
    return Outcome(None)


def _is_reserved(name: str) -> bool:
    return name.lower().startswith(_RESERVED)
