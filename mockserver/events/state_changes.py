"""The event of a flow run that has entered a state.

What it says is taken from the run when the state is entered, and becomes JSON when somebody asks:
most runs of a test are changed without that. Prefect: models/events.py,
flow_run_state_change_event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..prefect import CreatedBy, State, StateType
from .event import Resource

# Prefect: models/events.py, _timing_is_tight and TRUNCATE_STATE_MESSAGES_AT.
_TIGHT_TIMING = timedelta(minutes=5)
MAX_MESSAGE = 100_000

_SIZE = 600  # bytes, measured with Python 3.11: an event with a flow and two tags
_CREATORS = {"DEPLOYMENT": "prefect.deployment", "AUTOMATION": "prefect.automation"}


class StateSummary(NamedTuple):
    """What an event says of a state."""

    id: str | None
    type: StateType
    name: str
    message: str
    timestamp: datetime | None
    pause_reschedule: bool

    @classmethod
    def of(cls, state: State) -> StateSummary:
        """The summary of a state; a long message is cut in its middle."""
        message = state.message or ""
        return cls(
            state.id,
            state.type,
            state.name,
            message if len(message) <= MAX_MESSAGE else cut_message(message),
            state.timestamp,
            bool(state.details.get("pause_reschedule")),
        )

    def payload(self) -> dict[str, str]:
        """The state in the payload of an event: only what it has."""
        said = {"type": self.type.value, "name": self.name, "message": self.message}
        payload = {key: value for key, value in said.items() if value}
        if self.type is StateType.PAUSED:
            payload["pause_reschedule"] = str(self.pause_reschedule).lower()
        return payload


def cut_message(message: str) -> str:
    """A long message without its middle, unless that would be no shorter."""
    # Prefect: utilities/text.py, truncated_to.
    half = MAX_MESSAGE // 2
    omitted = len(message) - 2 * half
    cut = f"{message[:half]}...{omitted} additional characters...{message[-half:]}"
    return cut if len(cut) < len(message) else message


class Owner(NamedTuple):
    """A record that a flow run belongs to. `kind` is as in ids of resources: `work-pool`."""

    kind: str
    id: str
    name: str
    tags: Sequence[str] = ()
    type: str | None = None  # of a work pool


@dataclass(frozen=True, slots=True)
class FlowRunStateChange:
    """A flow run has entered a state; `initial` is the one before, None where there was none."""

    run_id: str
    run_name: str
    run_count: int
    tags: Sequence[str]
    owners: tuple[Owner, ...]
    created_by: CreatedBy | None
    initial: StateSummary | None
    entered: StateSummary
    occurred: datetime
    received: datetime

    @property
    def id(self) -> str:
        """That of the state, so that the order of states is the order of events."""
        return self.entered.id or ""

    @property
    def name(self) -> str:
        """What has happened."""
        return f"prefect.flow-run.{self.entered.name}"

    @property
    def resource_id(self) -> str:
        """The id of the flow run as a resource."""
        return f"prefect.flow-run.{self.run_id}"

    @property
    def follows(self) -> str | None:
        """The id of the event before, if that is not long ago."""
        before = self.initial
        if before is None or before.timestamp is None:
            return None
        tight = -_TIGHT_TIMING < self.occurred - before.timestamp < _TIGHT_TIMING
        return before.id if tight else None

    @property
    def resource(self) -> Resource:
        """The flow run in its state."""
        state = self.entered
        return {
            "prefect.resource.id": self.resource_id,
            "prefect.resource.name": self.run_name,
            "prefect.run-count": str(self.run_count),
            "prefect.state-message": state.message,
            "prefect.state-name": state.name,
            "prefect.state-timestamp": self.occurred.isoformat(),
            "prefect.state-type": state.type.value,
        }

    @property
    def related(self) -> list[Resource]:
        """What the flow run belongs to, the tags of all of them, and who created it."""
        related: list[Resource] = [_related_owner(owner) for owner in self.owners]
        tags = set(self.tags).union(*(owner.tags for owner in self.owners))
        related += [
            {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}
            for tag in sorted(tags)
        ]
        creator = self.created_by
        prefix = _CREATORS.get(creator.type or "") if creator else None
        if creator is not None and prefix is not None:
            resource = {
                "prefect.resource.id": f"{prefix}.{creator.id}",
                "prefect.resource.role": "creator",
            }
            if creator.display_value:
                resource["prefect.resource.name"] = creator.display_value
            related.append(resource)
        return related

    @property
    def payload(self) -> dict[str, Any]:
        """Both states."""
        before, after = self.initial, self.entered
        return {
            "intended": {"from": before and before.type.value, "to": after.type.value},
            "initial_state": before and before.payload(),
            "validated_state": after.payload(),
        }

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        before = 0 if self.initial is None else len(self.initial.message)
        return _SIZE + len(self.run_name) + len(self.entered.message) + before


def _related_owner(owner: Owner) -> dict[str, str]:
    resource = {
        "prefect.resource.id": f"prefect.{owner.kind}.{owner.id}",
        "prefect.resource.role": owner.kind,
        "prefect.resource.name": owner.name,
    }
    if owner.type is not None:
        resource[f"prefect.{owner.kind}.type"] = owner.type
    return resource
