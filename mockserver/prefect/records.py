"""Records: flow runs and what they refer to, as frozen values.

Ids are the lower-case text of a uuid, which sorts as the uuid does. Instants are aware datetimes in
UTC, durations are in seconds, and null is None. `rest` holds the fields of a seed that have no
attribute of their own, as they were loaded; it does not count when records are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

Json = Mapping[str, Any]
EMPTY_JSON: Json = MappingProxyType({})


def _empty_json() -> Json:
    # A factory: dataclasses refuse a mappingproxy as a default, as it has no hash (Python 3.11).
    return EMPTY_JSON


class StateType(StrEnum):
    """Prefect's state types, in the order in which its error messages list them."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"

    @property
    def default_name(self) -> str:
        """The name of a state without one: `Completed` for COMPLETED."""
        # Prefect: schemas/actions.py, StateCreate.default_name_from_type.
        return self.value.capitalize()

    @property
    def is_final(self) -> bool:
        """Whether a run in such a state has ended."""
        return self in TERMINAL_STATES


NAMED_STATES: Mapping[str, StateType] = {
    "AwaitingConcurrencySlot": StateType.SCHEDULED,
    "AwaitingRetry": StateType.SCHEDULED,
    "Late": StateType.SCHEDULED,
    "Resuming": StateType.SCHEDULED,
    "Retrying": StateType.RUNNING,
    "Cached": StateType.COMPLETED,
    "RolledBack": StateType.COMPLETED,
    "TimedOut": StateType.FAILED,
    "Suspended": StateType.PAUSED,
    **{member.default_name: member for member in StateType},
}
"""The names of states that Prefect itself gives; each stands for a state of that type."""


# Prefect: schemas/states.py, TERMINAL_STATES.
TERMINAL_STATES = frozenset(
    {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED}
)


# flow_run_id is not among them: the server sets it on every state (Prefect: global_policy.py,
# UpdateStateDetails).
STATE_DETAILS_DEFAULTS: Json = MappingProxyType(
    {
        "task_run_id": None,
        "child_flow_run_id": None,
        "scheduled_time": None,
        "cache_key": None,
        "cache_expiration": None,
        "deferred": False,
        "untrackable_result": False,
        "pause_timeout": None,
        "pause_reschedule": False,
        "pause_key": None,
        "run_input_keyset": None,
        "refresh_cache": None,
        "retriable": None,
        "transition_id": None,
        "task_parameters_id": None,
        "traceparent": None,
        "deployment_concurrency_lease_id": None,
    }
)
"""Prefect's state_details that a client can set, with their default values."""


def non_default_state_details(details: Json) -> Json:
    """The state_details that Prefect knows and that differ from their defaults."""
    return {
        key: value
        for key, value in details.items()
        if key in STATE_DETAILS_DEFAULTS and value != STATE_DETAILS_DEFAULTS[key]
    } or EMPTY_JSON


@dataclass(frozen=True, slots=True)
class State:
    """The state of a run: its type, and a name that can say more (`Late` is of type SCHEDULED).

    `details` are the state_details that differ from their defaults (see
    `non_default_state_details`), with ids as texts and times as datetimes.
    """

    type: StateType
    name: str
    id: str | None = None
    timestamp: datetime | None = None
    message: str | None = None
    data: Any = None
    details: Json = field(default_factory=_empty_json)
    rest: Json = field(default_factory=_empty_json, compare=False)

    @property
    def is_final(self) -> bool:
        return self.type in TERMINAL_STATES


@dataclass(frozen=True, slots=True)
class CreatedBy:
    """Who created a run: a deployment's schedule, an automation, a user."""

    id: str | None = None
    type: str | None = None
    display_value: str | None = None


class StateColumns:
    """The columns of a flow run or task run that filters on its state compare."""

    # Without it the records that inherit this would have a __dict__ in spite of their slots.
    __slots__ = ()
    state: State | None

    @property
    def state_type(self) -> StateType | None:
        return self.state.type if self.state else None

    @property
    def state_name(self) -> str | None:
        return self.state.name if self.state else None

    @property
    def state_key(self) -> tuple[StateType, str] | None:
        """The type and the name of the state."""
        return (self.state.type, self.state.name) if self.state else None


@dataclass(frozen=True, slots=True)
class TaskRun(StateColumns):
    """A task run. It also links a subflow to its parent flow run (`FlowRun.parent_task_run_id`)."""

    id: str
    flow_run_id: str | None = None
    name: str = ""
    task_key: str = ""
    dynamic_key: str = ""
    tags: tuple[str, ...] = ()
    state: State | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    expected_start_time: datetime | None = None
    next_scheduled_start_time: datetime | None = None
    run_count: int = 0
    flow_run_run_count: int = 0
    total_run_time: float = 0.0
    cache_key: str | None = None
    cache_expiration: datetime | None = None
    task_version: str | None = None
    empirical_policy: Json = field(default_factory=_empty_json)
    task_inputs: Json = field(default_factory=_empty_json)
    labels: Json = field(default_factory=_empty_json)
    created: datetime | None = None
    updated: datetime | None = None
    rest: Json = field(default_factory=_empty_json, compare=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow, of which flow runs are runs."""

    id: str
    name: str
    tags: tuple[str, ...] = ()
    labels: Json = field(default_factory=_empty_json)
    created: datetime | None = None
    updated: datetime | None = None
    rest: Json = field(default_factory=_empty_json, compare=False)


UNKNOWN_FLOW = Flow("8d6ee9bd-1a1c-5a8e-9d7e-6b7f3c1d2e40", "unknown-flow")
"""The flow of runs that a seed gives none: on a server every run has a flow."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a flow. Its schedules and settings are in `rest`: no filter needs them."""

    id: str
    name: str
    flow_id: str = UNKNOWN_FLOW.id
    tags: tuple[str, ...] = ()
    paused: bool = False
    work_queue_name: str | None = None
    work_queue_id: str | None = None
    work_pool_id: str | None = None
    work_pool_name: str | None = None
    labels: Json = field(default_factory=_empty_json)
    created: datetime | None = None
    updated: datetime | None = None
    rest: Json = field(default_factory=_empty_json, compare=False)


@dataclass(frozen=True, slots=True)
class WorkPool:
    """A work pool, whose workers execute the runs of deployments; a type is `process`, say."""

    id: str
    name: str
    type: str | None = None
    rest: Json = field(default_factory=_empty_json, compare=False)


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A queue of a work pool."""

    id: str
    name: str
    work_pool_id: str | None = None
    rest: Json = field(default_factory=_empty_json, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRun(StateColumns):
    """A flow run. `parent_flow_run_id` is the flow run of the task run `parent_task_run_id`."""

    id: str
    name: str
    flow_id: str = UNKNOWN_FLOW.id
    tags: tuple[str, ...] = ()
    deployment_id: str | None = None
    work_queue_name: str | None = None
    state: State | None = None
    flow_version: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    expected_start_time: datetime | None = None
    next_scheduled_start_time: datetime | None = None
    parent_task_run_id: str | None = None
    # Not a column of Prefect's: its filter joins the task runs (M8).
    parent_flow_run_id: str | None = None
    idempotency_key: str | None = None
    created_by: CreatedBy | None = None
    # No filter on flow runs compares the fields below.
    created: datetime | None = None
    updated: datetime | None = None
    deployment_version: str | None = None
    work_queue_id: str | None = None
    work_pool_id: str | None = None
    work_pool_name: str | None = None
    parameters: Json = field(default_factory=_empty_json)
    context: Json = field(default_factory=_empty_json)
    labels: Json = field(default_factory=_empty_json)
    empirical_policy: Json = field(default_factory=_empty_json)
    job_variables: Json | None = field(default_factory=_empty_json)
    run_count: int = 0
    total_run_time: float = 0.0
    auto_scheduled: bool = False
    infrastructure_document_id: str | None = None
    infrastructure_pid: str | None = None
    rest: Json = field(default_factory=_empty_json, compare=False)

    @property
    def start_or_expected_time(self) -> datetime | None:
        """The start, else the expected start: `start_time.before_` and `after_` compare it (M7)."""
        return self.expected_start_time if self.start_time is None else self.start_time

    @property
    def created_by_id(self) -> str | None:
        return self.created_by.id if self.created_by else None

    @property
    def created_by_type(self) -> str | None:
        return self.created_by.type if self.created_by else None
