"""The kinds of records that a copy holds, and how a server lists each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..seeds import FLOW_RUN_FIELDS, OBJECT_FIELDS, SHOWN_ONLY

Record = dict[str, Any]
PAGE = 200
"""The largest `limit` that a real server accepts."""
# They depend on the clock: a copy that is made again would differ.
_ESTIMATES = frozenset({"estimated_run_time", "estimated_start_time_delta"})
# What a server of a later version says besides is of no use here.
_KEPT: Mapping[str, frozenset[str]] = {
    "flow_runs": frozenset(FLOW_RUN_FIELDS) - _ESTIMATES,
    **{
        name: frozenset(fields) - SHOWN_ONLY.get(name, frozenset())
        for name, fields in OBJECT_FIELDS.items()
    },
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its collection in a seed, and how a server lists it.

    `filter_key` is the key of its filter in a body; `sort` an order of its list without ties.
    `path` is that of its endpoints, by default its collection's name. `counted`: it has /count.
    """

    collection: str
    filter_key: str
    sort: str | None
    endpoints: str | None = None
    counted: bool = True

    @property
    def noun(self) -> str:
        """What several of them are called."""
        return self.collection.replace("_", " ")

    @property
    def path(self) -> str:
        return f"/{self.endpoints or self.collection}"


FLOW_RUNS = Kind("flow_runs", "flow_runs", "ID_DESC")
TASK_RUNS = Kind("task_runs", "task_runs", "ID_DESC")
FLOWS = Kind("flows", "flows", "NAME_ASC")
DEPLOYMENTS = Kind("deployments", "deployments", "NAME_ASC")
WORK_POOLS = Kind("work_pools", "work_pools", None)
WORK_QUEUES = Kind("work_queues", "work_queues", None)
WORKERS = Kind("workers", "workers", None)
VARIABLES = Kind("variables", "variables", "NAME_ASC")
BLOCK_TYPES = Kind("block_types", "block_types", None, counted=False)
BLOCK_SCHEMAS = Kind("block_schemas", "block_schemas", None, counted=False)
BLOCK_DOCUMENTS = Kind("block_documents", "block_documents", "BLOCK_TYPE_AND_NAME_ASC")
ARTIFACTS = Kind("artifacts", "artifacts", "ID_DESC")
LATEST_ARTIFACTS = Kind("artifact_collections", "artifacts", "ID_DESC", "artifacts/latest")
LIMITS = Kind(
    "concurrency_limits", "concurrency_limits", None, "v2/concurrency_limits", counted=False
)
LOGS = Kind("logs", "logs", "TIMESTAMP_DESC", counted=False)
KINDS = {
    kind.collection: kind
    for kind in (
        *(FLOW_RUNS, TASK_RUNS, FLOWS, DEPLOYMENTS, WORK_POOLS, WORK_QUEUES, WORKERS, VARIABLES),
        *(BLOCK_TYPES, BLOCK_SCHEMAS, BLOCK_DOCUMENTS, ARTIFACTS, LATEST_ARTIFACTS, LIMITS, LOGS),
    )
}


def kept_fields(collection: str, record: Record) -> Record:
    """The fields of a server's record that a copy keeps."""
    kept = _KEPT.get(collection)
    return {
        key: value
        for key, value in record.items()
        if key not in _ESTIMATES and (kept is None or key in kept)
    }
