"""Operations that create flow runs, flows and task runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    check_readable,
    check_storable,
    check_stored_labels,
    check_time_range,
    generate_name,
    non_default_state_details,
)
from ..requests import FlowCreate, FlowRunCreate, StateCreate, TaskRunCreate
from . import replies
from .context import Context, Outcome, require_flow_run
from .set_state import (
    check_initial_state_data,
    check_state,
    new_state,
    propose_state,
    save_transition,
)
from .update import FLOW_RUN_JSON_FIELDS

# The text of a real server, whatever constraint was violated.
CONFLICT = (
    "Data integrity conflict. This usually means a unique or foreign key constraint was violated. "
    "See server logs for details."
)


def create_flow_run(context: Context, body: FlowRunCreate) -> Outcome:
    """Create a flow run, or return the one with the same flow and idempotency key.

    Raises NotFound for an unknown work pool or queue, Conflict for an unknown flow or parent task
    run, ServerFailure where a real server fails.
    """
    # Prefect looks the queue up before it inserts the run (api/flow_runs.py, create_flow_run).
    return insert_flow_run(context, body, _resolve_work_queue(context, body))


def _unchanged(run: FlowRun) -> FlowRun:
    return run


def insert_flow_run(
    context: Context,
    body: FlowRunCreate,
    queue: WorkQueue | None,
    finish: Callable[[FlowRun], FlowRun] = _unchanged,
) -> Outcome:
    """Do what `create_flow_run` does, in a work queue that was found already.

    `finish` sets what no body of /flow_runs/ has.
    """
    store, now = context.store, context.now
    check_storable(
        context.dialect,
        texts=(body.name, body.flow_version, body.work_queue_name, body.idempotency_key),
        values=body.model_dump(include=set(FLOW_RUN_JSON_FIELDS)),
    )
    existing = _find_by_idempotency_key(context, body.flow_id, body.idempotency_key)
    if existing is not None and body.idempotency_key:
        check_stored_labels(context.dialect, existing.labels)
        return Outcome(replies.flow_run_reply(existing, store, now))
    if existing is not None:  # `empty-key`: the empty key is not looked up, but it is unique
        raise Conflict(CONFLICT)
    flow = _check_references(context, body)
    # With a key a real server reads the new row back, in which NaN has become null; without one it
    # keeps the values that were sent (Prefect: models/flow_runs.py, create_flow_run).
    if body.idempotency_key:
        check_readable(context.dialect, body.empirical_policy.retry_delay_seconds, body.labels)
    proposed = body.state or StateCreate(type=StateType.PENDING)
    check_initial_state_data(context, proposed)
    run = finish(_new_flow_run(context, body, flow, queue))
    # Prefect sets the first state with force: only the minimal policy applies.
    transition = propose_state(context, run, new_state(context, proposed), force=True)
    check_state(context, transition.state)
    save_transition(context, transition)
    _check_reply_numbers(context, body.labels)
    reply = replies.flow_run_reply(require_flow_run(context, run.id), store, now)
    if proposed.type is StateType.SCHEDULED:
        # Only this reply repeats the times with the offset that was given.
        due = reply["state"]["state_details"]["scheduled_time"]
        reply |= {"expected_start_time": due, "next_scheduled_start_time": due}
    return Outcome(reply, made=True)


def _check_references(context: Context, body: FlowRunCreate) -> Flow:
    """The flow of a new run. Raises Conflict where it, or another record named, does not exist."""
    # deployment_id is no foreign key (Prefect: orm_models.py, FlowRun), so any id is accepted.
    flow = context.store.flows.get(body.flow_id)
    parent_id = body.parent_task_run_id
    if (
        flow is None
        or (parent_id is not None and parent_id not in context.store.task_runs)
        or body.infrastructure_document_id is not None  # block documents are not modelled
    ):
        raise Conflict(CONFLICT)
    return flow


def _new_flow_run(
    context: Context, body: FlowRunCreate, flow: Flow, queue: WorkQueue | None
) -> FlowRun:
    """A flow run with the fields of a body, without a state."""
    run_id = context.new_id()
    return FlowRun(
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
        created=context.now,
        updated=context.now,
        parameters=body.parameters,
        context=body.context,
        labels=_merge_labels(context, body, flow),
        empirical_policy=body.empirical_policy.model_dump(),
        job_variables=_job_variables(body),
    )


def _job_variables(body: FlowRunCreate) -> Json | None:
    """Null where the body has an idempotency key, else the default of the column: an object.

    With a key, a real server writes the row as it was sent.
    """
    return {} if body.job_variables is None and not body.idempotency_key else body.job_variables


def _find_by_idempotency_key(context: Context, flow_id: str, key: str | None) -> FlowRun | None:
    if key is None:
        return None
    conditions = (
        Comparison("idempotency_key", ONE_OF, frozenset((key,))),
        Comparison("flow_id", ONE_OF, frozenset((flow_id,))),
    )
    return next(iter(context.store.select(AllOf(conditions), 1)), None)


def _resolve_work_queue(context: Context, body: FlowRunCreate) -> WorkQueue | None:
    """The work queue of a new run; None without a pool, where the queue's name means no record.

    Raises NotFound for an unknown pool or queue.
    """
    pool_name, queue_name = body.work_pool_name, body.work_queue_name
    if not pool_name:
        return None
    check_storable(context.dialect, texts=(pool_name, queue_name))
    pool = next((pool for pool in context.store.work_pools if pool.name == pool_name), None)
    # Without the name of a queue Prefect looks for the pool, with it for the queue; each has its
    # own text (api/workers.py, WorkerLookups).
    if pool is None and not queue_name:
        raise NotFound(f'Work pool "{pool_name}" not found.')
    if pool is not None:
        for queue in context.store.work_queues:
            # Prefect gives each pool a queue of this name (models/workers.py, create_work_pool).
            if queue.work_pool_id == pool.id and queue.name == (queue_name or "default"):
                return queue
    raise NotFound(f"Work pool queue '{pool_name}/{queue_name or 'default'}' not found.")


def _merge_labels(context: Context, body: FlowRunCreate, flow: Flow) -> Json:
    """The labels of a new run: those of the body over those that Prefect sets over inherited ones.

    A run of a deployment inherits the deployment's labels and names the deployment's flow, as on a
    real server; else both come from the run's flow.
    """
    deployment = context.store.deployments.get(body.deployment_id)
    if deployment is None:
        return {**flow.labels, "prefect.flow.id": flow.id, **(body.labels or {})}
    owners = {"prefect.flow.id": deployment.flow_id, "prefect.deployment.id": deployment.id}
    return {**deployment.labels, **owners, **(body.labels or {})}


def create_flow(context: Context, body: FlowCreate) -> Outcome:
    """Create a flow, or return the one with its name.

    Raises ServerFailure where a real server fails.
    """
    store, now = context.store, context.now
    check_storable(context.dialect, texts=(body.name,), values=(body.tags, body.labels))
    existing = next((flow for flow in store.flows if flow.name == body.name), None)
    if existing is not None:
        return Outcome(replies.flow_reply(existing, store, now))
    # A new flow is read back after its insert (Prefect: models/flows.py, create_flow).
    check_readable(context.dialect, body.labels)
    flow = Flow(context.new_id(), body.name, tuple(body.tags), body.labels or {}, now, now)
    store.flows.put(flow)
    return Outcome(replies.flow_reply(flow, store, now), made=True)


def create_task_run(context: Context, body: TaskRunCreate) -> Outcome:
    """Create a task run, or return the one with its keys in its flow run.

    Raises Conflict for an unknown flow run, and for an id that another task run has;
    InvalidRequest or, where a real server fails, ServerFailure for values that no column holds;
    TooLarge where too many task runs wait for workers.
    """
    store, now = context.store, context.now
    _check_task_run_values(context, body)
    owner = store.get(body.flow_run_id) if body.flow_run_id else None
    if body.flow_run_id is not None and owner is None:
        raise Conflict(CONFLICT)
    existing = find_task_run_by_keys(context, body.flow_run_id, body.task_key, body.dynamic_key)
    if existing is not None:
        return Outcome(replies.task_run_reply(existing, store, now))
    check_initial_state_data(context, body.state)
    # Only a task run of a flow run is read back (Prefect: models/task_runs.py, create_task_run).
    if body.flow_run_id is not None:
        check_readable(context.dialect, body.empirical_policy.retry_delay_seconds, body.labels)
    task_run_id = body.id or context.new_id()
    if task_run_id in store.task_runs:
        raise Conflict(CONFLICT)
    # The flow run is read for the labels that its task run inherits.
    if owner is not None:
        check_stored_labels(context.dialect, owner.labels)
    task_run = _new_task_run(context, body, owner, task_run_id)
    state = new_state(context, body.state or StateCreate(type=StateType.PENDING))
    # Replies take task_run_id from the task run itself.
    details = non_default_state_details({**state.details, "task_run_id": None})
    # IncrementTaskRunCount, of Prefect's GlobalTaskPolicy.
    run_count = int(state.type is StateType.RUNNING)
    task_run = replace(apply_state(task_run, replace(state, details=details)), run_count=run_count)
    check_state(context, task_run.state)
    if context.task_queues is not None:
        context.task_queues.put(task_run, now)
    store.task_runs.put(task_run)
    if owner is None:  # else the reply is what was read back
        _check_reply_numbers(context, body.labels, task_run.empirical_policy)
    return Outcome(replies.task_run_reply(task_run, store, now), made=True)


def _check_reply_numbers(context: Context, *values: object) -> None:
    """Raise ServerFailure for NaN and infinities in a reply that an older release cannot write.

    The record is stored all the same.
    """
    if not context.dialect.nan_as_null:
        check_readable(context.dialect, *values)


def _check_task_run_values(context: Context, body: TaskRunCreate) -> None:
    check_time_range(context.dialect, body.cache_expiration, ("body", "cache_expiration"))
    check_storable(
        context.dialect,
        texts=(body.name, body.task_key, body.dynamic_key, body.cache_key, body.task_version),
        values=body.model_dump(include={"empirical_policy", "tags", "labels", "task_inputs"}),
    )


def _new_task_run(
    context: Context, body: TaskRunCreate, owner: FlowRun | None, task_run_id: str
) -> TaskRun:
    """A task run with the fields of a body, without a state; `owner` is its flow run."""
    # The order is Prefect's (models/task_runs.py, with_system_labels_for_task_run): what the client
    # gives wins.
    labels = {} if owner is None else {**owner.labels, "prefect.flow-run.id": owner.id}
    return TaskRun(
        task_run_id,
        body.flow_run_id,
        body.name or generate_name(task_run_id),
        body.task_key,
        body.dynamic_key,
        tags=tuple(body.tags),
        cache_key=body.cache_key,
        cache_expiration=body.cache_expiration,
        task_version=body.task_version,
        empirical_policy=body.empirical_policy.model_dump(),
        task_inputs=body.model_dump(include={"task_inputs"})["task_inputs"],
        labels={**labels, **(body.labels or {})},
        created=context.now,
        updated=context.now,
    )


def find_task_run_by_keys(
    context: Context, flow_run_id: str | None, task_key: str, dynamic_key: str
) -> TaskRun | None:
    """The task run with these keys in a flow run, or among those without a flow run; or None."""
    store = context.store
    candidates = (
        (run for run in store.task_runs if run.flow_run_id is None)
        if flow_run_id is None
        else store.task_runs_of(flow_run_id)
    )
    # Without a flow run no unique index holds the keys: Prefect looks them up itself
    # (models/task_runs.py, create_task_run).
    keys = (task_key, dynamic_key)
    return next((run for run in candidates if (run.task_key, run.dynamic_key) == keys), None)
