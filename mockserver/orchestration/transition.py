"""What the rules of orchestration are written with: a transition, and a rule.

A rule is a function and the transitions it is for; it looks at a `Transition` and changes it. Which
rules there are, and in which order they run, is in `policies`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from ..prefect import Dialect, FlowRun, Json, State, StateType, TaskRun, non_default_state_details

# Prefect's ALL_ORCHESTRATION_STATES holds None, too; `orchestrate`, where it runs the hooks that
# remain, makes up for that.
ANY_TYPE = frozenset(StateType)
SCHEDULED, PENDING, RUNNING = StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING
COMPLETED, FAILED, CANCELLED = StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED
PAUSED, CANCELLING, CRASHED = StateType.PAUSED, StateType.CANCELLING, StateType.CRASHED


class SetStateStatus(StrEnum):
    """What the server did with a proposed state, as the reply names it."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    ABORT = "ABORT"
    WAIT = "WAIT"


HOLDS_SLOT = frozenset({PENDING, RUNNING, CANCELLING})
"""The types of states in which a run holds a slot of its deployment's limit."""


@dataclass(frozen=True, slots=True)
class DeploymentSlots:
    """The slots of the concurrency limit of a run's deployment, as the rules see them.

    `limit` is how many there are, None where the deployment has no limit. `is_free`: whether one
    can be taken now. `cancels_new`: a run that gets none is cancelled, where others wait.
    `lease_kept`: whether there still is the lease of the run's present state. `returnable`: whether
    the slot that the run has can be given back.
    """

    limit: int | None = None
    is_free: bool = False
    cancels_new: bool = False
    lease_kept: bool = False
    returnable: bool = True


NO_SLOTS = DeploymentSlots()
"""Those of a run without a deployment, or whose deployment has no limit."""


class SlotChange(StrEnum):
    """What becomes of a run's slot."""

    TAKEN = "TAKEN"
    RENEWED = "RENEWED"
    FORGOTTEN = "FORGOTTEN"  # the lease goes, and the slot stays taken
    RELEASED = "RELEASED"


@dataclass(slots=True)
class Transition:
    """A transition while the rules look at it. They change `proposed` and the outcome.

    `dialect` is the one whose rules they are. `initial` is None for a run without a state;
    `proposed` becomes None once a rule refuses it and puts no other state in its place.
    `proposed_details` are the details of the proposal as the rules left them. `server_error` is the
    error that the server hits, None where it hits none. `details` are those of the reply.
    """

    dialect: Dialect
    initial: State | None
    proposed: State | None
    now: datetime
    new_id: Callable[[], str]
    proposed_details: Json
    server_error: str | None = None
    status: SetStateStatus = SetStateStatus.ACCEPT
    details: Mapping[str, Any] = field(default_factory=lambda: {"type": "accept_details"})

    @property
    def target_type(self) -> StateType | None:
        """The type of state that the run would enter now; None if it would stay as it is."""
        return self.proposed.type if self.proposed else None

    def reject(self, reason: str, state: State | None = None) -> None:
        """Refuse the proposal: the run enters `state` instead, or stays as it is."""
        self.proposed = state
        self.status = SetStateStatus.REJECT
        self.details = {"type": "reject_details", "reason": reason}

    def abort(self, reason: str) -> None:
        """Refuse the proposal and tell the client to give up on the run."""
        self.proposed = None
        self.status = SetStateStatus.ABORT
        self.details = {"type": "abort_details", "reason": reason}

    def wait(self, seconds: int, reason: str) -> None:
        """Delay the proposal: the client is told to try again after that many seconds."""
        self.proposed = None
        self.status = SetStateStatus.WAIT
        self.details = {"type": "wait_details", "delay_seconds": seconds, "reason": reason}

    def fail(self, error: str) -> None:
        """Stop at an error of the server: the run stays as it is."""
        self.proposed = None
        self.server_error = error

    def new_state(self, state_type: StateType, name: str | None = None, **parts: Any) -> State:
        """A state of the server's own, with a new id; without a name it has the type's default."""
        return State(state_type, name or state_type.default_name, self.new_id(), self.now, **parts)

    def amend_details(self, proposed: State, **details: Any) -> None:
        """Replace details of the proposed state, a frozen value, by a changed copy."""
        self.proposed_details = non_default_state_details({**proposed.details, **details})
        self.proposed = replace(proposed, details=self.proposed_details)


@dataclass(slots=True, kw_only=True)
class FlowTransition(Transition):
    """The transition of a flow run, whose rules also change `policy`.

    `policy` is a copy of the run's empirical_policy. `stale_inputs` are the keys of inputs that go
    as the run pauses. `slots` are those of its deployment's limit, `slot_change` is what becomes
    of the run's one, by the lease `slot_lease`. `renews_leases`: whether the client does.
    """

    run: FlowRun
    client_knows_pauses: bool
    deployment_exists: bool
    policy: dict[str, Any]
    slots: DeploymentSlots = NO_SLOTS
    renews_leases: bool = False
    slot_change: SlotChange | None = None
    slot_lease: str | None = None
    pause_key: str | None = None
    stale_inputs: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class TaskTransition(Transition):
    """The transition of a task run, whose rules also change `run_count`.

    `owner` is its flow run, `attempt` the number of that flow run's attempt which it belongs to.
    `cached` is the state that the server has under the cache key of the proposal; `caches`: whether
    the state that is entered is to be remembered under its own.
    """

    run: TaskRun
    owner: FlowRun | None
    run_count: int
    attempt: int
    cached: State | None = None
    caches: bool = False


TransitionT = TypeVar("TransitionT", bound=Transition)


def _no_op(_transition: Transition) -> None: ...


def _every_dialect(_dialect: Dialect) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule(Generic[TransitionT]):
    """A rule with Prefect's hooks: which transitions it is for, and what it does to them.

    `before_transition` runs while the transition is still open, with its initial state and its
    proposed state. Once all rules have run,
    `after_transition` runs if the type of state is the one that this rule left, and `cleanup` if a
    later rule changed it. Neither runs if this rule left a type that is not in its `to_states`; a
    refusal, which leaves no state, counts as being in them only if they are all types.
    `is_in`: whether the servers that a dialect stands for have the rule.
    """

    from_states: frozenset[StateType]
    to_states: frozenset[StateType]
    before_transition: Callable[[TransitionT, State, State], None]
    after_transition: Callable[[TransitionT], None] = _no_op
    cleanup: Callable[[TransitionT], None] = _no_op
    is_in: Callable[[Dialect], bool] = _every_dialect
