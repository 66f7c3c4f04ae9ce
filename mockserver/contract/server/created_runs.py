"""Flow runs for tests: created through a server's public API, and read back from it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ...prefect import StateType
from .cleanup_journal import CleanupJournal, delete_flow_run, filter_by_flows
from .sample_values import (
    CREATOR_IDS,
    DEPLOYMENT_IDS,
    NAMES,
    NUL_NAMES,
    QUEUES,
    SCHEDULED_TIMES,
    STATE_NAMES,
    TAGS,
    VERSIONS,
)
from .target import JSON_HEADERS, Target, TargetError, created_id, id_of

# Prefect: schemas/actions.py, FlowRunCreate has no such fields; api/dependencies.py, get_created_by
# knows no other creator.
API_LIMITATIONS = (
    "ids, and the times at which a run started and ended: the server chooses them",
    "runs without a state or a name, or with a creator of a type other than AUTOMATION",
    "task runs that belong to no flow run: they could not be deleted",
)
"""What no created run can have, because the public API does not allow it."""


@dataclass(frozen=True, slots=True)
class StateDraft:
    """A state of a run to be created. `scheduled_time` is RFC 3339 text."""

    type: str
    name: str | None = None
    scheduled_time: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The state as the API accepts it."""
        details = {} if self.scheduled_time is None else {"scheduled_time": self.scheduled_time}
        return {"type": self.type, "name": self.name, "state_details": details}


@dataclass(frozen=True, slots=True)
class Draft:
    """A flow run to be created.

    It is created in the first of `states` and set to each of the others in turn. `key`: whether
    it gets an idempotency key (unique, so generated). `parent` is the index, in the same list of
    drafts, of an earlier run that it is a subflow of.
    """

    name: str
    states: tuple[StateDraft, ...]
    tags: tuple[str, ...] = ()
    version: str | None = None
    key: bool = False
    queue: str | None = None
    deployment_id: str | None = None
    creator_id: str | None = None
    parent: int | None = None


@dataclass
class CreatedRuns:
    """The flow runs that the kit created on a server; it touches no others.

    They all belong to one flow, which the kit creates for them. `ids` are those that were created
    and not deleted yet, `foreign` those that were there before.
    """

    target: Target
    journal: CleanupJournal
    flow_id: str = ""
    ids: list[str] = field(default_factory=list)
    foreign: frozenset[str] = frozenset()
    _made: int = 0

    def __post_init__(self) -> None:
        self.flow_id = self.journal.create_flow()

    @property
    def scope(self) -> dict[str, object]:
        """The part of a request's body that restricts a listing to these runs."""
        return filter_by_flows([self.flow_id])

    def create(
        self, drafts: Sequence[Draft], on_progress: Callable[[int], None] = lambda _made: None
    ) -> list[str]:
        """Create flow runs; return their ids in the order of the drafts.

        `on_progress` is called with the number of runs created so far. Raises TargetError.
        """
        created_ids: list[str] = []
        for draft in drafts:
            created_ids.append(self._create_one(draft, created_ids))
            on_progress(len(created_ids))
        return created_ids

    def _create_one(self, draft: Draft, earlier: Sequence[str]) -> str:
        self._made += 1
        parent = draft.parent
        body = {
            "flow_id": self.flow_id,
            "name": draft.name,
            "tags": list(draft.tags),
            "flow_version": draft.version,
            "work_queue_name": draft.queue,
            "deployment_id": draft.deployment_id,
            "state": draft.states[0].as_json(),
            "idempotency_key": f"Key-{self._made}" if draft.key else None,
            "parent_task_run_id": None
            if parent is None
            else self._create_task_run(earlier[parent]),
        }
        made = self.target.request_json(
            "POST", "/flow_runs/", body, {**JSON_HEADERS, **_creator_headers(draft.creator_id)}
        )
        flow_run_id = created_id(made, self.flow_id)
        if flow_run_id in self.foreign or flow_run_id in self.ids:
            raise TargetError(f"the server says that it created {flow_run_id}, which was there")
        self.ids.append(flow_run_id)
        self.journal.record_path(f"/flow_runs/{flow_run_id}")
        for state in draft.states[1:]:
            # Forced, because orchestration rules reject some of these transitions.
            change = {"state": state.as_json(), "force": True}
            self.target.request_json("POST", f"/flow_runs/{flow_run_id}/set_state", change)
        return flow_run_id

    def _create_task_run(self, flow_run_id: str) -> str:
        """Create a task run of a flow run, for a subflow to have as its parent; return its id."""
        # Unique together (Prefect: orm_models.py, uq_task_run__flow_run_id_task_key_dynamic_key).
        fields = {"task_key": "call", "dynamic_key": str(self._made), "flow_run_id": flow_run_id}
        return id_of(self.target.request_json("POST", "/task_runs/", fields))

    def fetch_records(self) -> dict[str, list[Any]]:
        """Read these flow runs and their task runs from the server. Raises TargetError."""
        return {
            "flow_runs": list(self.target.iter_records("/flow_runs/filter", **self.scope)),
            "task_runs": list(self.target.iter_records("/task_runs/filter", **self.scope)),
        }

    def delete_all(self) -> None:
        """Delete those that are left, each by its id. Raises TargetError."""
        while self.ids:
            delete_flow_run(self.target, self.ids[-1])
            self.journal.forget_path(f"/flow_runs/{self.ids[-1]}")
            self.ids.pop()  # after its deletion, so that a retry begins with the one that failed


def _creator_headers(creator_id: str | None) -> Mapping[str, str]:
    """The headers with which an automation names itself as the creator; the name is in base64."""
    if creator_id is None:
        return {}
    # Prefect: api/dependencies.py, get_created_by; without both headers there is no creator.
    name = base64.b64encode(b"robot").decode()
    return {"Prefect-Automation-Id": creator_id, "Prefect-Automation-Name": name}


def random_drafts(random: Random, count: int, *, nul: bool) -> Iterator[Draft]:
    """Draw `count` drafts with names, states and other values from the sample values.

    The first ones have each sample name once. Some are subflows, also of subflows.
    `nul`: whether the server accepts NUL in a name.
    """
    names = NAMES + NUL_NAMES if nul else NAMES
    for index in range(count):
        yield Draft(
            name=names[index] if index < len(names) else random.choice(names),
            states=tuple(_draw_state(random) for _ in range(random.choice((1, 1, 2, 3)))),
            tags=tuple(random.sample(TAGS, random.choice((0, 0, 1, 2, 3)))),
            version=_optional_choice(random, VERSIONS),
            key=random.random() < 0.6,
            queue=_optional_choice(random, QUEUES),
            deployment_id=_optional_choice(random, DEPLOYMENT_IDS),
            creator_id=_optional_choice(random, CREATOR_IDS),
            parent=random.randrange(index) if index and random.random() < 0.4 else None,
        )


def _optional_choice(random: Random, values: Sequence[str]) -> str | None:
    # Absent from some runs, so that is_null_ selects some and leaves others.
    return random.choice(values) if random.random() < 0.6 else None


def _draw_state(random: Random) -> StateDraft:
    state_type = random.choice(list(StateType))
    return StateDraft(
        state_type,
        _optional_choice(random, STATE_NAMES),
        _optional_choice(random, SCHEDULED_TIMES) if state_type is StateType.SCHEDULED else None,
    )
