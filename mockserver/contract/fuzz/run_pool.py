"""Flow runs for the requests to find: created through the public API, and deleted at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ..server import PAGE, HTTPStatusError, Target, TargetError
from .exchange import BULK_DELETE_PATH, parse_deleted_ids

FLOW_NAME = "mockserver-contract"
"""What the name of the flow begins with."""

# Between them they have a value for most criteria of a filter. They are used in turn.
RUN_TEMPLATES: Sequence[Mapping[str, Any]] = (
    {"name": "nightly-etl", "tags": ["nightly", "etl"], "state": {"type": "COMPLETED"}},
    {"name": "Nightly-ETL", "tags": [], "state": {"type": "FAILED", "name": "Gave up"}},
    {"name": "100% of it", "tags": ["etl"], "state": {"type": "SCHEDULED"}},
    {"name": "a_b", "tags": ["scratch"], "state": {"type": "RUNNING"}},
    {"name": "straße", "tags": ["scratch", "nightly"], "state": {"type": "CANCELLED"}},
    {"name": "hangs", "state": {"type": "PENDING"}},
    {"name": "broke", "tags": ["etl"], "state": {"type": "CRASHED"}, "flow_version": "2.1"},
    {"name": "waits", "state": {"type": "PAUSED"}, "flow_version": "2.0"},
)


def no_op(_: str) -> None:
    """A callback that does nothing."""


@dataclass
class RunPool:
    """Creates flow runs on a server, all of one flow, as others are deleted.

    `on_created` is called with the path of every record that is created, such as /flow_runs/ID.
    `made_count` counts the runs, `known_flow_id` is the flow ("" until it is created).
    """

    target: Target
    on_created: Callable[[str], None] = no_op
    made_count: int = 0
    known_flow_id: str = field(default="", init=False)

    def top_up(self, present: int, least: int, most: int) -> list[str]:
        """Create runs until there are `most` if there are fewer than `least`; returns their ids."""
        return [self._create_run() for _ in range(most - present if present < least else 0)]

    def _create_run(self) -> str:
        template = RUN_TEMPLATES[self.made_count % len(RUN_TEMPLATES)]
        self.made_count += 1
        try:
            record = self._post_run(template)
        except HTTPStatusError:  # a generated request has deleted the flow
            self.known_flow_id = ""
            record = self._post_run(template)
        run_id = str(record["id"])
        self.on_created(f"/flow_runs/{run_id}")
        return run_id

    def ensure_flow(self) -> str:
        """The id of the flow of all runs, which is created on the first call."""
        if not self.known_flow_id:
            # A name of its own: a server returns the flow that has a name already.
            name = f"{FLOW_NAME}-{uuid4().hex}"
            flow = self.target.request_json("POST", "/flows/", {"name": name})
            self.known_flow_id = str(flow["id"])
            self.on_created(f"/flows/{self.known_flow_id}")
        return self.known_flow_id

    def _post_run(self, template: Mapping[str, Any]) -> Any:
        flow_id = self.ensure_flow()
        # Unique in a flow (Prefect: orm_models.py, uq_flow_run__flow_id_idempotency_key): for a key
        # that was used, a server returns the old run.
        key = f"{FLOW_NAME}-{flow_id}-{self.made_count}"
        run = {**template, "flow_id": flow_id, "idempotency_key": key}
        return self.target.request_json("POST", "/flow_runs/", run)


@dataclass(frozen=True)
class ServerSnapshot:
    """What a server held before the first request: ids of runs and flows, and a count."""

    runs: frozenset[str]
    flows: frozenset[str]
    task_runs: int


def take_snapshot(target: Target) -> ServerSnapshot:
    """List what a server holds. Raises TargetError."""
    return ServerSnapshot(
        _list_ids(target, "flow_runs"), _list_ids(target, "flows"), _count_task_runs(target)
    )


def remove_new_records(target: Target, before: ServerSnapshot) -> int:
    """Delete all flow runs and flows that `before` does not hold; returns how many.

    Raises TargetError, also if task runs are left over: the document has no request to delete one.
    """
    runs = remove_runs_except(target, before.runs)
    flows = sorted(_list_ids(target, "flows") - before.flows)
    for flow in flows:
        target.request_json("DELETE", f"/flows/{flow}")
    left = _count_task_runs(target) - before.task_runs
    if left > 0:
        raise TargetError(f"{target.url} has kept {left:,} task runs of deleted flow runs")
    return runs + len(flows)


def _count_task_runs(target: Target) -> int:
    return int(target.request_json("POST", "/task_runs/count", {}))


def remove_runs_except(target: Target, keep: frozenset[str]) -> int:
    """Delete all flow runs but those with the ids to keep; returns how many.

    Works by bulk_delete alone, so also on a server that fails to list its runs. Raises TargetError,
    also if the server lists the same run as deleted twice.
    """
    body = {"flow_runs": {"id": {"not_any_": sorted(keep)}} if keep else {}}
    removed: set[str] = set()
    while True:
        answer = target.send("POST", BULK_DELETE_PATH, json.dumps(body).encode())
        deleted = parse_deleted_ids(answer)
        # Else the loop would not end on a server that answers ids and deletes nothing.
        if not removed.isdisjoint(deleted):
            raise TargetError(f"{target.url} says that it deletes flow runs, but does not")
        removed.update(deleted)
        if not deleted:
            return len(removed)


def _list_ids(target: Target, kind: str) -> frozenset[str]:
    """The ids of all records of a kind."""
    if kind == "flow_runs":
        return frozenset(run["id"] for run in target.iter_records("/flow_runs/filter"))
    # Flows cannot be sorted by id, as `iter_records` does.
    found: set[str] = set()
    offset = 0
    while True:
        page = target.request_json("POST", f"/{kind}/filter", {"limit": PAGE, "offset": offset})
        found |= {record["id"] for record in page}
        if len(page) < PAGE:
            return frozenset(found)
        offset += PAGE
