"""The fields of the objects that a seed holds besides runs and what filters on runs look at.

They are those of a server's replies, and short forms of some (see `short_forms`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from ...prefect.objects import (
    Artifact,
    ArtifactCollection,
    BlockDocument,
    BlockSchema,
    BlockType,
    ConcurrencyLimit,
    Log,
    Variable,
    Worker,
)
from .field_types import (
    ANYTHING,
    FLAG,
    INTEGER,
    MOMENT,
    NUMBER,
    OBJECT,
    TEXT,
    TEXT_LIST,
    UUID,
    Field,
    nullable,
)

StoredObject = (
    Artifact
    | ArtifactCollection
    | BlockDocument
    | BlockSchema
    | BlockType
    | ConcurrencyLimit
    | Log
    | Variable
    | Worker
)


def _read_json(value: Any, _now: datetime) -> Any:
    """A value that can be written as JSON again: no lone surrogate, no number of over 64 bits."""
    orjson.dumps(value)  # what it raises is a TypeError
    return value


_JSON = Field("a JSON value whose integers have up to 64 bits", {}, _read_json)
_JSON_OBJECT = replace(
    OBJECT,
    expected="an object whose integers have up to 64 bits",
    read=lambda value, now: OBJECT.read(_read_json(value, now), now),
    read_many=None,
)
# A column of a real server's database holds no more.
_MAX_INTEGER = 2**31 - 1


def _whole_number(minimum: int, maximum: int) -> Field:
    def read(value: Any, now: datetime) -> int:
        integer: int = INTEGER.read(value, now)
        if not minimum <= integer <= maximum:
            raise ValueError(value)
        return integer

    return Field(
        f"a whole number from {minimum:,} to {maximum:,}",
        {"type": "integer", "minimum": minimum, "maximum": maximum},
        read,
    )


_COUNT = _whole_number(0, _MAX_INTEGER)
# SQLite keeps what clients send, also below 0 (measured on 3.9.1).
_LEVEL = _whole_number(-(2**63), 2**63 - 1)
# The older endpoints of a server list who holds the slots of a limit on a tag.
_SLOTS = Field(
    f"{_COUNT.expected}, or a list of task runs",
    {"anyOf": [_COUNT.schema, {"type": "array"}]},
    lambda value, now: len(value) if isinstance(value, list) else _COUNT.read(value, now),
)
_COMMON: Mapping[str, Field] = {
    "id": UUID,
    "created": nullable(MOMENT),
    "updated": nullable(MOMENT),
}
_TEXT = nullable(TEXT)
_ARTIFACT: Mapping[str, Field] = {
    **_COMMON,
    "type": _TEXT,
    "description": _TEXT,
    "data": _JSON,
    "metadata_": nullable(_JSON_OBJECT),
    "flow_run_id": nullable(UUID),
    "task_run_id": nullable(UUID),
}
OBJECT_FIELDS: Mapping[str, Mapping[str, Field]] = {
    "variables": {**_COMMON, "name": TEXT, "value": _JSON, "tags": TEXT_LIST},
    "block_types": {
        **_COMMON,
        "name": TEXT,
        "slug": TEXT,
        "logo_url": _TEXT,
        "documentation_url": _TEXT,
        "description": _TEXT,
        "code_example": _TEXT,
        "is_protected": FLAG,
    },
    "block_schemas": {
        **_COMMON,
        "checksum": TEXT,
        "fields": _JSON_OBJECT,
        "block_type_id": UUID,
        "block_type_slug": TEXT,
        "block_type": ANYTHING,
        "capabilities": TEXT_LIST,
        "version": TEXT,
    },
    "block_documents": {
        **_COMMON,
        "name": TEXT,
        "data": _JSON_OBJECT,
        "block_schema_id": UUID,
        "block_schema": ANYTHING,
        "block_type_id": UUID,
        "block_type_slug": TEXT,
        "block_type": ANYTHING,
        "block_type_name": _TEXT,
        "block_document_references": OBJECT,
        "is_anonymous": FLAG,
    },
    "artifacts": {**_ARTIFACT, "key": _TEXT},
    "artifact_collections": {**_ARTIFACT, "key": TEXT, "latest_id": UUID},
    "concurrency_limits": {
        **_COMMON,
        "name": TEXT,
        "limit": _COUNT,
        "tag": TEXT,
        "concurrency_limit": _COUNT,
        "active": FLAG,
        "active_slots": _SLOTS,
        "denied_slots": _COUNT,
        "slot_decay_per_second": NUMBER,
        "avg_slot_occupancy_seconds": NUMBER,
    },
    "workers": {
        **_COMMON,
        "name": TEXT,
        "work_pool_id": UUID,
        "last_heartbeat_time": MOMENT,
        "heartbeat_interval_seconds": nullable(_COUNT),
        "status": _TEXT,
    },
    "logs": {
        **_COMMON,
        "name": TEXT,
        "level": _LEVEL,
        "message": TEXT,
        "timestamp": MOMENT,
        "flow_run_id": nullable(UUID),
        "task_run_id": nullable(UUID),
    },
}
OBJECT_CLASSES: Mapping[str, type[StoredObject]] = {
    "variables": Variable,
    "block_types": BlockType,
    "block_schemas": BlockSchema,
    "block_documents": BlockDocument,
    "artifacts": Artifact,
    "artifact_collections": ArtifactCollection,
    "concurrency_limits": ConcurrencyLimit,
    "workers": Worker,
    "logs": Log,
}
SHOWN_ONLY: Mapping[str, frozenset[str]] = {
    "block_schemas": frozenset({"block_type"}),
    "block_documents": frozenset({"block_schema", "block_type", "block_type_name"}),
    "workers": frozenset({"status"}),
    "logs": frozenset({"updated"}),
}
"""Fields of replies that other records tell, by collection. They are accepted and not kept."""
REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "variables": (("name",),),
    "block_types": (("slug",),),
    "block_schemas": (("checksum",), ("block_type_id", "block_type_slug")),
    "block_documents": (("name",), ("block_type_id", "block_type_slug")),
    "artifact_collections": (("key",), ("latest_id",)),
    "concurrency_limits": (("name", "tag"), ("limit", "concurrency_limit")),
    "workers": (("name",), ("work_pool_id",)),
    "logs": (("message",),),
}
"""What a record must have, by collection: one of the fields of each group."""
UNIQUE: Mapping[str, tuple[str, ...]] = {
    "variables": ("name",),
    "block_types": ("slug",),
    "block_schemas": ("checksum", "version"),
    "block_documents": ("block_type_id", "name"),
    "artifact_collections": ("key",),
    "concurrency_limits": ("name",),
    "workers": ("work_pool_id", "name"),
}
"""The fields that no two records have in common (Prefect: orm_models.py, unique indexes)."""
# Prefect: schemas/core.py; logging/configuration.
OBJECT_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "variables": {"value": None, "tags": ()},
    "block_types": {},
    "block_schemas": {"fields": {}, "capabilities": (), "version": "non-versioned"},
    "block_documents": {"data": {}, "block_type_name": "", "is_anonymous": False},
    "artifacts": dict.fromkeys(
        ("key", "type", "description", "data", "metadata_", "flow_run_id", "task_run_id")
    ),
    "artifact_collections": dict.fromkeys(
        ("type", "description", "data", "metadata_", "flow_run_id", "task_run_id")
    ),
    "concurrency_limits": {
        "active": True,
        "active_slots": 0,
        "denied_slots": 0,
        "slot_decay_per_second": 0.0,
        "avg_slot_occupancy_seconds": 2.0,
    },
    "workers": {"heartbeat_interval_seconds": None},
    "logs": {
        "number": 0,
        "name": "prefect.flow_runs",
        "level": 20,
        "flow_run_id": None,
        "task_run_id": None,
    },
}
