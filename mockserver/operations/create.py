"""The verbs that create: flow runs, flows, task runs; and logs, which are taken and not kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import Conflict, NotFound
from ..filters import ONE_OF, AllOf, Comparison
from ..orchestration import apply_state
from ..prefect import (
    Flow,
    FlowRun,
    Json,
    StateType,
    TaskRun,
    WorkQueue,
    check_integer_size,
    check_readable,
    check_storable,
    check_stored_labels,
    check_time_range,
    generate_name,
    non_default_state_details,
)
from ..requests import FlowCreate, FlowRunCreate, Logs, StateCreate, TaskRunCreate
from . import replies
from .context import Context, Outcome
from .set_state import (
    check_initial_state_data,
    check_state,
    new_state,
    propose_state,
    require_flow_run,
    save_transition,
)
from .update import FLOW_RUN_JSON_FIELDS

CONFLICT = (
    "Data integrity conflict. This usually means a unique or foreign key constraint was violated. "
    "See server logs for details."
)


def create_flow_run(context: Context, body: FlowRunCreate) -> Outcome:
    """Make a flow run; or find the one of the same flow and idempotency key.

    Raises NotThere for an unknown work pool or queue, Conflict for an unknown flow or parent task
    run, ServerFailure for what a real server does not survive.
    """
    store, now = context.store, context.now
    queue = _resolve_work_queue(context, body)
    check_storable(
        context.dialect,
        texts=(body.name, body.flow_version, body.work_queue_name, body.idempotency_key),
        values=body.model_dump(include=set(FLOW_RUN_JSON_FIELDS)),
    )
    known = _find_by_idempotency_key(context, body.flow_id, body.idempotency_key)
    if known is not None and body.idempotency_key:
        check_stored_labels(context.dialect, known.labels)
        return Outcome(replies.flow_run_reply(known, store, now))
    flow = store.flows.get(body.flow_id)
    if (
        known is not None  # of the empty key, which is one, but not asked for
        or flow is None
        or _is_missing(store.task_runs, body.parent_task_run_id)
        or body.infrastructure_document_id is not None  # there are no block documents
    ):
        raise Conflict(CONFLICT)
    if body.idempotency_key:
        check_readable(context.dialect, body.empirical_policy.retry_delay_seconds, body.labels)
    proposed = body.state or StateCreate(type=StateType.PENDING)
    check_initial_state_data(context, proposed)
    run_id = context.new_id()
    run = FlowRun(
        id=run_id,
        name=body.name or generate_name(run_id),
        flow_id=body.flow_id,
        tags=tuple(body.tags),
        deployment_id=body.deployment_id,
        work_queue_id=queue.id if queue else None,
        work_pool_id=queue.work_pool_id if queue else None,
        work_pool_name=body.work_pool_name,
        work_queue_name=body.work_queue_name,
        flow_version=body.flow_version,
        parent_task_run_id=body.parent_task_run_id,
        idempotency_key=body.idempotency_key,
        created_by=context.created_by,
        created=now,
        updated=now,
        parameters=body.parameters,
        context=body.context,
        labels=_merge_labels(context, body, flow),
        empirical_policy=body.empirical_policy.model_dump(),
        job_variables=_job_variables(body),
    )
    made = propose_state(context, run, new_state(context, proposed), force=True)
    check_state(context, made.state)
    save_transition(context, made)
    reply = replies.flow_run_reply(require_flow_run(context, run_id), store, now)
    if proposed.type is StateType.SCHEDULED:  # this once, with the offset that was given
        due = reply["state"]["state_details"]["scheduled_time"]
        reply |= {"expected_start_time": due, "next_scheduled_start_time": due}
    return Outcome(reply, made=True)


def _job_variables(body: FlowRunCreate) -> Json | None:
    """As null where the row is written as it was sent, else as the column's default."""
    return {} if body.job_variables is None and not body.idempotency_key else body.job_variables


def _is_missing(shelf: Any, record_id: str | None) -> bool:
    return record_id is not None and record_id not in shelf


def _find_by_idempotency_key(context: Context, flow_id: str, key: str | None) -> FlowRun | None:
    if key is None:
        return None
    tests = (
        Comparison("idempotency_key", ONE_OF, frozenset((key,))),
        Comparison("flow_id", ONE_OF, frozenset((flow_id,))),
    )
    return next(iter(context.store.select(AllOf(tests), 1)), None)


def _resolve_work_queue(context: Context, body: FlowRunCreate) -> WorkQueue | None:
    """The queue that a new run is to wait in; without a pool a queue is just a name."""
    name, wanted = body.work_pool_name, body.work_queue_name
    if not name:
        return None
    check_storable(context.dialect, texts=(name, wanted))
    pool = next((pool for pool in context.store.work_pools if pool.name == name), None)
    if pool is None and not wanted:
        raise NotFound(f'Work pool "{name}" not found.')
    if pool is not None:
        for queue in context.store.work_queues:
            if queue.work_pool_id == pool.id and queue.name == (wanted or "default"):
                return queue
    raise NotFound(f"Work pool queue '{name}/{wanted or 'default'}' not found.")


def _merge_labels(context: Context, body: FlowRunCreate, flow: Flow) -> Json:
    """Those that were given, over those that say where the run belongs, over the deployment's
    (which has its flow's) or else the flow's.
    """
    deployment = context.store.deployments.get(body.deployment_id)
    if deployment is None:
        return {**flow.labels, "prefect.flow.id": flow.id, **(body.labels or {})}
    own = {"prefect.flow.id": deployment.flow_id, "prefect.deployment.id": deployment.id}
    return {**deployment.labels, **own, **(body.labels or {})}


def create_flow(context: Context, body: FlowCreate) -> Outcome:
    """Make a flow, or find the one with its name."""
    store, now = context.store, context.now
    check_storable(context.dialect, texts=(body.name,), values=(body.tags, body.labels))
    known = next((flow for flow in store.flows if flow.name == body.name), None)
    if known is not None:
        return Outcome(replies.flow_reply(known, store, now))
    check_readable(context.dialect, body.labels)
    made = Flow(context.new_id(), body.name, tuple(body.tags), body.labels or {}, now, now)
    store.flows.put(made)
    return Outcome(replies.flow_reply(made, store, now), made=True)


def create_task_run(context: Context, body: TaskRunCreate) -> Outcome:
    """Make a task run, or find the one with its keys in its flow run.

    Raises Conflict for an unknown flow run, and for an id that another task run has.
    """
    store, now = context.store, context.now
    keys = (body.task_key, body.dynamic_key)
    check_time_range(context.dialect, body.cache_expiration, ("body", "cache_expiration"))
    check_storable(
        context.dialect,
        texts=(body.name, *keys, body.cache_key, body.task_version),
        values=body.model_dump(include={"empirical_policy", "tags", "labels", "task_inputs"}),
    )
    owner = store.get(body.flow_run_id) if body.flow_run_id else None
    if body.flow_run_id is not None and owner is None:
        raise Conflict(CONFLICT)
    known = find_task_run_by_keys(context, body.flow_run_id, *keys)
    if known is not None:
        return Outcome(replies.task_run_reply(known, store, now))
    check_initial_state_data(context, body.state)
    if body.flow_run_id is not None:
        check_readable(context.dialect, body.empirical_policy.retry_delay_seconds, body.labels)
    task_run_id = body.id or context.new_id()
    if task_run_id in store.task_runs:
        raise Conflict(CONFLICT)
    if owner is not None:
        check_stored_labels(context.dialect, owner.labels)
    labels = {} if owner is None else {**owner.labels, "prefect.flow-run.id": owner.id}
    made = TaskRun(
        task_run_id,
        body.flow_run_id,
        body.name or generate_name(task_run_id),
        *keys,
        tags=tuple(body.tags),
        cache_key=body.cache_key,
        cache_expiration=body.cache_expiration,
        task_version=body.task_version,
        empirical_policy=body.empirical_policy.model_dump(),
        task_inputs={
            key: [one.model_dump() for one in inputs] for key, inputs in body.task_inputs.items()
        },
        labels={**labels, **(body.labels or {})},
        created=now,
        updated=now,
    )
    state = new_state(context, body.state or StateCreate(type=StateType.PENDING))
    details = non_default_state_details({**state.details, "task_run_id": None})
    running = state.type is StateType.RUNNING
    made = replace(apply_state(made, replace(state, details=details)), run_count=int(running))
    check_state(context, made.state)
    store.task_runs.put(made)
    return Outcome(replies.task_run_reply(made, store, now), made=True)


def find_task_run_by_keys(
    context: Context, flow_run_id: str | None, task_key: str, dynamic_key: str
) -> TaskRun | None:
    """The task run of a flow run (or of none) with these keys."""
    store = context.store
    among = (
        (one for one in store.task_runs if one.flow_run_id is None)
        if flow_run_id is None
        else store.task_runs_of(flow_run_id)
    )
    keys = (task_key, dynamic_key)
    return next((one for one in among if (one.task_key, one.dynamic_key) == keys), None)


def accept_logs(context: Context, body: Logs) -> Outcome:
    """Take logs, as a client must be able to send them. They are not kept.

    Raises ServerFailure for what no column holds; where nothing fails, InvalidRequest.
    """
    for number, log in enumerate(body.root):
        check_time_range(context.dialect, log.timestamp, ("body", number, "timestamp"))
        check_integer_size(context.dialect, log.level, bits=16)
        # A database that takes no NUL is given the texts without it.
        check_storable(
            context.dialect, texts=(log.name.replace("\0", ""), log.message.replace("\0", ""))
        )
    return Outcome(None)
