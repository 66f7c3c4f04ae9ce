"""What the server holds: flow runs and what they refer to, as frozen values.

Ids are the lower-case text of a uuid (its order is the uuid's order), instants are aware
datetimes in UTC, and null is None. What no filter looks at stays in `rest`, as it was loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

_NOTHING: Mapping[str, object] = MappingProxyType({})


def _nothing() -> Mapping[str, object]:
    return _NOTHING


class StateType(StrEnum):
    """Prefect's state types, in the order in which its errors name them."""

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
        """The name of a state that was given none: `COMPLETED` is `Completed`."""
        return self.value.capitalize()


@dataclass(frozen=True, slots=True)
class State:
    """The state of a run: its type, and a name that says more (`Late` is a SCHEDULED)."""

    type: StateType
    name: str
    rest: Mapping[str, object] = field(default_factory=_nothing, compare=False)


@dataclass(frozen=True, slots=True)
class CreatedBy:
    """Who created a run: a deployment's schedule, an automation, a user."""

    id: str | None = None
    type: str | None = None
    display_value: str | None = None


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A task run: what links a subflow to the flow run that started it."""

    id: str
    flow_run_id: str | None
    rest: Mapping[str, object] = field(default_factory=_nothing, compare=False)


@dataclass(frozen=True, slots=True)
class Named:
    """A flow or a deployment: what flow runs refer to by id."""

    id: str
    name: str
    rest: Mapping[str, object] = field(default_factory=_nothing, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRun:
    """A flow run; `parent_flow_run_id` follows from the task run of `parent_task_run_id`."""

    id: str
    name: str
    flow_id: str | None = None
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
    parent_flow_run_id: str | None = None
    idempotency_key: str | None = None
    created_by: CreatedBy | None = None
    rest: Mapping[str, object] = field(default_factory=_nothing, compare=False)

    @property
    def state_type(self) -> StateType | None:
        return self.state.type if self.state else None

    @property
    def state_name(self) -> str | None:
        return self.state.name if self.state else None

    @property
    def start_or_expected_time(self) -> datetime | None:
        """What `start_time.before_` and `after_` compare (M7): the start, else the expected one."""
        return self.expected_start_time if self.start_time is None else self.start_time

    @property
    def created_by_id(self) -> str | None:
        return self.created_by.id if self.created_by else None

    @property
    def created_by_type(self) -> str | None:
        return self.created_by.type if self.created_by else None
