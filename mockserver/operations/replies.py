"""Records as replies show them: every field of Prefect 3.8, computed ones included.

A field that a record lacks has the value that a server would give it: a default, or a time or an id
derived from what is known. Invariant: a derived value is the same in every reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ..prefect import (
    STATE_DETAILS_DEFAULTS,
    Deployment,
    Flow,
    FlowRun,
    Json,
    State,
    StateType,
    TaskRun,
)
from ..prefect.objects import ConcurrencyLimit
from ..store import Store

Reply = dict[str, Any]
Run = FlowRun | TaskRun

# Prefect: schemas/core.py, FlowRunPolicy and TaskRunPolicy.
_FLOW_RUN_POLICY_DEFAULTS: Json = {
    "max_retries": 0,
    "retry_delay_seconds": 0.0,
    "retries": None,
    "retry_delay": None,
    "pause_keys": [],
    "resuming": False,
    "retry_type": None,
}
_TASK_RUN_POLICY_DEFAULTS: Json = {
    "max_retries": 0,
    "retry_delay_seconds": 0.0,
    "retries": None,
    "retry_delay": None,
    "retry_jitter_factor": None,
}
# Prefect: schemas/responses.py, DeploymentResponse.
_DEPLOYMENT_DEFAULTS: Json = {
    "version": None,
    "description": None,
    "schedules": [],
    "concurrency_limit": None,
    "global_concurrency_limit": None,
    "concurrency_options": None,
    "job_variables": {},
    "parameters": {},
    "last_polled": None,
    "parameter_openapi_schema": {},
    "path": None,
    "pull_steps": None,
    "entrypoint": None,
    "storage_document_id": None,
    "infrastructure_document_id": None,
    "created_by": None,
    "updated_by": None,
    "status": "NOT_READY",
    "enforce_parameter_schema": True,
}


def flow_run_reply(run: FlowRun, store: Store, now: datetime) -> Reply:
    """A flow run as the schema FlowRunResponse has it."""
    state = complete_state(run, store)
    created, updated = _created_and_updated(run, state, store)
    queue = store.work_queues.get(run.work_queue_id)
    pool = store.work_pools.get(queue.work_pool_id) if queue else None
    return {
        "id": run.id,
        "created": created,
        "updated": updated,
        "name": run.name,
        "flow_id": run.flow_id,
        "state_id": state.id if state else None,
        "deployment_id": run.deployment_id,
        "deployment_version": run.deployment_version,
        "work_queue_id": run.work_queue_id,
        # The queue's own name wins, and its pool's (Prefect: responses.py, FlowRunResponse).
        "work_queue_name": queue.name if queue else run.work_queue_name,
        "flow_version": run.flow_version,
        "parameters": run.parameters,
        "idempotency_key": run.idempotency_key,
        "context": run.context,
        "empirical_policy": {**_FLOW_RUN_POLICY_DEFAULTS, **run.empirical_policy},
        "tags": run.tags,
        "labels": run.labels,
        "parent_task_run_id": run.parent_task_run_id,
        "state_type": state.type if state else None,
        "state_name": state.name if state else None,
        "run_count": run.run_count,
        "expected_start_time": run.expected_start_time,
        "next_scheduled_start_time": run.next_scheduled_start_time,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "total_run_time": run.total_run_time,
        "estimated_run_time": estimated_run_time(run, state, now),
        "estimated_start_time_delta": estimated_start_time_delta(run, now),
        "auto_scheduled": run.auto_scheduled,
        "infrastructure_document_id": run.infrastructure_document_id,
        "infrastructure_pid": run.infrastructure_pid,
        "created_by": run.created_by,
        "work_pool_id": pool.id if pool else run.work_pool_id,
        "work_pool_name": pool.name if pool else run.work_pool_name,
        "state": state and _state_reply(state, flow_run_id=run.id),
        "job_variables": run.job_variables,
    }


def task_run_reply(run: TaskRun, store: Store, now: datetime) -> Reply:
    """A task run as the schema TaskRun has it."""
    state = complete_state(run, store)
    created, updated = _created_and_updated(run, state, store)
    return {
        "id": run.id,
        "created": created,
        "updated": updated,
        "name": run.name,
        "flow_run_id": run.flow_run_id,
        "task_key": run.task_key,
        "dynamic_key": run.dynamic_key,
        "cache_key": run.cache_key,
        "cache_expiration": run.cache_expiration,
        "task_version": run.task_version,
        "empirical_policy": {**_TASK_RUN_POLICY_DEFAULTS, **run.empirical_policy},
        "tags": run.tags,
        "labels": run.labels,
        "state_id": state.id if state else None,
        "task_inputs": run.task_inputs,
        "state_type": state.type if state else None,
        "state_name": state.name if state else None,
        "run_count": run.run_count,
        "flow_run_run_count": run.flow_run_run_count,
        "expected_start_time": run.expected_start_time,
        "next_scheduled_start_time": run.next_scheduled_start_time,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "total_run_time": run.total_run_time,
        "estimated_run_time": estimated_run_time(run, state, now),
        "estimated_start_time_delta": estimated_start_time_delta(run, now),
        "state": task_state_reply(state, run),
    }


PAGINATED_TASK_RUN_KEYS = (
    *("id", "created", "updated", "name", "flow_run_id", "task_key", "state_id", "state"),
    *("task_version", "task_inputs", "empirical_policy", "tags"),
)
PAGINATED_TASK_RUN_TIMES = (
    *("start_time", "end_time", "total_run_time", "estimated_run_time"),
    "estimated_start_time_delta",
)
"""The keys of a task run in a numbered page, where it is a TaskRunResponse."""


def flow_reply(record: Flow, store: Store, _now: datetime) -> Reply:
    """A flow as the schema Flow has it."""
    created = record.created or store.base.loaded_at
    return {
        "id": record.id,
        "created": created,
        "updated": record.updated or created,
        "name": record.name,
        "tags": record.tags,
        "labels": record.labels,
    }


def deployment_reply(record: Deployment, store: Store, now: datetime) -> Reply:
    """A deployment as the schema DeploymentResponse has it."""
    created = record.created or store.base.loaded_at
    queue = store.work_queues.get(record.work_queue_id)
    pool = store.work_pools.get(queue.work_pool_id) if queue else None
    given = {key: record.rest[key] for key in _DEPLOYMENT_DEFAULTS if key in record.rest}
    return {
        **_DEPLOYMENT_DEFAULTS,
        **given,
        **_limit_now(given, store, now),
        "id": record.id,
        "created": created,
        "updated": record.updated or created,
        "name": record.name,
        "flow_id": record.flow_id,
        "paused": record.paused,
        "tags": record.tags,
        "labels": record.labels,
        "work_queue_name": queue.name if queue else record.work_queue_name,
        "work_queue_id": record.work_queue_id,
        "work_pool_name": pool.name if pool else record.work_pool_name,
    }


def _limit_now(given: Json, store: Store, now: datetime) -> Json:
    """The limit of a deployment as it is now, in place of how it was when it was given."""
    shown = given.get("global_concurrency_limit")
    limit_id = shown.get("id") if isinstance(shown, Mapping) else None
    limit = store.objects(ConcurrencyLimit).get(limit_id) if isinstance(limit_id, str) else None
    return {} if limit is None else {"global_concurrency_limit": limit_reply(limit, now)}


def limit_reply(limit: ConcurrencyLimit, now: datetime) -> Reply:
    """A limit as the schema GlobalConcurrencyLimitResponse has it."""
    return {
        "id": limit.id,
        "created": limit.created,
        "updated": limit.updated,
        "active": limit.active,
        "name": limit.name,
        "limit": limit.limit,
        "active_slots": limit.active_at(now),
        "slot_decay_per_second": limit.slot_decay_per_second,
    }


def state_reply(state: State | None, run: FlowRun) -> Reply | None:
    """A state of a flow run as the schema State has it; None for no state."""
    return None if state is None else _state_reply(state, flow_run_id=run.id)


def task_state_reply(state: State | None, run: TaskRun) -> Reply | None:
    """A state of a task run as the schema State has it; None for no state."""
    owners = {"flow_run_id": run.flow_run_id, "task_run_id": run.id}
    return None if state is None else _state_reply(state, **owners)


def _state_reply(state: State, **owners: str | None) -> Reply:
    return {
        "id": state.id,
        "type": state.type,
        "name": state.name,
        "timestamp": state.timestamp,
        "message": state.message,
        "data": state.data,
        "state_details": state_details_reply(state.details, **owners),
    }


def state_details_reply(details: Json, **owners: str | None) -> Reply:
    """The details of a state as the schema StateDetails has them.

    `owners` are the ids of its flow run and task run; details that say otherwise are those of a
    run that a schedule made. Times keep the offset that they were given with, as on a real server.
    """
    rendered = {
        key: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for key, value in details.items()
    }
    return {"flow_run_id": None, **STATE_DETAILS_DEFAULTS, **owners, **rendered}


def complete_state(run: Run, store: Store) -> State | None:
    """The state of a run, with id and timestamp as stored or derived; None for no state."""
    state = run.state
    if state is None or (state.id is not None and state.timestamp is not None):
        return state
    entered = run.end_time if state.is_final else run.start_time
    return replace(
        state,
        id=state_id(state, run),
        timestamp=state.timestamp or entered or _earliest_known_time(run, store),
    )


def state_id(state: State, run: Run) -> str:
    """The id of a state of a run, as stored or derived."""
    # A derived id is a name-based UUID, so that a state that was listed can be read by its id.
    return state_id_of(state, run.id)


def state_id_of(state: State, run_id: str) -> str:
    """The id of a state of the run with an id."""
    return state.id or str(
        uuid5(NAMESPACE_URL, f"mockserver:state:{run_id}:{state.type}:{state.name}")
    )


def with_complete_state(run: FlowRun, store: Store) -> FlowRun:
    """A flow run whose state, if any, has an id and a timestamp."""
    state = complete_state(run, store)
    return run if state is run.state else replace(run, state=state)


def _earliest_known_time(run: Run, store: Store) -> datetime:
    """The earliest known time of a run, the load of the seed at the latest: it existed by then."""
    times = (run.created, run.expected_start_time, run.start_time, store.base.loaded_at)
    return min(time for time in times if time is not None)


def _created_and_updated(run: Run, state: State | None, store: Store) -> tuple[datetime, datetime]:
    """When a run was created and last updated, as stored or derived."""
    created = run.created or _earliest_known_time(run, store)
    entered = state.timestamp if state and state.timestamp else created
    return created, run.updated or max(created, entered)


def estimated_run_time(run: Run, state: State | None, now: datetime) -> float:
    """Seconds in RUNNING states, up to `now` where the current state is RUNNING."""
    if state is None or state.type is not StateType.RUNNING or state.timestamp is None:
        return run.total_run_time
    # As Prefect's orm_models.py, Run.estimated_run_time; an interval has microseconds.
    return round(run.total_run_time + (now - state.timestamp).total_seconds(), 6)


def estimated_start_time_delta(run: Run, now: datetime) -> float:
    """Seconds that a run started late, or is late by now; 0 for a run that is not late."""
    # The rules of Prefect's orm_models.py, Run.estimated_start_time_delta.
    expected, start = run.expected_start_time, run.start_time
    if expected is None:
        return 0.0
    if start is not None:
        return max(0.0, (start - expected).total_seconds())
    if run.state is not None and run.state.is_final:
        return 0.0
    return max(0.0, (now - expected).total_seconds())


Renderer = Callable[[Any, Store, datetime], Reply]
"""Renders a record of a store at an instant."""

RENDERERS: Mapping[type, Renderer] = {
    FlowRun: flow_run_reply,
    TaskRun: task_run_reply,
    Flow: flow_reply,
    Deployment: deployment_reply,
}
