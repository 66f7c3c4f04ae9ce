"""Resuming paused and suspended flow runs, with the input that they wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ...errors import Conflict, NotFound, ServerFailure
from ...parameters import (
    CircularSchema,
    HydrationError,
    InvalidSchema,
    SchemaMismatch,
    check_values,
    hydrate,
)
from ...prefect import FlowRun, State, StateType
from ...prefect.objects import Variable
from ...requests.objects import ResumeRequest
from .. import (
    CONFLICT,
    Context,
    Outcome,
    aborted,
    complete_state,
    propose_state,
    save_transition,
    state_reply,
    transition_reply,
)
from .inputs import check_key, find_input, save_input

Json = Mapping[str, Any]


class _Rejected(Exception):
    """The input of a run is not as it should be; the text is that of a real server."""


def resume_flow_run(context: Context, flow_run_id: str, body: ResumeRequest) -> Outcome:
    """Let a paused flow run go on, or be scheduled if it was suspended.

    An input that the pause asks for is checked first, and kept once the run is resumed. Raises
    ServerFailure where a real server fails, which it does for an unknown run; NotFound for one in
    a dialect that fails nowhere; Conflict where the run has an answer already.
    """
    run = context.store.get(flow_run_id)
    if run is None:
        if context.dialect.undocumented_5xx is None:
            raise NotFound("Flow run not found")
        raise ServerFailure("a flow run that there is not", retryable=False)
    state = complete_state(run, context.store)
    if state is None or state.type is not StateType.PAUSED:
        return Outcome(aborted("Cannot resume a flow run that is not paused."))
    keyset = state.details.get("run_input_keyset")
    run_input = body.run_input
    try:
        if keyset:
            run_input = _check_input(context, run, run_input or {}, keyset)
        return _resume(context, run, state, keyset, run_input)
    except _Rejected as rejected:
        details = {"type": "abort_details", "reason": str(rejected)}  # not "reject_details"
        reply = {"status": "REJECT", "state": state_reply(state, run), "details": details}
        return Outcome(reply)


def _resume(
    context: Context, run: FlowRun, state: State, keyset: Json | None, run_input: Json | None
) -> Outcome:
    transition = propose_state(context, run, _next_state(context, state), force=False)
    answer: tuple[str, str] | None = None
    if keyset and run_input and transition.status == "ACCEPT":
        answer = _answer(context, run, keyset, run_input)
    save_transition(context, transition)
    if answer is not None:
        save_input(context, run.id, *answer)
    return Outcome(transition_reply(transition), made=transition.is_new)


def _next_state(context: Context, paused: State) -> State:
    new_id, now = context.new_id(), context.now
    if paused.details.get("pause_reschedule"):
        return State(StateType.SCHEDULED, "Resuming", new_id, now, details={"scheduled_time": now})
    return State(StateType.RUNNING, "Running", new_id, now)


def _check_input(context: Context, run: FlowRun, run_input: Json, keyset: Json) -> Any:
    """The input with its templates filled in. Raises _Rejected, and as `resume_flow_run`."""
    variables = {one.name: one.value for one in context.store.objects(Variable)}
    try:
        filled_in = hydrate(run_input, variables, context.dialect) or {}
    except HydrationError as error:
        raise _Rejected(f"Error hydrating run input: {error}") from None
    schema = _schema_of_input(context, run, keyset)
    try:
        check_values(filled_in, schema)
    except SchemaMismatch as mismatch:
        raise _Rejected(f"Reason: {mismatch}") from None
    except CircularSchema:
        raise _Rejected(
            "Invalid schema: Unable to validate schema with circular references."
        ) from None
    except InvalidSchema as invalid:
        raise _failure(context, f"Invalid schema: {invalid}") from None
    return filled_in


def _failure(context: Context, reason: str) -> Exception:
    """What to raise where a real server fails: in a dialect that fails nowhere, a rejection."""
    if context.dialect.undocumented_5xx is None:
        return _Rejected(reason)
    return ServerFailure(reason, retryable=False)


def _schema_of_input(context: Context, run: FlowRun, keyset: Json) -> Json:
    """The JSON Schema that the run keeps as an input. Raises _Rejected, ServerFailure."""
    found = find_input(context, run.id, _key(context, keyset, "schema"))
    if found is None:
        raise _Rejected("Run input schema not found.")
    try:
        schema = orjson.loads(found.value)
    except orjson.JSONDecodeError:
        raise _Rejected("Run input schema is not valid JSON.") from None
    if not isinstance(schema, dict):
        raise _failure(context, "Run input schema is no object.")
    return schema


def _answer(context: Context, run: FlowRun, keyset: Json, run_input: Json) -> tuple[str, str]:
    """The key and the value of the input to keep. Raises _Rejected, and as `resume_flow_run`."""
    key = _key(context, keyset, "response")
    check_key(context, key)
    try:
        value = orjson.dumps(run_input).decode()
    except TypeError as error:  # integers of more than 64 bits, lone surrogates
        raise _failure(context, str(error)) from None
    if find_input(context, run.id, key) is not None:
        raise Conflict(CONFLICT)
    return key, value


def _key(context: Context, keyset: Json, name: str) -> str:
    key = keyset.get(name)
    if key is None:
        raise _failure(context, f"The keyset of the run input has no {name!r}.")
    return str(key)
