"""The verbs about states of flow runs: propose one, to one or to many.

Here is also what they share with those that create a run in its first state.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..errors import InvalidRequest, NotFound, ServerFailure
from ..filters import (
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
    check_state_data,
    check_storable,
    check_time_range,
    non_default_state_details,
)
from ..requests import BulkSetStateRequest, SetStateRequest, StateCreate
from . import replies
from .context import Context, Outcome
from .deletion import sort_warnings


def require_flow_run(context: Context, flow_run_id: str) -> FlowRun:
    run = context.store.get(flow_run_id)
    if run is None:
        raise NotFound("Flow run not found")
    return run


def orchestrated_run_not_found(flow_run_id: str) -> NotFound:
    return NotFound(f"Flow run with id {flow_run_id} not found", from_set_state=True)


def set_state(context: Context, flow_run_id: str, body: SetStateRequest) -> Outcome:
    """Propose a state to a flow run. Raises NotThere, and ServerFailure where a real server
    stumbles.
    """
    run = context.store.get(flow_run_id)
    if run is None:
        raise orchestrated_run_not_found(flow_run_id)
    made = propose_state(context, run, new_state(context, body.state), force=body.force)
    if made.server_error and context.dialect.null_pause_keys:
        raise ServerFailure(made.server_error, retryable=False)
    try:
        check_state(context, made.state if made.is_new else None)
    except ServerFailure as failure:
        if failure.retryable:
            raise
        return Outcome(_aborted(f"Error validating state: {failure}"))
    save_transition(context, made)
    return Outcome(_transition_reply(made), made=made.is_new)


def bulk_set_state(context: Context, body: BulkSetStateRequest) -> Outcome:
    """Propose a state to the matching flow runs with the highest ids, up to the limit, one by
    one. Raises ServerFailure where the dialect's database would give up.
    """
    wanted, dialect = body.flow_runs, context.dialect
    load = measure_query(wanted)
    criteria = compile_criteria(wanted, dialect)
    warnings = sort_warnings(set(filter_warnings(wanted, criteria, load)))
    try:
        reject_query(load, dialect, any_runs=len(context.store) > 0)
    except ServerFailure as failure:
        failure.warnings = warnings
        raise
    predicate = combine_criteria(wanted, criteria)
    results = []
    proposed = new_state(context, body.state)
    details = proposed.details
    for number, run in enumerate(context.store.select(predicate, body.limit)):
        at = context._replace(now=context.now + number * _MICROSECOND)  # one after the other
        one = replace(proposed, id=at.new_id(), timestamp=at.now, details=details)
        try:
            made = propose_state(at, run, one, force=body.force)
        except (ServerFailure, InvalidRequest) as failure:
            results.append({"flow_run_id": run.id, **_aborted(str(failure))})
            continue
        if dialect.bulk_shared_details:
            details = made.proposed_details
        if made.server_error and dialect.null_pause_keys:
            save_transition(at, made)
            results.append({"flow_run_id": run.id, **_aborted(made.server_error)})
            continue
        try:
            check_state(at, made.state if made.is_new else None)
        except ServerFailure as failure:
            why = str(failure) if failure.retryable else f"Error validating state: {failure}"
            results.append({"flow_run_id": run.id, **_aborted(why)})
            continue
        save_transition(at, made)
        results.append({"flow_run_id": run.id, **_transition_reply(made)})
    if dialect.bulk_shared_details:
        _share_details(results, details)
    return Outcome({"results": results}, warnings=warnings, sentence=str(predicate))


_MICROSECOND = timedelta(microseconds=1)


def _share_details(results: list[dict[str, Any]], details: Json) -> None:
    """`bulk-shared-details`: what was accepted is told with the details as they were left."""
    accepted = [one for one in results if one["status"] == "ACCEPT"]
    for one in accepted:
        one["state"]["state_details"] = replies.state_details_reply(
            details, flow_run_id=accepted[-1]["flow_run_id"]
        )


def new_state(context: Context, given: StateCreate) -> State:
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
        non_default_state_details(details),
    )


def check_state(context: Context, state: State | None) -> None:
    """Raise ServerFailure, or InvalidRequest, for a state that cannot be entered."""
    if state is None:
        return
    due = state.details.get("scheduled_time") if state.type is StateType.SCHEDULED else None
    check_time_range(context.dialect, due, ("body", "state", "state_details", "scheduled_time"))
    check_storable(context.dialect, texts=(state.name, state.message), values=state.details)
    check_state_data(context.dialect, state.data)


def check_initial_state_data(context: Context, state: StateCreate | None) -> None:
    """`create-with-data`: raise ServerFailure for a state to create a run in."""
    has_data = state is not None and state.data is not None and is_persisted(state.data)
    if has_data and context.dialect.create_with_data:
        raise ServerFailure("a state with data", retryable=False)


def propose_state(
    context: Context, run: FlowRun, proposed: State, *, force: bool
) -> OrchestrationOutcome:
    """What comes of a proposal. Raises ServerFailure, or InvalidRequest, for a retry that is due
    when no calendar goes on.
    """
    try:
        return orchestrate(
            replies.with_complete_state(run, context.store),
            proposed,
            force=force,
            now=context.now,
            new_id=context.new_id,
            api_version=context.api_version,
            deployment_exists=run.deployment_id in context.store.deployments,
        )
    except OverflowError as error:
        if context.dialect.undocumented_5xx:
            raise ServerFailure(str(error), retryable=False) from None
        msg = "The retry that follows from it would be due after the year 9999"
        problem = {"type": "date_time", "loc": ("body", "state"), "msg": msg}
        raise InvalidRequest([problem], None) from None


def save_transition(context: Context, made: OrchestrationOutcome) -> None:
    """Keep what came of a proposal; the task run of a subflow follows it."""
    store, run = context.store, made.run
    state = run.state
    if state is not None and made.is_new:
        task_run = store.task_runs.get(run.parent_task_run_id)
        if task_run is not None:
            mirrored = mirror_subflow_state(task_run, state, run.id, context.now, context.new_id)
            store.task_runs.put(mirrored)
        if not is_persisted(state.data):
            run = replace(run, state=replace(state, data=None))
        before = store.get(run.id)
        if before is not None:
            store.remember(run.id, store.states_of(replies.with_complete_state(before, store)))
    store.put(run)


def _aborted(reason: str) -> dict[str, Any]:
    details = {"type": "abort_details", "reason": reason}
    return {"status": "ABORT", "state": None, "details": details}


def _transition_reply(made: OrchestrationOutcome) -> dict[str, Any]:
    """What the reply says of a proposal."""
    state = replies.state_reply(made.state, made.run)
    return {"status": made.status, "state": state, "details": made.details}
