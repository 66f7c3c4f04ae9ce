"""The form of a filter: the fifteen criteria of the document, and the fields that each has.

Invariant: they are those of `FlowRunFilter`, which a test compares with the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...filters import CONDITIONS, FlowRunFilter


class Kind(StrEnum):
    """How a value is typed."""

    TEXTS = "texts"
    TEXT = "text"
    TIME = "time"
    YES_NO = "yes-no"
    STATES = "states"
    OPERATOR = "operator"


_KINDS = {
    "like_": Kind.TEXT,
    "before_": Kind.TIME,
    "after_": Kind.TIME,
    "is_null_": Kind.YES_NO,
    "operator": Kind.OPERATOR,
}
_LABELS = {
    "any_": "is any of",
    "not_any_": "is none of",
    "all_": "has all of",
    "like_": "contains",
    "before_": "at or before",
    "after_": "at or after",
    "is_null_": "is there none",
    "id_": "id is any of",
    "type_": "type is any of",
    "operator": "combine by",
}
_WITHOUT_OPERATOR = frozenset({
    "id", "name", "state.type", "state.name", "flow_version", "start_time", "end_time",
    "expected_start_time", "next_scheduled_start_time", "idempotency_key",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a criterion: where it stands, such as `state.type.any_`, and how it is typed.

    `refused`: no filter has this key. People look for it; typing there tells what to do instead.
    """

    path: str
    label: str
    kind: Kind
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion with its fields."""

    name: str
    fields: tuple[Field, ...]


CANNOT_SAY = (
    "tags.not_any_",
    "name.not_any_",
    "deployment_id.not_any_",
    "work_queue_name.not_any_",
)
"""Keys that people look for, and that no filter has."""


def _fields(criterion: str) -> tuple[Field, ...]:
    parts = ("state.type", "state.name") if criterion == "state" else (criterion,)
    fields = [_field(f"{part}.{key}", key) for part in parts for key in CONDITIONS[part]]
    fields += [
        Field(path, _LABELS["not_any_"], Kind.TEXTS, refused=True)
        for path in CANNOT_SAY
        if path.partition(".")[0] == criterion
    ]
    if criterion not in _WITHOUT_OPERATOR:
        fields.append(_field(f"{criterion}.operator", "operator"))
    return tuple(fields)


def _field(path: str, key: str) -> Field:
    kind = Kind.STATES if path.startswith("state.type.") else _KINDS.get(key, Kind.TEXTS)
    part = path.split(".")[1] + " " if path.startswith("state.") and path.count(".") == 2 else ""
    return Field(path, f"{part}{_LABELS[key]}", kind)


CRITERIA = tuple(
    Criterion(name, _fields(name)) for name in FlowRunFilter.model_fields if name != "operator"
)
