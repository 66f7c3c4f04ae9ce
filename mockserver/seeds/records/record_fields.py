"""The records of a seed: the fields of each collection, and what a record becomes.

The tables of fields define the seed format. The JSON Schema that `mockserver seeds schema` prints
is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ...prefect import Deployment, Flow, FlowRun, State, TaskRun, WorkPool, WorkQueue
from .field_types import (
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
from .object_fields import (
    OBJECT_CLASSES,
    OBJECT_DEFAULTS,
    OBJECT_FIELDS,
    SHOWN_ONLY,
    StoredObject,
)

# The fields of FlowRunResponse in Prefect 3.8.
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
    # No filter of flow runs looks at the fields below.
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
# Other fields of a server's answer are kept unread, here and in the collections below.
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
    # The number of slots of the limit, or the limit as a reply shows it.
    "concurrency_limit": nullable(COUNT),
    "global_concurrency_limit": nullable(OBJECT),
}
WORK_POOL_FIELDS: Mapping[str, Field] = {"id": UUID, "name": TEXT, "type": nullable(TEXT)}
WORK_QUEUE_FIELDS: Mapping[str, Field] = {"id": UUID, "name": TEXT, "work_pool_id": nullable(UUID)}
SHORT_FORMS: Mapping[str, Mapping[str, str]] = {
    "flow_runs": {
        "started": "start_time",
        "ended": "end_time",
        "expected": "expected_start_time",
        "flow": "flow_id",
        "deployment": "deployment_id",
        "parent": "parent_task_run_id",
    },
    "deployments": {"flow": "flow_id"},
    "block_schemas": {"block_type_slug": "block_type_id"},
    "block_documents": {"block_type_slug": "block_type_id"},
    "concurrency_limits": {"tag": "name", "concurrency_limit": "limit"},
}
"""What may be written instead of a field of the API, by collection: see `short_forms`."""
_SHORT_FIELDS: Mapping[str, Field] = {
    **{key: nullable(MOMENT) for key in ("started", "ended", "expected")},
    # The name of a flow, the name of a deployment, and the id of the parent flow run.
    "flow": nullable(TEXT),
    "deployment": nullable(TEXT),
    "parent": nullable(UUID),
}

COLLECTIONS: Mapping[str, Mapping[str, Field]] = {
    "flow_runs": {**FLOW_RUN_FIELDS, **_SHORT_FIELDS},
    "task_runs": TASK_RUN_FIELDS,
    "flows": FLOW_FIELDS,
    "deployments": {**DEPLOYMENT_FIELDS, "flow": _SHORT_FIELDS["flow"]},
    "work_pools": WORK_POOL_FIELDS,
    "work_queues": WORK_QUEUE_FIELDS,
    **OBJECT_FIELDS,
}
# Records of these may have fields that the tables do not list.
OPEN_COLLECTIONS = frozenset(COLLECTIONS) - OBJECT_FIELDS.keys() - {"flow_runs"}
StoredRecord = FlowRun | TaskRun | Flow | Deployment | WorkPool | WorkQueue | StoredObject
RECORD_CLASSES: Mapping[str, type[StoredRecord]] = {
    "flow_runs": FlowRun,
    "task_runs": TaskRun,
    "flows": Flow,
    "deployments": Deployment,
    "work_pools": WorkPool,
    "work_queues": WorkQueue,
    **OBJECT_CLASSES,
}
CLASS_FIELDS = {
    name: frozenset(COLLECTIONS[name]) & frozenset(kind.__dataclass_fields__)
    for name, kind in RECORD_CLASSES.items()
}
_REFERENCES = frozenset({"references"})  # of blocks; made of the values of other fields
# Together they become the record's `state`: see `resolve_state`.
STATE_FIELDS = frozenset({"state_type", "state_name", "state_id", "state"})
# Estimates depend on the clock: they are computed for every reply.
NOT_KEPT = STATE_FIELDS | {"estimated_run_time", "estimated_start_time_delta"}
# Their default is `{}`. Records share one empty object instead of holding one each.
OFTEN_EMPTY = frozenset({"parameters", "context", "labels", "empirical_policy", "task_inputs"})
# For these, null differs from an absent value.
CAN_BE_NULL = frozenset({"job_variables"})
# The name of a record without one: its kind, and the first 8 characters of its id.
DEFAULT_NAMES = {name: name.removesuffix("s").replace("_", "-") + "-{:.8}" for name in COLLECTIONS}


def count_records(collection: str, count: int) -> str:
    """How many records of a collection there are, in words: "1 flow run", "1,200 flows"."""
    noun = collection.replace("_", " ")
    return f"{count:,} {noun.removesuffix('s') if count == 1 else noun}"


def build_record(collection: str, values: Mapping[str, Any]) -> StoredRecord:
    """Make a record from values that the collection's fields have read; `id` must be among them.

    Raises ValueError, saying what is wrong, where fields contradict each other.
    """
    class_fields = CLASS_FIELDS[collection]
    if collection in OBJECT_FIELDS:
        return _build_object(collection, class_fields | _REFERENCES, values)
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
        given["name"] = DEFAULT_NAMES[collection].format(values["id"])
    return RECORD_CLASSES[collection](**given)


def _build_object(
    collection: str, class_fields: frozenset[str], values: Mapping[str, Any]
) -> StoredObject:
    kept = class_fields - SHOWN_ONLY.get(collection, frozenset())
    given = {key: value for key, value in values.items() if key in kept and value is not None}
    return OBJECT_CLASSES[collection](**{**OBJECT_DEFAULTS[collection], **given})


def resolve_state(values: Mapping[str, Any]) -> State | None:
    """The state that a record gives as `state`, as `state_type` and `state_name`, or as both.

    `state_id` adds the id that `state` lacks. Raises ValueError where they contradict each other.
    """
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


# Ids that are derived depend on it: another value changes the ids of every seed without ids.
NAMESPACE = uuid5(NAMESPACE_URL, "mockserver:seeds")


def derive_pool_ids(values: dict[str, Any]) -> None:
    """Add the ids of a work queue and a work pool that are given by name alone.

    A server refers to both by id. The same names give the same ids, in every record.
    """
    pool = values.get("work_pool_name")
    if pool is None or values.get("work_queue_id") is not None:
        return
    # Prefect gives every work pool a queue of this name (models/workers.py, create_work_pool).
    queue = values.get("work_queue_name") or "default"
    values["work_queue_id"] = id_from_names("work_queues", pool, queue)
    if values.get("work_pool_id") is None:
        values["work_pool_id"] = id_from_names("work_pools", pool)


@lru_cache(maxsize=4096)  # asked for by every run, while there are few pools and queues
def id_from_names(*names: str) -> str:
    """The id that belongs to names: the same for the same names."""
    return str(uuid5(NAMESPACE, "/".join(names)))


def pool_id_from_name(collection: str, values: Mapping[str, Any]) -> str | None:
    """The id of a pool without one: the id that runs with its name refer to."""
    if collection == "work_pools" and "name" in values:
        return id_from_names("work_pools", values["name"])
    return None
