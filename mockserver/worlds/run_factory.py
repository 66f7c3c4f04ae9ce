"""Flow runs from a few words: `state="COMPLETED"`, `started="now-40d"`; and their place in a store.

What is given is checked as a seed is, with the same words; nothing is made unless all of it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from ..errors import SeedError, SeedProblem
from ..prefect import FlowRun, StateType, format_instant, generate_name
from ..seeds import COLLECTIONS, FLOW_RUN_FIELDS, Seeds, load_seeds, read_seeds
from ..store import Store

# Names that Prefect gives to states, besides those of their types.
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
# Shorter names for fields; whatever a seed has is a field, too.
FIELD_ALIASES: Mapping[str, str] = {
    "started": "start_time",
    "ended": "end_time",
    "expected": "expected_start_time",
}
_OWN = ("flow", "parent")
_RELATED_COLLECTIONS = ("flows", "deployments", "work_pools", "work_queues")
_NAMESPACE = UUID("6f1c3c5e-6a0b-5d0c-9c1f-4d1c2f7f8a11")

FieldValues = Mapping[str, Any]


@dataclass(slots=True)
class Factory:
    """What flow runs are made with: the time that relative ones count from, and new ids."""

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    loads: int = 0

    def flow_run(self, given: FieldValues) -> Seeds:
        """One flow run, and what it needs to be there. Raises SeedError.

        `flow` is the name of its flow, `parent` the flow run whose subflow it is.
        """
        fields = {FIELD_ALIASES.get(key, key): to_json_value(value) for key, value in given.items()}
        unknown = [key for key in fields if key not in FLOW_RUN_FIELDS and key not in _OWN]
        if unknown:
            raise SeedError([_unknown(key) for key in unknown])
        fresh = self.new_id()
        fields = {"id": fresh, "name": generate_name(fresh), **fields}
        fields["state"] = _normalize_state(fields)
        document: dict[str, Any] = {"flow_runs": [fields]}
        flow, parent = fields.pop("flow", None), fields.pop("parent", None)
        if flow is not None:
            fields["flow_id"] = str(uuid5(_NAMESPACE, f"flow/{flow}"))
            document["flows"] = [{"id": fields["flow_id"], "name": flow}]
        if parent is not None:
            task_run = {"id": self.new_id(), "flow_run_id": parent, "name": fields["name"]}
            fields["parent_task_run_id"] = task_run["id"]
            document["task_runs"] = [task_run]
        return read_seeds(document, self.now(), name="add", references=False)

    def seeds(self, given: Any) -> Seeds:
        """What a path, a document of collections, or a list of flow runs' fields holds.

        Raises SeedError.
        """
        if isinstance(given, str | Path):
            return load_seeds([Path(given)], self.now())
        if isinstance(given, Mapping):
            return self.document(to_json_value(given))
        seeds = Seeds(loaded_at=self.now())
        for fields in given:
            _merge(self.flow_run(fields), seeds)
        return seeds

    def document(self, value: Any) -> Seeds:
        """What a seed file with this value would hold. Raises SeedError.

        Ids that are not given are others each time.
        """
        self.loads += 1
        name = "seeds" if self.loads == 1 else f"seeds-{self.loads}"
        return read_seeds(value, self.now(), name=name)


def _merge(some: Seeds, into: Seeds) -> None:
    for name in COLLECTIONS:
        getattr(into, name).update(getattr(some, name))


def _unknown(key: str) -> SeedProblem:
    known = [*FLOW_RUN_FIELDS, *FIELD_ALIASES, *_OWN]
    close = get_close_matches(key, known, n=1)
    return SeedProblem(
        f"add({key}=...)", "an unknown field", f"{close[0]}?" if close else _expected_fields()
    )


def _expected_fields() -> str:
    return f"one of {', '.join(sorted([*FLOW_RUN_FIELDS, *FIELD_ALIASES, *_OWN]))}"


def _normalize_state(fields: Mapping[str, Any]) -> Any:
    """The state in a seed's words: from a type, a name that Prefect gives, or as it is."""
    if "state" not in fields:
        named = fields.get("state_type") is not None
        return (
            {"type": fields["state_type"], "name": fields.get("state_name")} if named else _PENDING
        )
    state = fields["state"]
    if not isinstance(state, str) or state in StateType.__members__:
        return {"type": state} if isinstance(state, str) else state
    found = NAMED_STATES.get(state)
    if found is not None:
        return {"type": found.value, "name": state}
    known = [*StateType.__members__, *NAMED_STATES]
    raise SeedError([SeedProblem("add(state=...)", repr(state), f"one of {', '.join(known)}")])


_PENDING: Mapping[str, Any] = {"type": "PENDING"}


def to_json_value(value: Any) -> Any:
    """A value as JSON would say it: times, ids, flow runs (their ids), tuples and sets."""
    if isinstance(value, str | bool | int | float | None):
        return str(value) if isinstance(value, StateType) else value
    if isinstance(value, FlowRun):
        return value.id
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, UUID | date | Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: to_json_value(held) for key, held in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(to_json_value, value))
    return [to_json_value(held) for held in value] if isinstance(value, list | tuple) else value


def fields_of_nth(fields: FieldValues, n: int) -> FieldValues:
    """The fields of the nth flow run of many; see `FlowRunApi.make`."""
    made = {key: value(n) if callable(value) else value for key, value in fields.items()}
    if isinstance(made.get("name"), str):
        made["name"] = made["name"].replace("{n}", str(n))
    return made


def check_parents(seeds: Seeds, store: Store) -> None:
    """That what flow runs name as their parents is there. Raises SeedError."""
    problems = [
        SeedProblem(
            f"flow run {run.name!r}", f"parent_task_run_id {parent}", "the id of a task run"
        )
        for run in seeds.flow_runs.values()
        if (parent := run.parent_task_run_id) is not None
        and parent not in seeds.task_runs
        and parent not in store.task_runs
    ]
    problems += [
        SeedProblem(
            f"flow run {task.name!r}", f"parent {task.flow_run_id}", "a flow run that is there"
        )
        for task in seeds.task_runs.values()
        if task.flow_run_id not in seeds.flow_runs and task.flow_run_id not in store
    ]
    if problems:
        raise SeedError(problems)


def insert_seeds(seeds: Seeds, store: Store) -> None:
    """Put seeds into a store, beside what it holds. Raises SeedError, and then none is put.

    Flows, deployments, pools and queues that are only named are made up, unless they are there.
    """
    problems = [
        SeedProblem(
            f"flow run {run.name!r}", f"the id {run.id}, which is taken", "an id of its own"
        )
        for run in seeds.flow_runs.values()
        if run.id in store
    ]
    if problems:
        raise SeedError(problems)
    base = seeds.base()
    for name in _RELATED_COLLECTIONS:
        shelf, described = getattr(store, name), getattr(seeds, name)
        for record in getattr(base, name).values():
            if record.id in described or record.id not in shelf:
                shelf.put(record)
    for task_run in seeds.task_runs.values():
        store.task_runs.put(task_run)
    for run in base.runs:
        store.put(run)
