"""Applying the rules to a proposed state, and changing the run that enters it.

A rule runs only while the transition is the one that was proposed: once a rule refuses it or puts
another type of state in its place, no later rule runs. The columns of a run that follow from its
state are set as Prefect's GlobalFlowPolicy sets them (`prefect.server.orchestration.global_policy`,
whose transforms are named in comments here).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from ..prefect import (
    Dialect,
    FlowRun,
    Json,
    State,
    StateType,
    TaskRun,
    non_default_state_details,
    to_utc,
)
from .policies import CORE_FLOW_POLICY, MINIMAL_FLOW_POLICY
from .rules import is_persisted
from .slot_rules import release_slot
from .transition import (
    ANY_TYPE,
    NO_SLOTS,
    RUNNING,
    SCHEDULED,
    DeploymentSlots,
    FlowTransition,
    Rule,
    SetStateStatus,
    SlotChange,
    TransitionT,
)

MIN_API_VERSION_WITH_PAUSES = (0, 8, 4)
"""The first API version with pauses: for older clients Prefect leaves the pause fields of a run's
policy alone, and counts a resumed run as another run.
"""
# Prefect: global_policy.py, EnsureFlowRunStateTimestampIsUnique takes the same step, since 3.8.0.
# Its database has a unique index on a state's run and time, but its clock never stands still.
_MICROSECOND = timedelta(microseconds=1)
# Chosen, not measured: room for a million states at one instant.
_FROZEN_CLOCK_WINDOW = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class OrchestrationOutcome:
    """What came of a proposal: the run as it is now, its state, and what the reply says.

    `details` are those of the reply. `is_new`: whether the run entered a state, and did not stay as
    it was. `proposed_details`: the state_details of the proposal, as the rules left them.
    `server_error`: the error that a real server hits, None where it hits none; if `is_new`, then
    once the state is entered. `stale_inputs`: the keys of inputs of the run that are to be deleted.
    `slot_change`: what becomes of its slot of its deployment's limit, by the lease `slot_lease`.
    """

    run: FlowRun
    state: State | None
    status: SetStateStatus
    details: Mapping[str, Any]
    is_new: bool
    proposed_details: Json
    server_error: str | None = None
    stale_inputs: tuple[str, ...] = ()
    slot_change: SlotChange | None = None
    slot_lease: str | None = None


def orchestrate(
    run: FlowRun,
    proposed: State,
    dialect: Dialect,
    *,
    force: bool,
    now: datetime,
    new_id: Callable[[], str],
    api_version: tuple[int, ...] | None = None,
    deployment_exists: bool = True,
    slots: DeploymentSlots = NO_SLOTS,
    renews_leases: bool = False,
) -> OrchestrationOutcome:
    """Apply the rules of a dialect to a proposed state; nothing is stored.

    `force`: apply the few rules of the minimal policy only. `api_version`: the client's, None where
    it does not say (then the newest is assumed). `deployment_exists`: whether there is a deployment
    with the run's deployment_id, and `slots` those of its limit. `renews_leases`: whether the
    client does so with the lease on a slot. Raises OverflowError for a retry that would be
    scheduled after the year 9999.
    """
    transition = FlowTransition(
        dialect,
        run.state,
        proposed,
        now,
        new_id,
        proposed.details,
        run=run,
        client_knows_pauses=api_version is None or api_version >= MIN_API_VERSION_WITH_PAUSES,
        deployment_exists=deployment_exists,
        policy=dict(run.empirical_policy),
        slots=slots,
        renews_leases=renews_leases,
    )
    rules = MINIMAL_FLOW_POLICY if force else CORE_FLOW_POLICY
    evaluated = evaluate_rules(rules, transition, proposed.type)
    # Prefect commits the state inside the contexts of the rules and runs their hooks as it leaves
    # them (models/flow_runs.py, set_flow_run_state).
    if transition.proposed is not None:
        run = _commit_transition(transition, transition.proposed)
    for hook in remaining_hooks(evaluated, transition.target_type):
        hook(transition)
    release_slot(transition)
    return _outcome(transition, run)


EvaluatedRule = tuple[Rule[TransitionT], StateType | None]
"""A rule, and the type of state that the run would have entered after it."""


def evaluate_rules(
    rules: tuple[Rule[TransitionT], ...], transition: TransitionT, intended: StateType
) -> list[EvaluatedRule[TransitionT]]:
    """Run the rules for this transition, until one changes the type of state from `intended`."""
    initial = transition.initial
    # Only a seed has runs without a state: a server creates a run in PENDING if none is proposed.
    # Not modelled: Prefect's HandlePausingFlows would abort a pause of such a run.
    if initial is None:
        return []
    evaluated: list[EvaluatedRule[TransitionT]] = []
    for rule in rules:
        if initial.type not in rule.from_states or intended not in rule.to_states:
            continue
        if not rule.is_in(transition.dialect):
            continue
        proposed = transition.proposed
        if proposed is None or proposed.type is not intended:
            break
        rule.before_transition(transition, initial, proposed)
        # The type as this rule leaves it, so that a rule is not cleaned up for a change of its own
        # (Prefect: BaseOrchestrationRule.reject_transition sets to_state_type).
        evaluated.append((rule, transition.target_type))
    return evaluated


def remaining_hooks(
    evaluated: list[EvaluatedRule[TransitionT]], final: StateType | None
) -> list[Callable[[TransitionT], None]]:
    """The hooks to run now that the transition is decided, the last rule's first.

    Prefect nests the contexts of its rules, so that they are left in reverse order.
    """
    # The type is None after a refusal, and Prefect's set of all types includes None.
    return [
        rule.after_transition if target is final else rule.cleanup
        for rule, target in reversed(evaluated)
        if target in rule.to_states or (target is None and rule.to_states == ANY_TYPE)
    ]


def _outcome(transition: FlowTransition, run: FlowRun) -> OrchestrationOutcome:
    """The outcome for the run after the transition, with its policy as the rules left it."""
    if transition.policy != transition.run.empirical_policy:
        run = replace(run, empirical_policy=transition.policy, updated=transition.now)
    return OrchestrationOutcome(
        run,
        run.state,
        transition.status,
        transition.details,
        is_new=transition.proposed is not None,
        proposed_details=transition.proposed_details,
        server_error=transition.server_error,
        stale_inputs=transition.stale_inputs,
        slot_change=transition.slot_change,
        slot_lease=transition.slot_lease,
    )


def _commit_transition(transition: FlowTransition, proposed: State) -> FlowRun:
    """The run in its new state, with the counts and times that follow (GlobalFlowPolicy)."""
    run = transition.run
    timestamp = distinct_timestamp(proposed.timestamp or transition.now, transition.initial)
    state = replace(proposed, timestamp=timestamp)
    if run.parent_task_run_id is not None:  # UpdateSubflowStateDetails
        details = non_default_state_details(
            {**state.details, "task_run_id": run.parent_task_run_id}
        )
        state = replace(state, details=details)
        # A state that a rule put in place of the proposal leaves the details of the proposal alone.
        if transition.status is SetStateStatus.ACCEPT:
            transition.proposed_details = details
    # IncrementFlowRunCount comes before RemoveResumingIndicator: it has to see the indicator.
    run_count = run.run_count
    resuming = bool(transition.policy.get("resuming")) and transition.client_knows_pauses
    if state.type is RUNNING and not resuming:  # IncrementFlowRunCount
        run_count += 1
    if resuming and (state.type is RUNNING or state.is_final):  # RemoveResumingIndicator
        transition.policy["resuming"] = False
    return replace(apply_state(run, state), run_count=run_count, updated=transition.now)


def distinct_timestamp(at: datetime, previous: State | None) -> datetime:
    """The time of a new state; never that of the previous one, even if the clock is frozen.

    With a frozen clock each state comes a microsecond after the one before, so that the previous
    one can be a little ahead of the clock. One that is further ahead comes from a seed; the clock
    is then believed.
    """
    if previous is None or previous.timestamp is None:
        return at
    if timedelta(0) <= previous.timestamp - at < _FROZEN_CLOCK_WINDOW:
        return previous.timestamp + _MICROSECOND
    return at


RunT = TypeVar("RunT", FlowRun, TaskRun)


def apply_state(run: RunT, state: State) -> RunT:
    """The run in a new state, with the times that follow from it (Prefect's GlobalFlowPolicy)."""
    start, end = _start_and_end(run, state)
    # SetNextScheduledStartTime and SetExpectedStartTime; the latter acts on the first state only.
    if state.type is SCHEDULED:
        scheduled = state.details.get("scheduled_time")
        next_scheduled = expected = scheduled and to_utc(scheduled)
    else:
        was_scheduled = run.state is not None and run.state.type is SCHEDULED
        next_scheduled = None if was_scheduled else run.next_scheduled_start_time
        expected = state.timestamp
    return replace(
        run,
        state=state,
        start_time=start,
        end_time=end,
        total_run_time=_total_run_time(run, state),
        expected_start_time=run.expected_start_time or expected,
        next_scheduled_start_time=next_scheduled,
    )


def _start_and_end(run: FlowRun | TaskRun, state: State) -> tuple[datetime | None, datetime | None]:
    """The start is the first RUNNING; the end is the first final state since it last ran."""
    # SetStartTime and SetEndTime: a run that ends before it has run starts as it ends.
    start, end, at = run.start_time, run.end_time, state.timestamp
    if state.type is RUNNING and start is None:
        start = at
    if run.state is not None and run.state.is_final and not state.is_final:
        end = None
    if state.is_final and end is None:
        start, end = start or at, at
    return start, end


def _total_run_time(run: FlowRun | TaskRun, state: State) -> float:
    """Seconds spent in RUNNING, to the microsecond; a state without a time adds nothing."""
    previous, at = run.state, state.timestamp
    if previous is None or previous.type is not RUNNING or not previous.timestamp or not at:
        return run.total_run_time
    # IncrementRunTime adds intervals; rounding keeps a sum of floats to what these can hold.
    return round(run.total_run_time + (at - previous.timestamp).total_seconds(), 6)


def mirror_subflow_state(
    task_run: TaskRun, state: State, subflow_id: str, now: datetime, new_id: Callable[[], str]
) -> TaskRun:
    """The task run that stands for a subflow, with a copy of the subflow's state.

    Prefect's UpdateSubflowParentTask. `subflow_id`: the id of the flow run that is the subflow.
    """
    details = non_default_state_details({**state.details, "child_flow_run_id": subflow_id})
    # Prefect forces this state: no rule for task runs applies. Data is kept as an artifact, and an
    # unpersisted result gets none.
    data = state.data if is_persisted(state.data) else None
    copy = replace(state, id=new_id(), timestamp=now, details=details, data=data)
    count = task_run.run_count + (state.type is RUNNING)
    return replace(apply_state(task_run, copy), run_count=count, updated=now)
