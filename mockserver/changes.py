"""The verbs that create and change: flow runs, their states, flows, task runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from . import replies
from .bodies import (
    BulkSetStateRequest,
    FlowCreate,
    FlowRunCreate,
    FlowRunUpdate,
    LabelsUpdate,
    Logs,
    SetStateRequest,
    StateCreate,
    TaskRunCreate,
)
from .cautions import load_of, of_filter, refuse_overload
from .columns import check_columns, check_data, check_read_again, check_time, check_whole
from .context import Context, Outcome
from .errors import (
    Conflict,
    NotNow,
    NotThere,
    ServerFailure,
)
from .names import made_up_name
from .operations import in_order
from .orchestration import Orchestration, enter, is_persisted, mirror, orchestrate
from .predicates import ONE_OF, AllOf, Test, compile_criteria, join_criteria
from .runs import (
    Flow,
    FlowRun,
    Json,
    State,
    StateType,
    TaskRun,
    WorkQueue,
    state_details,
)

CONFLICT = (
    "Data integrity conflict. This usually means a unique or foreign key constraint was violated. "
    "See server logs for details."
)


# Flow runs


def create_flow_run(context: Context, body: FlowRunCreate) -> Outcome:
    """Make a flow run; or find the one of the same flow and idempotency key.

    Raises NotThere for an unknown work pool or queue, Conflict for an unknown flow or parent task
    run, ServerFailure for what a real server does not survive.
    """
    store, now = context.store, context.now
    queue = _queue(context, body)
    check_columns(
        context.dialect,
        texts=(body.name, body.flow_version, body.work_queue_name, body.idempotency_key),
        values=body.model_dump(include=set(_JSON_OF_FLOW_RUN)),
    )
    known = _of_key(context, body.flow_id, body.idempotency_key)
    if known is not None and body.idempotency_key:
        return Outcome(replies.flow_run(known, store, now))
    flow = store.flows.get(body.flow_id)
    if (
        known is not None  # of the empty key, which is one, but not asked for
        or flow is None
        or _is_unknown(store.task_runs, body.parent_task_run_id)
        or body.infrastructure_document_id is not None  # there are no block documents
    ):
        raise Conflict(CONFLICT)
    if body.idempotency_key:
        check_read_again(context.dialect, body.empirical_policy.retry_delay_seconds, body.labels)
    proposed = body.state or StateCreate(type=StateType.PENDING)
    _check_data(context, proposed)
    run_id = context.new_id()
    run = FlowRun(
        id=run_id,
        name=body.name or made_up_name(run_id),
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
        labels=_labels(context, body, flow),
        empirical_policy=body.empirical_policy.model_dump(),
        job_variables=_job_variables(body),
    )
    made = _orchestrate(context, run, _state(context, proposed), force=True)
    _check_state(context, made.state)
    _put(context, made)
    reply = replies.flow_run(_found(context, run_id), store, now)
    if proposed.type is StateType.SCHEDULED:  # this once, with the offset that was given
        due = reply["state"]["state_details"]["scheduled_time"]
        reply |= {"expected_start_time": due, "next_scheduled_start_time": due}
    return Outcome(reply, made=True)


_JSON_OF_FLOW_RUN = frozenset(
    {"parameters", "context", "empirical_policy", "tags", "labels", "job_variables"}
)


def _job_variables(body: FlowRunCreate) -> Json | None:
    """As null where the row is written as it was sent, else as the column's default."""
    return {} if body.job_variables is None and not body.idempotency_key else body.job_variables


def _is_unknown(shelf: Any, record_id: str | None) -> bool:
    return record_id is not None and record_id not in shelf


def _of_key(context: Context, flow_id: str, key: str | None) -> FlowRun | None:
    if key is None:
        return None
    tests = (
        Test("idempotency_key", ONE_OF, frozenset((key,))),
        Test("flow_id", ONE_OF, frozenset((flow_id,))),
    )
    return next(iter(context.store.select(AllOf(tests), 1)), None)


def _queue(context: Context, body: FlowRunCreate) -> WorkQueue | None:
    """The queue that a new run is to wait in; without a pool a queue is just a name."""
    name, wanted = body.work_pool_name, body.work_queue_name
    if not name:
        return None
    check_columns(context.dialect, texts=(name, wanted))
    pool = next((pool for pool in context.store.work_pools if pool.name == name), None)
    if pool is None and not wanted:
        raise NotThere(f'Work pool "{name}" not found.')
    if pool is not None:
        for queue in context.store.work_queues:
            if queue.work_pool_id == pool.id and queue.name == (wanted or "default"):
                return queue
    raise NotThere(f"Work pool queue '{name}/{wanted or 'default'}' not found.")


def _labels(context: Context, body: FlowRunCreate, flow: Flow) -> Json:
    """Those that were given, over those that say where the run belongs."""
    own = {"prefect.flow.id": flow.id}
    deployment = context.store.deployments.get(body.deployment_id)
    if deployment is not None:
        own["prefect.deployment.id"] = deployment.id
        return {**flow.labels, **deployment.labels, **own, **(body.labels or {})}
    return {**flow.labels, **own, **(body.labels or {})}


def update_flow_run(context: Context, flow_run_id: str, body: FlowRunUpdate) -> Outcome:
    """Change what is given of a flow run. Raises NotThere, and NotNow for job variables of a run
    that is not scheduled from a deployment.
    """
    if body.job_variables is not None:
        _check_job_variables(context, _found(context, flow_run_id))
    values = body.model_dump(exclude_unset=True)
    check_columns(
        context.dialect,
        texts=(body.name, body.flow_version, body.infrastructure_pid),
        values={key: value for key, value in values.items() if key in _JSON_OF_FLOW_RUN},
    )
    run = _found(context, flow_run_id)
    given: dict[str, Any] = {key: getattr(body, key) for key in body.model_fields_set}
    if "name" in given:
        given["name"] = given["name"] or made_up_name(context.new_id())
    if "tags" in given:
        given["tags"] = tuple(given["tags"])
    if "empirical_policy" in given:
        given["empirical_policy"] = given["empirical_policy"].model_dump()
    context.store.put(replace(run, **given, updated=context.now))
    return Outcome(None)


def _check_job_variables(context: Context, run: FlowRun) -> None:
    if run.state is None:
        raise NotNow("Flow run state is required to update job variables but none exists")
    if run.state.type is not StateType.SCHEDULED:
        raise NotNow(
            f"Job variables for a flow run in state {run.state.type.name} cannot be updated"
        )
    if context.store.deployments.get(run.deployment_id) is None:
        raise NotNow("A deployment for the flow run could not be found")


def update_labels(context: Context, flow_run_id: str, body: LabelsUpdate) -> Outcome:
    """Add labels to a flow run, or replace them. Raises NotThere."""
    run = context.store.get(flow_run_id)
    if run is None:
        raise _no_run_to_orchestrate(flow_run_id)
    labels = {**run.labels, **body.root}
    check_columns(context.dialect, values=labels)
    context.store.put(replace(run, labels=labels, updated=context.now))
    return Outcome(None)


def delete_flow_run(context: Context, flow_run_id: str) -> Outcome:
    """Delete a flow run, and what goes with it (M11). Raises NotThere."""
    _found(context, flow_run_id)
    context.store.delete([flow_run_id])
    return Outcome(None)


def _found(context: Context, flow_run_id: str) -> FlowRun:
    run = context.store.get(flow_run_id)
    if run is None:
        raise NotThere("Flow run not found")
    return run


def _no_run_to_orchestrate(flow_run_id: str) -> NotThere:
    return NotThere(f"Flow run with id {flow_run_id} not found", orchestrated=True)


# States


def set_state(context: Context, flow_run_id: str, body: SetStateRequest) -> Outcome:
    """Propose a state to a flow run. Raises NotThere, and ServerFailure where a real server
    stumbles.
    """
    run = context.store.get(flow_run_id)
    if run is None:
        raise _no_run_to_orchestrate(flow_run_id)
    made = _orchestrate(context, run, _state(context, body.state), force=body.force)
    if made.broken and context.dialect.null_pause_keys:
        raise ServerFailure(made.broken, retryable=False)
    try:
        _check_state(context, made.state if made.is_new else None)
    except ServerFailure as failure:
        if failure.retryable:
            raise
        return Outcome(_aborted(f"Error validating state: {failure}"))
    _put(context, made)
    return Outcome(_told(made), made=made.is_new)


def bulk_set_state(context: Context, body: BulkSetStateRequest) -> Outcome:
    """Propose a state to the matching flow runs with the highest ids, up to the limit, one by
    one. Raises ServerFailure where the dialect's database would give up.
    """
    wanted, dialect = body.flow_runs, context.dialect
    load = load_of(wanted)
    criteria = compile_criteria(wanted, dialect)
    warnings = in_order(set(of_filter(wanted, criteria, load)))
    try:
        refuse_overload(load, dialect, any_runs=len(context.store) > 0)
    except ServerFailure as failure:
        failure.warnings = warnings
        raise
    predicate = join_criteria(wanted, criteria)
    results = []
    proposed = _state(context, body.state)
    details = proposed.details
    for number, run in enumerate(context.store.select(predicate, body.limit)):
        at = replace(context, now=context.now + number * _MICROSECOND)  # one after the other
        one = replace(proposed, id=at.new_id(), timestamp=at.now, details=details)
        made = _orchestrate(at, run, one, force=body.force)
        if dialect.bulk_shared_details:
            details = made.proposed_details
        if made.broken and dialect.null_pause_keys:
            _put(at, made)
            results.append({"flow_run_id": run.id, **_aborted(made.broken)})
            continue
        try:
            _check_state(at, made.state if made.is_new else None)
        except ServerFailure as failure:
            why = str(failure) if failure.retryable else f"Error validating state: {failure}"
            results.append({"flow_run_id": run.id, **_aborted(why)})
            continue
        _put(at, made)
        results.append({"flow_run_id": run.id, **_told(made)})
    if dialect.bulk_shared_details:
        _tell_shared(results, details)
    return Outcome({"results": results}, warnings=warnings, sentence=str(predicate))


_MICROSECOND = timedelta(microseconds=1)


def _tell_shared(results: list[dict[str, Any]], details: Json) -> None:
    """`bulk-shared-details`: what was accepted is told with the details as they were left."""
    accepted = [one for one in results if one["status"] == "ACCEPT"]
    for one in accepted:
        one["state"]["state_details"] = replies.state_details_reply(
            details, flow_run_id=accepted[-1]["flow_run_id"]
        )


def _state(context: Context, given: StateCreate) -> State:
    """A state as it is proposed: with an id, a name, and where it is scheduled, for when."""
    details = given.state_details.model_dump(exclude={"flow_run_id"})
    if given.type is StateType.SCHEDULED and details["scheduled_time"] is None:
        details["scheduled_time"] = context.now
    name = given.type.default_name if given.name is None else given.name
    return State(
        given.type,
        name,
        context.new_id(),
        context.now,
        given.message,
        given.data,
        state_details(details),
    )


def _check_state(context: Context, state: State | None) -> None:
    """Raise ServerFailure, or InvalidRequest, for a state that cannot be entered."""
    if state is None:
        return
    due = state.details.get("scheduled_time") if state.type is StateType.SCHEDULED else None
    check_time(context.dialect, due, ("body", "state", "state_details", "scheduled_time"))
    check_columns(context.dialect, texts=(state.name, state.message), values=state.details)
    check_data(context.dialect, state.data)


def _check_data(context: Context, state: StateCreate | None) -> None:
    """`create-with-data`: raise ServerFailure for a state to create a run in."""
    has_data = state is not None and state.data is not None and is_persisted(state.data)
    if has_data and context.dialect.create_with_data:
        raise ServerFailure("a state with data", retryable=False)


def _orchestrate(context: Context, run: FlowRun, proposed: State, *, force: bool) -> Orchestration:
    return orchestrate(
        replies.settled(run, context.store),
        proposed,
        force=force,
        now=context.now,
        new_id=context.new_id,
        api_version=context.api_version,
        deployment_exists=run.deployment_id in context.store.deployments,
    )


def _put(context: Context, made: Orchestration) -> None:
    """Keep what came of a proposal; the task run of a subflow follows it."""
    store, run = context.store, made.run
    state = run.state
    if state is not None and made.is_new:
        task_run = store.task_runs.get(run.parent_task_run_id)
        if task_run is not None:
            mirrored = mirror(task_run, state, run.id, context.now, context.new_id)
            store.task_runs.put(mirrored)
        if not is_persisted(state.data):
            run = replace(run, state=replace(state, data=None))
        before = store.get(run.id)
        if before is not None:
            store.remember(run.id, store.states_of(replies.settled(before, store)))
    store.put(run)


def _aborted(reason: str) -> dict[str, Any]:
    details = {"type": "abort_details", "reason": reason}
    return {"status": "ABORT", "state": None, "details": details}


def _told(made: Orchestration) -> dict[str, Any]:
    """What the reply says of a proposal."""
    state = replies.state(made.state, made.run)
    return {"status": made.status, "state": state, "details": made.details}


# Flows and task runs


def create_flow(context: Context, body: FlowCreate) -> Outcome:
    """Make a flow, or find the one with its name."""
    store, now = context.store, context.now
    check_columns(context.dialect, texts=(body.name,), values=(body.tags, body.labels))
    known = next((flow for flow in store.flows if flow.name == body.name), None)
    if known is not None:
        return Outcome(replies.flow(known, store, now))
    check_read_again(context.dialect, body.labels)
    made = Flow(context.new_id(), body.name, tuple(body.tags), body.labels or {}, now, now)
    store.flows.put(made)
    return Outcome(replies.flow(made, store, now), made=True)


def delete_flow(context: Context, flow_id: str) -> Outcome:
    """Delete a flow, its flow runs (M11) and its deployments. Raises NotThere."""
    store = context.store
    if flow_id not in store.flows:
        raise NotThere("Flow not found")
    of_flow = Test("flow_id", ONE_OF, frozenset((flow_id,)))
    store.delete([run.id for run in store.select(of_flow)])
    store.deployments.drop([one.id for one in store.deployments if of_flow(one)])
    store.flows.drop([flow_id])
    return Outcome(None)


def create_task_run(context: Context, body: TaskRunCreate) -> Outcome:
    """Make a task run, or find the one with its keys in its flow run.

    Raises Conflict for an unknown flow run, and for an id that another task run has.
    """
    store, now = context.store, context.now
    keys = (body.task_key, body.dynamic_key)
    check_time(context.dialect, body.cache_expiration, ("body", "cache_expiration"))
    check_columns(
        context.dialect,
        texts=(body.name, *keys, body.cache_key, body.task_version),
        values=body.model_dump(include={"empirical_policy", "tags", "labels", "task_inputs"}),
    )
    owner = store.get(body.flow_run_id) if body.flow_run_id else None
    if body.flow_run_id is not None and owner is None:
        raise Conflict(CONFLICT)
    known = task_run_of_keys(context, body.flow_run_id, *keys)
    if known is not None:
        return Outcome(replies.task_run(known, store, now))
    _check_data(context, body.state)
    if body.flow_run_id is not None:
        check_read_again(context.dialect, body.empirical_policy.retry_delay_seconds, body.labels)
    task_run_id = body.id or context.new_id()
    if task_run_id in store.task_runs:
        raise Conflict(CONFLICT)
    labels = {} if owner is None else {**owner.labels, "prefect.flow-run.id": owner.id}
    made = TaskRun(
        task_run_id,
        body.flow_run_id,
        body.name or made_up_name(task_run_id),
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
    state = _state(context, body.state or StateCreate(type=StateType.PENDING))
    details = state_details({**state.details, "task_run_id": None})
    running = state.type is StateType.RUNNING
    made = replace(enter(made, replace(state, details=details)), run_count=int(running))
    _check_state(context, made.state)
    store.task_runs.put(made)
    return Outcome(replies.task_run(made, store, now), made=True)


def task_run_of_keys(
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
        check_time(context.dialect, log.timestamp, ("body", number, "timestamp"))
        check_whole(context.dialect, log.level, bits=16)
        # A database that takes no NUL is given the texts without it.
        check_columns(
            context.dialect, texts=(log.name.replace("\0", ""), log.message.replace("\0", ""))
        )
    return Outcome(None)
