"""Operations that propose a state: to one flow run, or to many.

Creating a run in its first state shares the functions at the end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..errors import InvalidRequest, NotFound, ServerFailure
from ..filters import (
    FlowRunFilter,
    Predicate,
    combine_criteria,
    compile_criteria,
    filter_warnings,
    measure_query,
    reject_query,
)
from ..orchestration import OrchestrationOutcome, is_persisted, mirror_subflow_state, orchestrate
from ..prefect import (
    FlowRun,
    Json,
    State,
    StateType,
    TaskRun,
    check_state_data,
    check_storable,
    check_time_range,
    non_default_state_details,
)
from ..requests import BulkSetStateRequest, SetStateRequest, StateCreate
from ..store import Store
from . import replies
from .context import Context, Outcome
from .deletion import sort_warnings
from .entered_states import check_result, emit_state_change, keep_result
from .slots import change_slots, slots_for


def orchestrated_run_not_found(flow_run_id: str) -> NotFound:
    """The error of `set_state` and of changing labels; other operations have another text."""
    return NotFound(f"Flow run with id {flow_run_id} not found", from_set_state=True)


def set_state(context: Context, flow_run_id: str, body: SetStateRequest) -> Outcome:
    """Propose a state to a flow run.

    Raises NotFound; ServerFailure where a real server fails; InvalidRequest for a time outside the
    years 1-9999 in a dialect without server failures. A real server answers a state that its
    database cannot hold with an ABORT, unless the failure is retryable.
    """
    run = context.store.get(flow_run_id)
    if run is None:
        raise orchestrated_run_not_found(flow_run_id)
    transition = propose_state(context, run, new_state(context, body.state), force=body.force)
    # The error rolls the transaction back: unlike in bulk, the state is not entered.
    if transition.server_error:
        raise ServerFailure(transition.server_error, retryable=False)
    try:
        check_state(context, transition.state if transition.is_new else None)
    except ServerFailure as failure:
        # Prefect: rules.py, validate_proposed_state. An error that a client may retry becomes a
        # 503, any other an ABORT with this text.
        if failure.retryable:
            raise
        return Outcome(aborted(f"Error validating state: {failure}"))
    transition = save_transition(context, transition)
    # 201 for any new state, also for one that a rule has put in place of the proposed one (Prefect:
    # api/flow_runs.py, set_flow_run_state).
    return Outcome(transition_reply(transition), made=transition.is_new)


def bulk_set_state(context: Context, body: BulkSetStateRequest) -> Outcome:
    """Propose a state to each of the matching flow runs with the highest ids, up to the limit.

    The reply has one result a run; a run that cannot enter the state gets an ABORT. Raises
    ServerFailure where the dialect's database would not run the query.
    """
    predicate, warnings = _compile_bulk_filter(context, body.flow_runs)
    shares_details = context.dialect.bulk_shared_details
    results = []
    proposed = new_state(context, body.state)
    details = proposed.details
    for number, run in enumerate(context.store.select(predicate, body.limit)):
        # A real server sets the states one after the other, so their times differ.
        step = context._replace(now=context.now + number * _MICROSECOND)
        state = replace(proposed, id=step.new_id(), timestamp=step.now, details=details)
        result, left_details = _set_one_state(step, run, state, force=body.force)
        results.append({"flow_run_id": run.id, **result})
        # On a real server each run gets a state of its own, with one state_details for all.
        if shares_details:
            details = left_details
    if shares_details:
        _share_details(results, details)
    return Outcome({"results": results}, warnings=warnings, sentence=str(predicate))


_MICROSECOND = timedelta(microseconds=1)


def _compile_bulk_filter(
    context: Context, flow_run_filter: FlowRunFilter | None
) -> tuple[Predicate, tuple[str, ...]]:
    """The predicate of a filter and the ids of its warnings; raises as `bulk_set_state` does."""
    dialect = context.dialect
    size = measure_query(flow_run_filter, dialect)
    criteria = compile_criteria(flow_run_filter, dialect)
    warnings = sort_warnings(set(filter_warnings(flow_run_filter, criteria, size, dialect)))
    try:
        reject_query(size, dialect, any_runs=len(context.store) > 0)
    except ServerFailure as failure:
        failure.warnings = warnings
        raise
    return combine_criteria(flow_run_filter, criteria), warnings


def _set_one_state(
    context: Context, run: FlowRun, state: State, *, force: bool
) -> tuple[dict[str, Any], Json]:
    """Propose a state to one run of many; returns the result, and the state_details as they are
    left by the rules.
    """
    try:
        transition = propose_state(context, run, state, force=force)
    # Any error of one run is an ABORT of that run (Prefect: bulk_set_flow_run_state).
    except (ServerFailure, InvalidRequest) as failure:
        return aborted(str(failure)), state.details
    if transition.server_error:
        # The error is caught inside the transaction, which is then committed: a state that was
        # entered before it stays (Prefect: bulk_set_flow_run_state).
        save_transition(context, transition)
        return aborted(transition.server_error), transition.proposed_details
    try:
        check_state(context, transition.state if transition.is_new else None)
    except ServerFailure as failure:
        # A retryable error leaves validate_proposed_state as it is, and the loop catches it.
        reason = str(failure) if failure.retryable else f"Error validating state: {failure}"
        return aborted(reason), transition.proposed_details
    transition = save_transition(context, transition)
    return transition_reply(transition), transition.proposed_details


def _share_details(results: list[dict[str, Any]], details: Json) -> None:
    """`bulk-shared-details`: all accepted states have the details that the last run left."""
    accepted = [result for result in results if result["status"] == "ACCEPT"]
    for result in accepted:
        result["state"]["state_details"] = replies.state_details_reply(
            details, flow_run_id=accepted[-1]["flow_run_id"]
        )


def new_state(context: Context, given: StateCreate) -> State:
    """The state that a body proposes, with a new id, the current time and its type's default name.

    A SCHEDULED state without a scheduled time is scheduled for now.
    """
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
        non_default_state_details(details),
    )


def check_state(context: Context, state: State | None) -> None:
    """Check that the dialect's database can hold a state; None is no state.

    Raises ServerFailure where a real server fails, else InvalidRequest.
    """
    if state is None:
        return
    due = state.details.get("scheduled_time") if state.type is StateType.SCHEDULED else None
    check_time_range(context.dialect, due, ("body", "state", "state_details", "scheduled_time"))
    check_storable(context.dialect, texts=(state.name, state.message), values=state.details)
    check_state_data(context.dialect, state.data)
    check_result(context, state.data)


def check_initial_state_data(context: Context, state: StateCreate | None) -> None:
    """`create-with-data`: raise ServerFailure for a first state whose data would be persisted."""
    has_data = state is not None and state.data is not None and is_persisted(state.data)
    if has_data and context.dialect.create_with_data:
        raise ServerFailure("a state with data", retryable=False)


def propose_state(
    context: Context, run: FlowRun, proposed: State, *, force: bool
) -> OrchestrationOutcome:
    """Apply the rules to a proposed state; nothing is saved.

    Raises ServerFailure or, in a dialect that fails nowhere, InvalidRequest for a retry that would
    be due after the year 9999.
    """
    try:
        return orchestrate(
            # A seeded state may lack id and time, which the rules look at.
            replies.with_complete_state(run, context.store),
            proposed,
            context.dialect,
            force=force,
            now=context.now,
            new_id=context.new_id,
            api_version=context.api_version,
            deployment_exists=run.deployment_id in context.store.deployments,
            slots=slots_for(context, run),
            renews_leases=context.renews_leases,
        )
    except OverflowError as error:
        if context.dialect.undocumented_5xx:
            raise ServerFailure(str(error), retryable=False) from None
        msg = "The retry that follows from it would be due after the year 9999"
        problem = {"type": "date_time", "loc": ("body", "state"), "msg": msg}
        raise InvalidRequest([problem], None) from None


def save_transition(context: Context, transition: OrchestrationOutcome) -> OrchestrationOutcome:
    """Store the run after a transition, and its earlier states; returns it with the state as left.

    The task run that stands for a subflow enters the same state as the subflow.
    """
    store, run = context.store, transition.run
    change_slots(context, transition)
    state = run.state
    if state is not None and transition.is_new:
        state = keep_result(context, state, run.id)
        transition = replace(transition, state=state)
        task_run = store.task_runs.get(run.parent_task_run_id)
        if task_run is not None:
            mirrored = mirror_subflow_state(task_run, state, run.id, context.now, context.new_id)
            put_task_run(store, mirrored)
            # Its data names no artifact any more, so none has this key.
            keep_result(context, state, mirrored.flow_run_id, mirrored.id)
        # Unpersisted data is in this reply only (Prefect: rules.py, _validate_proposed_state).
        data = state.data if is_persisted(state.data) else None
        run = replace(run, state=replace(state, data=data))
        before, initial = store.get(run.id), None
        if before is not None:
            complete = replies.with_complete_state(before, store)
            initial = complete.state
            store.remember(run.id, store.states_of(complete))
        emit_state_change(context, run, initial, state)
    if transition.stale_inputs:
        drop_inputs(store, run.id, transition.stale_inputs)
    store.put(run)
    return transition


def put_task_run(store: Store, task_run: TaskRun) -> None:
    """Store a task run, and the state that the one with its id was in before."""
    before = store.task_runs.get(task_run.id)
    state = replies.complete_state(before, store) if before is not None else None
    if before is not None and state is not None and before.state is not task_run.state:
        states = store.task_run_states
        states[task_run.id] = (*states.get(task_run.id, ()), state)
    store.task_runs.put(task_run)


def drop_inputs(store: Store, flow_run_id: str, keys: Collection[str]) -> bool:
    """Delete inputs of a flow run by their keys; returns whether there were any."""
    before = store.run_inputs.get(flow_run_id, ())
    left = tuple(one for one in before if one.key not in keys)
    if len(left) < len(before):
        store.run_inputs[flow_run_id] = left
    return len(left) < len(before)


def aborted(reason: str) -> dict[str, Any]:
    """The result of a proposal that was refused, as the schema OrchestrationResult has it."""
    details = {"type": "abort_details", "reason": reason}
    return {"status": "ABORT", "state": None, "details": details}


def transition_reply(transition: OrchestrationOutcome) -> dict[str, Any]:
    """A transition as the schema OrchestrationResult has it."""
    state = replies.state_reply(transition.state, transition.run)
    return {"status": transition.status, "state": state, "details": transition.details}
