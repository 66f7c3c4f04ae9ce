"""The kinds of records that a copy holds, and how a server lists each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..seeds import COLLECTIONS, FLOW_RUN_FIELDS

Record = dict[str, Any]
PAGE = 200
"""The largest `limit` that a real server accepts."""
# They depend on the clock: a copy that is made again would differ.
_ESTIMATES = frozenset({"estimated_run_time", "estimated_start_time_delta"})
# A work pool's base job template may hold secrets, and no endpoint of the mock shows it.
_KEPT: Mapping[str, frozenset[str]] = {
    "flow_runs": frozenset(FLOW_RUN_FIELDS) - _ESTIMATES,
    "work_pools": frozenset(COLLECTIONS["work_pools"]),
    "work_queues": frozenset(COLLECTIONS["work_queues"]),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its collection in a seed, which is also the path of its endpoints.

    `filter_key` is the key of its filter in a body; `sort` an order of its list without ties.
    """

    collection: str
    noun: str
    filter_key: str
    sort: str | None

    @property
    def path(self) -> str:
        return f"/{self.collection}"


FLOW_RUNS = Kind("flow_runs", "flow runs", "flow_runs", "ID_DESC")
TASK_RUNS = Kind("task_runs", "task runs", "task_runs", "ID_DESC")
FLOWS = Kind("flows", "flows", "flows", "NAME_ASC")
DEPLOYMENTS = Kind("deployments", "deployments", "deployments", "NAME_ASC")
WORK_POOLS = Kind("work_pools", "work pools", "work_pools", None)
WORK_QUEUES = Kind("work_queues", "work queues", "work_queues", None)
KINDS = {
    kind.collection: kind
    for kind in (FLOW_RUNS, TASK_RUNS, FLOWS, DEPLOYMENTS, WORK_POOLS, WORK_QUEUES)
}


def kept_fields(collection: str, record: Record) -> Record:
    """The fields of a server's record that a copy keeps."""
    kept = _KEPT.get(collection)
    return {
        key: value
        for key, value in record.items()
        if key not in _ESTIMATES and (kept is None or key in kept)
    }
