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
    details of the proposal, as rules have left them. `broken`: what a real server stumbles over
    once the state is entered; None where it does not.
    """

    run: FlowRun
    state: State | None
    status: SetStateStatus
    details: Mapping[str, Any]
    is_new: bool
    proposed_details: Json
    broken: str | None = None


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
    move = Transition(
        run,
        run.state,
        proposed,
        now,
        new_id,
        knows_pauses=api_version is None or api_version >= MIN_API_VERSION_WITH_PAUSES,
        deployment_exists=deployment_exists,
        policy=dict(run.empirical_policy),
        proposed_details=proposed.details,
    )
    finish = _apply_rules(MINIMAL_FLOW_POLICY if force else CORE_FLOW_POLICY, move)
    changed = run if move.proposed is None else _commit_transition(move, move.proposed)
    for after in finish():
        after(move)
    if move.policy != run.empirical_policy:
        changed = replace(changed, empirical_policy=move.policy, updated=now)
    return OrchestrationOutcome(
        changed,
        changed.state,
        move.status,
        move.details,
        is_new=move.proposed is not None,
        proposed_details=move.proposed_details,
        broken=move.broken,
    )


def _apply_rules(
    rules: tuple[Rule, ...], move: Transition
) -> Callable[[], list[Callable[[Transition], None]]]:
    """Ask the rules. Returns what tells, once all is decided, what is left for them to do."""
    if move.initial is None or move.proposed is None:
        return list
    intended = (move.initial.type, move.proposed.type)
    asked: list[tuple[Rule, StateType | None]] = []
    for rule in rules:
        if intended[0] not in rule.froms or intended[1] not in rule.tos:
            continue
        if move.proposed is None or move.proposed.type is not intended[1]:
            continue
        rule.check(move, move.initial, move.proposed)
        asked.append((rule, move.to))

    def left() -> list[Callable[[Transition], None]]:
        return [
            rule.after if to is move.to else rule.undo
            for rule, to in reversed(asked)
            if to in rule.tos or (to is None and rule.tos == ANY_TYPE)
        ]

    return left


def _commit_transition(move: Transition, proposed: State) -> FlowRun:
    """The run in its new state, with what is counted and timed by state changes."""
    run = move.run
    state = replace(
        proposed, timestamp=_distinct_timestamp(proposed.timestamp or move.now, move.initial)
    )
    if run.parent_task_run_id is not None:
        details = non_default_state_details(
            {**state.details, "task_run_id": run.parent_task_run_id}
        )
        state = replace(state, details=details)
        if move.status is SetStateStatus.ACCEPT:
            move.proposed_details = details
    run_count = run.run_count
    resuming = bool(move.policy.get("resuming")) and move.knows_pauses
    if state.type is RUNNING and not resuming:
        run_count += 1
    if resuming and (state.type is RUNNING or state.is_final):
        move.policy["resuming"] = False
    return replace(apply_state(run, state), run_count=run_count, updated=move.now)


def _distinct_timestamp(at: datetime, before: State | None) -> datetime:
    """No two states of a run share their time, though a frozen clock stands still."""
    if before is None or before.timestamp is None:
        return at
    if timedelta(0) <= before.timestamp - at < _FROZEN_CLOCK_WINDOW:
        return before.timestamp + _MICROSECOND
    return at


RunT = TypeVar("RunT", FlowRun, TaskRun)


def apply_state(run: RunT, state: State) -> RunT:
    """A run in a new state: its start, its end, its run time and its schedule follow."""
    before, at = run.state, state.timestamp
    start, end = run.start_time, run.end_time
    scheduled = state.details.get("scheduled_time") if state.type is SCHEDULED else None
    scheduled = scheduled and to_utc(scheduled)
    if state.type is RUNNING and start is None:
        start = at
    if before is not None and before.is_final and not state.is_final:
        end = None
    if state.is_final and end is None:
        start, end = start or at, at
    ran = run.total_run_time
    if before is not None and before.type is RUNNING and before.timestamp and at:
        ran = round(ran + (at - before.timestamp).total_seconds(), 6)
    due = run.next_scheduled_start_time
    if before is not None and before.type is SCHEDULED:
        due = None
    if state.type is SCHEDULED:
        due = scheduled
    expected = run.expected_start_time or (scheduled if state.type is SCHEDULED else at)
    return replace(
        run,
        state=state,
        start_time=start,
        end_time=end,
        total_run_time=ran,
        expected_start_time=expected,
        next_scheduled_start_time=due,
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
