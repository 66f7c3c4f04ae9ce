"""Types of fields in a seed: what a field may hold, and what it is read as.

Each type has a JSON Schema and a reader, which is a thousand times as fast as a schema validator. A
property test holds that the reader accepts what the schema allows, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any

from ...prefect import (
    NAMED_STATES,
    RELATIVE_TIME_PATTERN,
    SEED_TIME_SYNTAX,
    CreatedBy,
    Json,
    State,
    StateType,
    non_default_state_details,
    parse_seed_time,
)
from . import bulk_values

Reader = Callable[[Any, datetime], Any]
BatchReader = Callable[[Sequence[Any], datetime], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Field:
    """What one field may hold.

    `expected` says so in an error, `schema` in JSON Schema. `read` takes a value and the instant of
    the load; it returns the value to keep, and raises ValueError or TypeError for any other.
    `read_many` does the same for many values of the Python types `types` (see `bulk_values`).
    `low_cardinality`: few distinct values are likely, so that bulk readers keep one of each.
    """

    expected: str
    schema: Mapping[str, Any]
    read: Reader
    read_many: BatchReader | None = None
    types: frozenset[type] = frozenset()
    low_cardinality: bool = False
    nullable: bool = False


def nullable(field: Field) -> Field:
    """The same field, which may also be null."""

    def read(value: Any, now: datetime) -> Any:
        return None if value is None else field.read(value, now)

    schema = {"anyOf": [field.schema, {"type": "null"}]}
    expected = f"{field.expected}, or null"
    return replace(field, expected=expected, schema=schema, read=read, nullable=True)


def _instance_of(python_type: type, json_type: str, expected: str, **schema: Any) -> Field:
    def read(value: Any, _now: datetime) -> Any:
        if not isinstance(value, python_type) or (
            # In Python True is an int; in JSON it is no number.
            isinstance(value, bool) and python_type is not bool
        ):
            raise ValueError(expected)
        return value

    return Field(
        expected, {"type": json_type, **schema}, read, _unchanged, frozenset({python_type})
    )


def _unchanged(values: Sequence[Any], _now: datetime) -> Sequence[Any]:
    return values


# JSON Schema 2020-12, format uuid: the form of RFC 4122, with hyphens.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _read_uuid(value: Any, _now: datetime) -> str:
    if not _UUID.fullmatch(value):
        raise ValueError(value)
    return str(value).lower()


def _read_text(value: Any, _now: datetime) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    if not value.isascii():
        value.encode()  # refuses a lone surrogate: UnicodeEncodeError is a ValueError
    return value


def _read_texts(value: Any, _now: datetime) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    # At once, as a list can have a million: `join` refuses what is no text, `encode` a surrogate.
    "".join(value).encode()
    return tuple(value)


def _read_number(value: Any, _now: datetime) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError(value)
    return value


def _read_integer(value: Any, _now: datetime) -> int:
    # JSON Schema 2020-12: 10.0 is an integer, too.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError(value)
    return int(value)


def _read_count(value: Any, now: datetime) -> int:
    count = _read_integer(value, now)
    if count < 0:
        raise ValueError(value)
    return count


def _read_labels(value: Any, now: datetime) -> Json:
    if not isinstance(value, dict):
        raise TypeError(value)
    return {key: _read_label(label, now) for key, label in value.items()}


def _read_label(value: Any, now: datetime) -> str | float:
    # Before `_read_number`: isfinite raises OverflowError for integers that no float can hold.
    if isinstance(value, bool | int):
        return value
    return _read_text(value, now) if isinstance(value, str) else _read_number(value, now)


def _read_policy(value: Any, now: datetime) -> Json:
    if not isinstance(value, dict):
        raise TypeError(value)
    return {
        key: POLICY[key].read(part, now) if key in POLICY else part for key, part in value.items()
    }


def _read_created_by(value: Any, now: datetime) -> CreatedBy:
    if not isinstance(value, dict) or value.keys() - CREATED_BY.keys():
        raise TypeError(value)
    return CreatedBy(**{key: CREATED_BY[key].read(part, now) for key, part in value.items()})


def _read_state(value: Any, now: datetime) -> State:
    if isinstance(value, str):
        state_type = NAMED_STATES.get(value)
        if state_type is not None:
            return State(state_type, value)
        state_type = StateType(value)
        return State(state_type, state_type.default_name)
    if not isinstance(value, dict):
        raise TypeError(value)
    state_type = StateType(value.get("type", ""))
    given: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, part in value.items():
        field = STATE_PROPERTIES.get(key)
        if field is not None:
            given[key] = field.read(part, now)
        elif key != "type":
            rest[key] = part
    name = given.pop("name", None)
    if "state_details" in given:
        given["details"] = given.pop("state_details")
    if rest:
        given["rest"] = rest
    return State(state_type, state_type.default_name if name is None else name, **given)


def _read_details(value: Any, now: datetime) -> Json:
    if not isinstance(value, dict):
        raise TypeError(value)
    return non_default_state_details(
        {
            key: STATE_DETAILS_TIMES[key].read(part, now) if key in STATE_DETAILS_TIMES else part
            for key, part in value.items()
        }
    )


def _read_moment_as_given(value: Any, now: datetime) -> datetime:
    """Read an instant, and keep its offset unless it is relative or a leap second."""
    moment = parse_seed_time(_read_text(value, now), now)
    try:
        # RFC 3339, section 5.6, allows a lower-case z; Python 3.11 does not parse it.
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return moment


STATE_TYPES = tuple(member.value for member in StateType)

_STR = frozenset({str})
TEXT = Field(
    "a string", {"type": "string"}, _read_text, bulk_values.read_texts, _STR, low_cardinality=True
)
UUID = Field(
    "a uuid such as 0d9c9b1e-5a3c-4c7e-9f0a-2b1d3c4e5f60",
    {"type": "string", "format": "uuid"},
    _read_uuid,
    bulk_values.read_uuids,
    _STR,
    low_cardinality=True,
)
MOMENT = Field(
    SEED_TIME_SYNTAX,
    {"type": "string", "anyOf": [{"format": "date-time"}, {"pattern": RELATIVE_TIME_PATTERN}]},
    lambda value, now: parse_seed_time(_read_text(value, now), now),
    bulk_values.read_moments,
    _STR,
)
TEXT_LIST = Field(
    "a list of strings",
    {"type": "array", "items": {"type": "string"}},
    _read_texts,
    types=frozenset({list}),
    low_cardinality=True,
)
NUMBER = Field(
    "a number", {"type": "number"}, _read_number, bulk_values.read_numbers, frozenset({int, float})
)
COUNT = Field(
    "a whole number, 0 or more",
    {"type": "integer", "minimum": 0},
    _read_count,
    bulk_values.read_counts,
    frozenset({int}),
)
FLAG = _instance_of(bool, "boolean", "true or false")
OBJECT = _instance_of(dict, "object", "an object")
# Prefect: types/__init__.py, KeyValueLabels.
LABELS = Field(
    "an object whose values are strings, numbers, true or false",
    {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    _read_labels,
)
INTEGER = Field("a whole number", {"type": "integer"}, _read_integer)
# Prefect: schemas/core.py, FlowRunPolicy. Unchecked, {"pause_keys": 3} loaded, and a change of the
# run's state failed with a traceback.
POLICY: Mapping[str, Field] = {
    "max_retries": INTEGER,
    "retry_delay_seconds": NUMBER,
    "retries": nullable(INTEGER),
    "retry_delay": nullable(INTEGER),
    "pause_keys": nullable(TEXT_LIST),
    "resuming": nullable(FLAG),
}
POLICY_FIELD = Field(
    'an object such as {"retries": 2, "retry_delay": 60}',
    {"type": "object", "properties": {key: field.schema for key, field in POLICY.items()}},
    _read_policy,
)
ANYTHING = Field("anything", {}, lambda value, _now: value)
STATE_TYPE = Field(
    f"a state type, one of {', '.join(STATE_TYPES)}",
    {"enum": list(STATE_TYPES)},
    lambda value, _now: StateType(value),
    types=_STR,
    low_cardinality=True,
)
# Prefect: schemas/core.py, CreatedBy.
CREATED_BY: Mapping[str, Field] = {
    "id": nullable(UUID),
    "type": nullable(TEXT),
    "display_value": nullable(TEXT),
}
CREATED_BY_FIELD = Field(
    "an object of id, type and display_value",
    {
        "type": "object",
        "properties": {key: field.schema for key, field in CREATED_BY.items()},
        "additionalProperties": False,
    },
    _read_created_by,
    low_cardinality=True,
)
# Only the times among the details are read; the others are kept as they are. A server keeps the
# offsets of these times, and of no others.
STATE_DETAILS_TIMES: Mapping[str, Field] = {
    key: nullable(replace(MOMENT, read=_read_moment_as_given, read_many=None))
    for key in ("scheduled_time", "cache_expiration", "pause_timeout")
}
STATE_PROPERTIES: Mapping[str, Field] = {
    "name": nullable(TEXT),
    "id": nullable(UUID),
    "timestamp": nullable(MOMENT),
    "message": nullable(TEXT),
    "data": ANYTHING,
    "state_details": Field(
        "an object",
        {
            "type": "object",
            "properties": {key: field.schema for key, field in STATE_DETAILS_TIMES.items()},
        },
        _read_details,
    ),
}
STATE = Field(
    f"one of {', '.join((*StateType.__members__, *NAMED_STATES))}, or an object with a type (and a "
    'name), such as {"type": "COMPLETED"}',
    {
        "anyOf": [
            {"enum": [*StateType.__members__, *NAMED_STATES]},
            {
                "type": "object",
                "properties": {"type": STATE_TYPE.schema}
                | {key: field.schema for key, field in STATE_PROPERTIES.items()},
                "required": ["type"],
            },
        ]
    },
    _read_state,
    low_cardinality=True,
)
