"""One record of a seed: which fields it may have, and what it becomes.

The tables below are the format: the JSON Schema that `mockserver seeds schema` prints is made of
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ..prefect import Deployment, Flow, FlowRun, State, TaskRun, WorkPool, WorkQueue
from .fields import (
    COUNT,
    CREATED_BY_FIELD,
    FLAG,
    LABELS,
    MOMENT,
    NUMBER,
    OBJECT,
    POLICY_FIELD,
    STATE,
    STATE_TYPE,
    TEXT,
    TEXT_LIST,
    UUID,
    Field,
    nullable,
)

# Fields of FlowRunResponse in Prefect 3.8.
FLOW_RUN_FIELDS: Mapping[str, Field] = {
    "id": UUID,
    "name": TEXT,
    "flow_id": nullable(UUID),
    "tags": TEXT_LIST,
    "state": nullable(STATE),
    "state_type": nullable(STATE_TYPE),
    "state_name": nullable(TEXT),
    "deployment_id": nullable(UUID),
    "work_queue_name": nullable(TEXT),
    "flow_version": nullable(TEXT),
    "start_time": nullable(MOMENT),
    "end_time": nullable(MOMENT),
    "expected_start_time": nullable(MOMENT),
    "next_scheduled_start_time": nullable(MOMENT),
    "parent_task_run_id": nullable(UUID),
    "idempotency_key": nullable(TEXT),
    "created_by": nullable(CREATED_BY_FIELD),
    # No filter on flow runs looks at what follows.
    "created": nullable(MOMENT),
    "updated": nullable(MOMENT),
    "state_id": nullable(UUID),
    "deployment_version": nullable(TEXT),
    "work_queue_id": nullable(UUID),
    "work_pool_id": nullable(UUID),
    "work_pool_name": nullable(TEXT),
    "parameters": OBJECT,
    "context": OBJECT,
    "labels": LABELS,
    "empirical_policy": POLICY_FIELD,
    "job_variables": nullable(OBJECT),
    "run_count": COUNT,
    "total_run_time": NUMBER,
    "estimated_run_time": NUMBER,
    "estimated_start_time_delta": NUMBER,
    "auto_scheduled": FLAG,
    "infrastructure_document_id": nullable(UUID),
    "infrastructure_pid": nullable(TEXT),
}
_COMMON_RUN_FIELDS = (
    *("state", "state_type", "state_name", "state_id", "start_time", "end_time"),
    *("expected_start_time", "next_scheduled_start_time", "run_count", "total_run_time"),
    *("labels", "created", "updated"),
)
# Whatever else a server's answer says of these is kept unread.
TASK_RUN_FIELDS: Mapping[str, Field] = {
    "id": UUID,
    "flow_run_id": nullable(UUID),
    "name": TEXT,
    "task_key": TEXT,
    "dynamic_key": TEXT,
    "tags": TEXT_LIST,
    **{key: FLOW_RUN_FIELDS[key] for key in _COMMON_RUN_FIELDS},
    "empirical_policy": OBJECT,  # no rule looks at it
    "flow_run_run_count": COUNT,
    "cache_key": nullable(TEXT),
    "cache_expiration": nullable(MOMENT),
    "task_version": nullable(TEXT),
    "task_inputs": OBJECT,
}
FLOW_FIELDS: Mapping[str, Field] = {
    "id": UUID,
    "name": TEXT,
    "tags": TEXT_LIST,
    "labels": LABELS,
    "created": nullable(MOMENT),
    "updated": nullable(MOMENT),
}
DEPLOYMENT_FIELDS: Mapping[str, Field] = {
    **FLOW_FIELDS,
    "flow_id": nullable(UUID),
    "paused": FLAG,
    "work_queue_name": nullable(TEXT),
    "work_queue_id": nullable(UUID),
    "work_pool_id": nullable(UUID),
    "work_pool_name": nullable(TEXT),
}
WORK_POOL_FIELDS: Mapping[str, Field] = {"id": UUID, "name": TEXT, "type": nullable(TEXT)}
WORK_QUEUE_FIELDS: Mapping[str, Field] = {"id": UUID, "name": TEXT, "work_pool_id": nullable(UUID)}

COLLECTIONS: Mapping[str, Mapping[str, Field]] = {
    "flow_runs": FLOW_RUN_FIELDS,
    "task_runs": TASK_RUN_FIELDS,
    "flows": FLOW_FIELDS,
    "deployments": DEPLOYMENT_FIELDS,
    "work_pools": WORK_POOL_FIELDS,
    "work_queues": WORK_QUEUE_FIELDS,
}
OPEN_COLLECTIONS = frozenset(COLLECTIONS) - {"flow_runs"}
"""Collections whose records may have more fields than the table names."""

StoredRecord = FlowRun | TaskRun | Flow | Deployment | WorkPool | WorkQueue

RECORD_CLASSES: Mapping[str, type[StoredRecord]] = {
    "flow_runs": FlowRun,
    "task_runs": TaskRun,
    "flows": Flow,
    "deployments": Deployment,
    "work_pools": WorkPool,
    "work_queues": WorkQueue,
}
CLASS_FIELDS = {
    name: frozenset(COLLECTIONS[name]) & frozenset(kind.__dataclass_fields__)
    for name, kind in RECORD_CLASSES.items()
}
# Computed anew for every reply, from the clock; and what `state` says.
NOT_KEPT = frozenset({"estimated_run_time", "estimated_start_time_delta"})
NOT_KEPT |= {"state", "state_type", "state_name", "state_id"}
# `{}` is what these hold when nothing is said: one shared value, not one for each record.
OFTEN_EMPTY = frozenset({"parameters", "context", "labels", "empirical_policy", "task_inputs"})
# Null is not the same as nothing said.
CAN_BE_NULL = frozenset({"job_variables"})


def build_record(collection: str, values: Mapping[str, Any]) -> StoredRecord:
    """A record from values that were read by the collection's fields; `id` must be there.

    Raises ValueError, with what is wrong, where fields contradict each other.
    """
    class_fields = CLASS_FIELDS[collection]
    given: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in values.items():
        if key in NOT_KEPT:
            continue
        if key not in class_fields:
            rest[key] = value
        elif key in CAN_BE_NULL or (value is not None and (value or key not in OFTEN_EMPTY)):
            given[key] = value
    if "state" in class_fields:
        given["state"] = resolve_state(values)
    if rest:
        given["rest"] = rest
    if "name" not in given:
        word = collection.removesuffix("s").replace("_", "-")
        given["name"] = f"{word}-{values['id'][:8]}"
    return RECORD_CLASSES[collection](**given)


def resolve_state(values: Mapping[str, Any]) -> State | None:
    """`state`, or `state_type` and `state_name`, or both if they agree."""
    state: State | None = values.get("state")
    state_type, state_name = values.get("state_type"), values.get("state_name")
    if state is None:
        if state_type is None:
            if state_name is not None:
                raise ValueError(f"state_name {state_name!r} without a state_type")
            return None
        name = state_type.default_name if state_name is None else state_name
        return State(state_type, name, id=values.get("state_id"))
    if state_type not in (None, state.type):
        raise ValueError(f"state_type {state_type.value} but state.type {state.type.value}")
    if state_name not in (None, state.name):
        raise ValueError(f"state_name {state_name!r} but state.name {state.name!r}")
    if state.id is None and values.get("state_id") is not None:
        return replace(state, id=values["state_id"])
    return state


NAMESPACE = uuid5(NAMESPACE_URL, "mockserver:seeds")


def derive_pool_ids(values: dict[str, Any]) -> None:
    """A server knows queues and pools by id: those of a pool that is only named follow from it."""
    pool = values.get("work_pool_name")
    if pool is None or values.get("work_queue_id") is not None:
        return
    queue = values.get("work_queue_name") or "default"
    values["work_queue_id"] = id_from_names("work_queues", pool, queue)
    if values.get("work_pool_id") is None:
        values["work_pool_id"] = id_from_names("work_pools", pool)


@lru_cache(maxsize=4096)  # of few names, by each run of theirs
def id_from_names(*names: str) -> str:
    """The id that follows from names."""
    return str(uuid5(NAMESPACE, "/".join(names)))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a seed: a document of collections, or a bare list."""
    records = {
        name: {
            "type": "object",
            "properties": {key: dict(field.schema) for key, field in fields.items()},
            "additionalProperties": name in OPEN_COLLECTIONS,
        }
        for name, fields in COLLECTIONS.items()
    }
    listed = {name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in COLLECTIONS}
    server_flow_run = {**records["flow_runs"], "additionalProperties": True}
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
                    "else": server_flow_run,
                },
            },
        ],
        "$defs": records,
    }
