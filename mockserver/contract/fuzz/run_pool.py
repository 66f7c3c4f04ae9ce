"""The flow runs that requests are to meet: made through the public API, and taken away again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..server import PAGE, HTTPStatusError, Target, TargetError
from .checks import parse_deleted_ids

FLOW_NAME = "mockserver-contract"

# A little of everything that a filter can ask for; each comes again and again.
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
    """Who does not want to know what was created."""


@dataclass
class RunPool:
    """Runs on a server, topped up as they are deleted. `created` is told the path of every record
    that is made, such as /flow_runs/ID.
    """

    target: Target
    on_created: Callable[[str], None] = no_op
    made_count: int = 0
    known_flow_id: str = field(default="", init=False)

    def top_up(self, present: int, least: int, most: int) -> list[str]:
        """Make runs until there are `most` if there are fewer than `least`; returns their ids."""
        return [self._create_run() for _ in range(most - present if present < least else 0)]

    def _create_run(self) -> str:
        template = RUN_TEMPLATES[self.made_count % len(RUN_TEMPLATES)]
        self.made_count += 1
        try:
            record = self._post_run(template)
        except HTTPStatusError:  # some request has deleted the flow
            self.known_flow_id = ""
            record = self._post_run(template)
        run_id = str(record["id"])
        self.on_created(f"/flow_runs/{run_id}")
        return run_id

    def ensure_flow(self) -> str:
        """The flow that the runs are of, made where it is not there."""
        if not self.known_flow_id:
            self.known_flow_id = str(
                self.target.request_json("POST", "/flows/", {"name": FLOW_NAME})["id"]
            )
            self.on_created(f"/flows/{self.known_flow_id}")
        return self.known_flow_id

    def _post_run(self, template: Mapping[str, Any]) -> Any:
        self.ensure_flow()
        key = f"{FLOW_NAME}-{self.known_flow_id}-{self.made_count}"
        run = {**template, "flow_id": self.known_flow_id, "idempotency_key": key}
        return self.target.request_json("POST", "/flow_runs/", run)


@dataclass(frozen=True)
class ServerSnapshot:
    """What a server held before anything was sent: what is not to be taken away."""

    runs: frozenset[str]
    flows: frozenset[str]
    task_runs: int


def take_snapshot(target: Target) -> ServerSnapshot:
    """Look at what is there. Raises TargetError."""
    return ServerSnapshot(
        _list_ids(target, "flow_runs"), _list_ids(target, "flows"), _count_task_runs(target)
    )


def remove_new_records(target: Target, before: ServerSnapshot) -> int:
    """Delete the flow runs and flows that have come since, and their task runs; returns how many.

    Raises TargetError, also where task runs are left over, which no request can delete.
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
    """Delete all flow runs but those to keep, also where they cannot be listed; returns how many.

    Raises TargetError, also where the server says that it has deleted the same run twice.
    """
    body = {"flow_runs": {"id": {"not_any_": sorted(keep)}} if keep else {}}
    removed: set[str] = set()
    while True:
        answer = target.send("POST", "/flow_runs/bulk_delete", json.dumps(body).encode())
        deleted = parse_deleted_ids(answer)
        if not removed.isdisjoint(deleted):
            raise TargetError(f"{target.url} says that it deletes flow runs, and does not")
        removed.update(deleted)
        if not deleted:
            return len(removed)


def _list_ids(target: Target, kind: str) -> frozenset[str]:
    """Ids of all records of a kind. Flows cannot be sorted by id, so the lists may shift."""
    if kind == "flow_runs":
        return frozenset(run["id"] for run in target.iter_records("/flow_runs/filter"))
    found: set[str] = set()
    offset = 0
    while True:
        page = target.request_json("POST", f"/{kind}/filter", {"limit": PAGE, "offset": offset})
        found |= {record["id"] for record in page}
        if len(page) < PAGE:
            return frozenset(found)
        offset += PAGE
