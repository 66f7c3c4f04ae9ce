"""The vocabulary of filters: values that flow runs have, and some that none has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ...prefect import FlowRun, StateType
from ..server import CREATOR_IDS, CREATOR_TYPES, DEPLOYMENT_IDS

Json = Any
ABSENT_ID = "01234567-89ab-4cde-8f01-23456789abcd"  # no run or other record has it
ABSENT_TIME = "2031-05-01T00:00:00Z"  # used where no run has a time

# Criterion -> name of the pool that holds its values.
_POOL_NAMES: Mapping[str, str] = {
    "id": "ids",
    "name": "names",
    "tags": "tags",
    "deployment_id": "deployment_ids",
    "work_queue_name": "queues",
    "state.type": "state_types",
    "state.name": "state_names",
    "flow_version": "versions",
    "start_time": "start_time",
    "end_time": "end_time",
    "expected_start_time": "expected_start_time",
    "next_scheduled_start_time": "next_scheduled_start_time",
    "parent_flow_run_id": "ids",
    "parent_task_run_id": "task_run_ids",
    "idempotency_key": "keys",
    "created_by": "creator_types",
}
_UUID_POOLS = frozenset({"ids", "deployment_ids", "task_run_ids", "creator_ids"})


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A reference to a field of a flow run that is not created yet.

    `run_index` is the run's index among those to create. A time is shifted by `microseconds`.
    """

    run_index: int
    field: str = "id"
    microseconds: int = 0


Value = str | FieldRef


@dataclass(frozen=True)
class Vocabulary:
    """Pools of values, by name."""

    pools: Mapping[str, Sequence[Value]]

    def values_for(self, criterion: str, key: str) -> Sequence[Value]:
        """The values for a key of a criterion; at least one.

        Except for types of states and for times, the last value is one that no run has.
        """
        pool = "creator_ids" if key == "id_" else _POOL_NAMES[criterion]
        known = self.pools.get(pool, ())
        if pool == "state_types":
            return tuple(StateType)
        if pool in _UUID_POOLS:
            return (*known, ABSENT_ID)
        if pool in TIME_FIELDS:
            return known or (ABSENT_TIME,)
        return (*known, "no such text")


def vocabulary_of(runs: Iterable[FlowRun]) -> Vocabulary:
    """The values of flow runs, each once and in the order of the runs; times with neighbours."""
    held = list(runs)

    def column(name: str) -> list[Any]:
        return [value for run in held if (value := getattr(run, name)) is not None]

    pools: dict[str, list[str]] = {
        "ids": column("id"),
        "task_run_ids": column("parent_task_run_id"),
        "deployment_ids": column("deployment_id"),
        "creator_ids": column("created_by_id"),
        "creator_types": [*column("created_by_type"), *CREATOR_TYPES],
        "names": column("name"),
        "tags": [tag for tags in column("tags") for tag in tags],
        "queues": column("work_queue_name"),
        "state_names": column("state_name"),
        "versions": column("flow_version"),
        "keys": column("idempotency_key"),
        **{
            name: [text for time in column(name) for text in _time_variants(time)]
            for name in TIME_FIELDS
        },
    }
    # A filter of start_time compares runs that have not started by their expected_start_time.
    pools["start_time"] += pools["expected_start_time"]
    return Vocabulary({name: tuple(dict.fromkeys(pool)) for name, pool in pools.items()})


TIME_FIELDS = ("start_time", "end_time", "expected_start_time", "next_scheduled_start_time")
TIME_VARIANTS = 4  # of each time: see `_time_variants`
_OFFSET = timezone(timedelta(hours=5, minutes=45))  # not a whole number of hours


def _time_variants(time: datetime) -> Iterator[str]:
    """A time, the microseconds before and after it, and the same instant in another offset."""
    for shift in (0, -1, 1):
        yield (time + timedelta(microseconds=shift)).isoformat()
    yield time.astimezone(_OFFSET).isoformat()


def shift_time(time: str, microseconds: int) -> str:
    """An ISO 8601 time, that much later."""
    moment = datetime.fromisoformat(time) + timedelta(microseconds=microseconds)
    return moment.isoformat()


def placeholder_vocabulary(count: int, words: Mapping[str, Sequence[str]]) -> Vocabulary:
    """A vocabulary for `count` runs to create; what the server will choose are references.

    `words` are the pools of values that the runs will be created with.
    """
    indices = range(count)
    times = {
        name: [FieldRef(index, name, shift) for index in indices for shift in (0, -1, 1)]
        for name in TIME_FIELDS
    }
    times["start_time"] += times["expected_start_time"]
    return Vocabulary(
        {
            **words,
            "ids": [FieldRef(index) for index in indices],
            "task_run_ids": [FieldRef(index, "parent_task_run_id") for index in indices],
            "keys": [FieldRef(index, "idempotency_key") for index in indices],
            **times,
            "deployment_ids": DEPLOYMENT_IDS,
            "creator_ids": CREATOR_IDS,
            "creator_types": CREATOR_TYPES,
        }
    )


def resolve_refs(value: Json, runs: Sequence[Mapping[str, Json]]) -> Json:
    """A JSON value with every reference replaced by the value of the run it refers to.

    Where the run has no value, an id or a time is put that no run has.
    """
    match value:
        case FieldRef():
            return _resolve_ref(value, runs)
        case dict():
            return {key: resolve_refs(item, runs) for key, item in value.items()}
        case list():
            return [resolve_refs(item, runs) for item in value]
        case _:
            return value


def _resolve_ref(ref: FieldRef, runs: Sequence[Mapping[str, Json]]) -> str:
    value = runs[ref.run_index].get(ref.field)
    if ref.field in TIME_FIELDS:
        return shift_time(value or ABSENT_TIME, ref.microseconds)
    return str(value or ABSENT_ID)
