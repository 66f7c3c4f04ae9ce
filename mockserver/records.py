"""One record of a seed: which fields it may have, what each may hold, and what it becomes.

The tables below are the format. The JSON Schema that `mockserver seeds schema` prints is made of
them, and so are the readers (a thousand times as fast as a schema validator); a property test
holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from .instants import EXPECTED_MOMENT, RELATIVE_MOMENT, parse_moment
from .runs import CreatedBy, FlowRun, Named, State, StateType, TaskRun

Reader = Callable[[Any, datetime], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What one field may hold. `read` takes the value and the instant of the load.

    It returns the value to keep and raises ValueError (or TypeError) for any other.
    """

    expected: str
    schema: Mapping[str, Any]
    read: Reader


def _nullable(field: Field) -> Field:
    def read(value: Any, now: datetime) -> Any:
        return None if value is None else field.read(value, now)

    schema = {"anyOf": [field.schema, {"type": "null"}]}
    return Field(f"{field.expected}, or null", schema, read)


def _instance_of(kind: type, name: str, expected: str, **schema: Any) -> Field:
    def read(value: Any, _now: datetime) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(expected)
        return value

    return Field(expected, {"type": name, **schema}, read)


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _read_uuid(value: Any, _now: datetime) -> str:
    if not _UUID.fullmatch(value):
        raise ValueError(value)
    return str(value).lower()


def _read_text(value: Any, _now: datetime) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    if not value.isascii():
        value.encode()  # a lone surrogate is no text: UnicodeEncodeError is a ValueError
    return value


def _read_texts(value: Any, now: datetime) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(_read_text(item, now) for item in value)


def _read_number(value: Any, _now: datetime) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError(value)
    return value


def _read_count(value: Any, _now: datetime) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError(value)
    if value < 0:
        raise ValueError(value)
    return int(value)


def _read_created_by(value: Any, now: datetime) -> CreatedBy:
    if not isinstance(value, dict) or value.keys() - CREATED_BY.keys():
        raise TypeError(value)
    return CreatedBy(**{key: CREATED_BY[key].read(part, now) for key, part in value.items()})


def _read_state(value: Any, now: datetime) -> State:
    if not isinstance(value, dict):
        raise TypeError(value)
    state_type = StateType(value.get("type", ""))
    name = value.get("name")
    rest = {key: part for key, part in value.items() if key not in ("type", "name")}
    return State(
        state_type, state_type.default_name if name is None else _read_text(name, now), rest
    )


STATE_TYPES = tuple(member.value for member in StateType)

TEXT = Field("text", {"type": "string"}, _read_text)
UUID = Field(
    "a uuid such as 0d9c9b1e-5a3c-4c7e-9f0a-2b1d3c4e5f60",
    {"type": "string", "format": "uuid"},
    _read_uuid,
)
MOMENT = Field(
    EXPECTED_MOMENT,
    {"type": "string", "anyOf": [{"format": "date-time"}, {"pattern": RELATIVE_MOMENT}]},
    lambda value, now: parse_moment(_read_text(value, now), now),
)
TEXTS = Field("a list of texts", {"type": "array", "items": {"type": "string"}}, _read_texts)
NUMBER = Field("a number", {"type": "number"}, _read_number)
COUNT = Field("a whole number, 0 or more", {"type": "integer", "minimum": 0}, _read_count)
FLAG = _instance_of(bool, "boolean", "true or false")
OBJECT = _instance_of(dict, "object", "an object")
ANYTHING = Field("anything", {}, lambda value, _now: value)
STATE_TYPE = Field(
    f"a state type, one of {', '.join(STATE_TYPES)}",
    {"enum": list(STATE_TYPES)},
    lambda value, _now: StateType(value),
)
CREATED_BY: Mapping[str, Field] = {
    "id": _nullable(UUID),
    "type": _nullable(TEXT),
    "display_value": _nullable(TEXT),
}
CREATED_BY_FIELD = Field(
    "an object of id, type and display_value",
    {
        "type": "object",
        "properties": {key: field.schema for key, field in CREATED_BY.items()},
        "additionalProperties": False,
    },
    _read_created_by,
)
STATE = Field(
    'an object with a type (and a name), such as {"type": "COMPLETED"}',
    {
        "type": "object",
        "properties": {
            "type": STATE_TYPE.schema,
            "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["type"],
    },
    _read_state,
)

# Fields of FlowRunResponse in Prefect 3.8. Those that FlowRun has by name are what filters see.
FLOW_RUN: Mapping[str, Field] = {
    "id": UUID,
    "name": TEXT,
    "flow_id": _nullable(UUID),
    "tags": TEXTS,
    "state": _nullable(STATE),
    "state_type": _nullable(STATE_TYPE),
    "state_name": _nullable(TEXT),
    "deployment_id": _nullable(UUID),
    "work_queue_name": _nullable(TEXT),
    "flow_version": _nullable(TEXT),
    "start_time": _nullable(MOMENT),
    "end_time": _nullable(MOMENT),
    "expected_start_time": _nullable(MOMENT),
    "next_scheduled_start_time": _nullable(MOMENT),
    "parent_task_run_id": _nullable(UUID),
    "idempotency_key": _nullable(TEXT),
    "created_by": _nullable(CREATED_BY_FIELD),
    # Kept as they are; no filter looks at them.
    "created": _nullable(MOMENT),
    "updated": _nullable(MOMENT),
    "state_id": _nullable(UUID),
    "deployment_version": _nullable(TEXT),
    "work_queue_id": _nullable(UUID),
    "work_pool_id": _nullable(UUID),
    "work_pool_name": _nullable(TEXT),
    "parameters": OBJECT,
    "context": OBJECT,
    "labels": OBJECT,
    "empirical_policy": OBJECT,
    "job_variables": _nullable(OBJECT),
    "run_count": COUNT,
    "total_run_time": NUMBER,
    "estimated_run_time": NUMBER,
    "estimated_start_time_delta": NUMBER,
    "auto_scheduled": FLAG,
    "infrastructure_document_id": _nullable(UUID),
    "infrastructure_pid": _nullable(TEXT),
}
# A task run is only a link between flow runs here, so whatever else it has is kept unread.
TASK_RUN: Mapping[str, Field] = {
    "id": UUID,
    "flow_run_id": _nullable(UUID),
    "name": TEXT,
}
NAMED: Mapping[str, Field] = {"id": UUID, "name": TEXT, "tags": TEXTS}

COLLECTIONS: Mapping[str, Mapping[str, Field]] = {
    "flow_runs": FLOW_RUN,
    "task_runs": TASK_RUN,
    "flows": NAMED,
    "deployments": NAMED,
}
OPEN = frozenset({"task_runs", "flows", "deployments"})
"""Collections whose records may have more fields than the table names."""

_OWN = frozenset(FLOW_RUN) & frozenset(FlowRun.__dataclass_fields__)


def build_flow_run(values: Mapping[str, Any]) -> FlowRun:
    """A flow run from values that were read by `FLOW_RUN`; `id` must be there.

    Raises ValueError, with what is wrong, where fields contradict each other.
    """
    given = {key: value for key, value in values.items() if key in _OWN}
    rest = {
        key: value
        for key, value in values.items()
        if key not in _OWN and key not in ("state_type", "state_name")
    }
    given["state"] = _state_of(values)
    given.setdefault("name", f"flow-run-{values['id'][:8]}")
    return FlowRun(**given, rest=rest)


def _state_of(values: Mapping[str, Any]) -> State | None:
    """`state`, or `state_type` and `state_name`, or both if they agree."""
    state: State | None = values.get("state")
    state_type, state_name = values.get("state_type"), values.get("state_name")
    if state is None:
        if state_type is None:
            if state_name is not None:
                raise ValueError(f"state_name {state_name!r} without a state_type")
            return None
        return State(state_type, state_type.default_name if state_name is None else state_name)
    if state_type not in (None, state.type):
        raise ValueError(f"state_type {state_type.value} but state.type {state.type.value}")
    if state_name not in (None, state.name):
        raise ValueError(f"state_name {state_name!r} but state.name {state.name!r}")
    return state


def build_task_run(values: Mapping[str, Any]) -> TaskRun:
    """A task run from values that were read by `TASK_RUN`."""
    rest = {key: value for key, value in values.items() if key not in ("id", "flow_run_id")}
    return TaskRun(values["id"], values.get("flow_run_id"), rest)


def build_named(values: Mapping[str, Any]) -> Named:
    """A flow or deployment from values that were read by `NAMED`."""
    rest = {key: value for key, value in values.items() if key not in ("id", "name")}
    return Named(values["id"], values.get("name", values["id"]), rest)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a seed: a document of collections, or a bare list."""
    records = {
        name: {
            "type": "object",
            "properties": {key: dict(field.schema) for key, field in fields.items()},
            "additionalProperties": name in OPEN,
        }
        for name, fields in COLLECTIONS.items()
    }
    listed = {name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in COLLECTIONS}
    taken_as_is = {**records["flow_runs"], "additionalProperties": True}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A seed of mockserver",
        "description": "A document of collections; or a list, as POST /flow_runs/filter or "
        "POST /task_runs/filter of a real server answers it (a record with a flow_run_id is a "
        "task run). An NDJSON seed has one record, or one document, a line.",
        "anyOf": [
            {"type": "object", "properties": listed, "additionalProperties": False},
            {
                "type": "array",
                "items": {
                    "if": {"type": "object", "required": ["flow_run_id"]},
                    "then": {"$ref": "#/$defs/task_runs"},
                    "else": taken_as_is,
                },
            },
        ],
        "$defs": records,
    }
