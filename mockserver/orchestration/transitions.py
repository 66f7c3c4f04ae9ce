"""What becomes of a proposed state, and of the run that enters it.

A rule is asked only while the transition is the one that was proposed: after one has rejected it
in favour of another type of state, the later ones keep silent. What follows from a state is
Prefect's GlobalFlowPolicy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from ..prefect import FlowRun, Json, State, StateType, TaskRun, non_default_state_details, to_utc
from .rules import (
    ANY_TYPE,
    CORE_FLOW_POLICY,
    MINIMAL_FLOW_POLICY,
    RUNNING,
    SCHEDULED,
    Rule,
    SetStateStatus,
    Transition,
)

MIN_API_VERSION_WITH_PAUSES = (0, 8, 4)  # the first API version that knows pauses
_MICROSECOND = timedelta(microseconds=1)
_FROZEN_CLOCK_WINDOW = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class OrchestrationOutcome:
    """What came of a proposal: the run as it is now, its state, and what to tell the client.

    `details` are those of the reply. `is_new`: the state was made now. `proposed_details`: the
    details of the proposal, as rules have left them. `server_error`: what a real server stumbles
    over once the state is entered; None where it does not.
    """

    run: FlowRun
    state: State | None
    status: SetStateStatus
    details: Mapping[str, Any]
    is_new: bool
    proposed_details: Json
    server_error: str | None = None


def orchestrate(
    run: FlowRun,
    proposed: State,
    *,
    force: bool,
    now: datetime,
    new_id: Callable[[], str],
    api_version: tuple[int, ...] | None = None,
    deployment_exists: bool = True,
) -> OrchestrationOutcome:
    """Hold a proposed state against the rules; nothing is stored.

    `api_version`: of the client, None where it does not say (the newest is assumed).
    `deployment_exists`: whether there is a deployment with the run's deployment_id.
    """
    transition = Transition(
        run,
        run.state,
        proposed,
        now,
        new_id,
        client_knows_pauses=api_version is None or api_version >= MIN_API_VERSION_WITH_PAUSES,
        deployment_exists=deployment_exists,
        policy=dict(run.empirical_policy),
        proposed_details=proposed.details,
    )
    finish = _apply_rules(MINIMAL_FLOW_POLICY if force else CORE_FLOW_POLICY, transition)
    changed = (
        run if transition.proposed is None else _commit_transition(transition, transition.proposed)
    )
    for after in finish():
        after(transition)
    if transition.policy != run.empirical_policy:
        changed = replace(changed, empirical_policy=transition.policy, updated=now)
    return OrchestrationOutcome(
        changed,
        changed.state,
        transition.status,
        transition.details,
        is_new=transition.proposed is not None,
        proposed_details=transition.proposed_details,
        server_error=transition.server_error,
    )


def _apply_rules(
    rules: tuple[Rule, ...], transition: Transition
) -> Callable[[], list[Callable[[Transition], None]]]:
    """Ask the rules. Returns what tells, once all is decided, what is left for them to do."""
    if transition.initial is None or transition.proposed is None:
        return list
    intended = (transition.initial.type, transition.proposed.type)
    asked: list[tuple[Rule, StateType | None]] = []
    for rule in rules:
        if intended[0] not in rule.from_states or intended[1] not in rule.to_states:
            continue
        if transition.proposed is None or transition.proposed.type is not intended[1]:
            continue
        rule.before_transition(transition, transition.initial, transition.proposed)
        asked.append((rule, transition.target_type))

    def left() -> list[Callable[[Transition], None]]:
        return [
            rule.after_transition if to is transition.target_type else rule.cleanup
            for rule, to in reversed(asked)
            if to in rule.to_states or (to is None and rule.to_states == ANY_TYPE)
        ]

    return left


def _commit_transition(transition: Transition, proposed: State) -> FlowRun:
    """The run in its new state, with what is counted and timed by state changes."""
    run = transition.run
    state = replace(
        proposed,
        timestamp=_distinct_timestamp(proposed.timestamp or transition.now, transition.initial),
    )
    if run.parent_task_run_id is not None:
        details = non_default_state_details(
            {**state.details, "task_run_id": run.parent_task_run_id}
        )
        state = replace(state, details=details)
        if transition.status is SetStateStatus.ACCEPT:
            transition.proposed_details = details
    run_count = run.run_count
    resuming = bool(transition.policy.get("resuming")) and transition.client_knows_pauses
    if state.type is RUNNING and not resuming:
        run_count += 1
    if resuming and (state.type is RUNNING or state.is_final):
        transition.policy["resuming"] = False
    return replace(apply_state(run, state), run_count=run_count, updated=transition.now)


def _distinct_timestamp(at: datetime, previous: State | None) -> datetime:
    """No two states of a run share their time, though a frozen clock stands still."""
    if previous is None or previous.timestamp is None:
        return at
    if timedelta(0) <= previous.timestamp - at < _FROZEN_CLOCK_WINDOW:
        return previous.timestamp + _MICROSECOND
    return at


RunT = TypeVar("RunT", FlowRun, TaskRun)


def apply_state(run: RunT, state: State) -> RunT:
    """A run in a new state: its start, its end, its run time and its schedule follow."""
    previous, at = run.state, state.timestamp
    start, end = run.start_time, run.end_time
    scheduled = state.details.get("scheduled_time") if state.type is SCHEDULED else None
    scheduled = scheduled and to_utc(scheduled)
    if state.type is RUNNING and start is None:
        start = at
    if previous is not None and previous.is_final and not state.is_final:
        end = None
    if state.is_final and end is None:
        start, end = start or at, at
    run_time = run.total_run_time
    if previous is not None and previous.type is RUNNING and previous.timestamp and at:
        run_time = round(run_time + (at - previous.timestamp).total_seconds(), 6)
    next_scheduled = run.next_scheduled_start_time
    if previous is not None and previous.type is SCHEDULED:
        next_scheduled = None
    if state.type is SCHEDULED:
        next_scheduled = scheduled
    expected = run.expected_start_time or (scheduled if state.type is SCHEDULED else at)
    return replace(
        run,
        state=state,
        start_time=start,
        end_time=end,
        total_run_time=run_time,
        expected_start_time=expected,
        next_scheduled_start_time=next_scheduled,
    )


def mirror_subflow_state(
    task_run: TaskRun, state: State, subflow_id: str, now: datetime, new_id: Callable[[], str]
) -> TaskRun:
    """The task run that stands for a subflow, in the state that the subflow is in."""
    details = non_default_state_details({**state.details, "child_flow_run_id": subflow_id})
    data = state.data if is_persisted(state.data) else None
    copy = replace(state, id=new_id(), timestamp=now, details=details, data=data)
    count = task_run.run_count + (state.type is RUNNING)
    return replace(apply_state(task_run, copy), run_count=count, updated=now)


def is_persisted(data: Any) -> bool:
    """Whether a state's data is kept: not where the client says that it has not kept it either."""
    return not (isinstance(data, dict) and data.get("type") == "unpersisted")
