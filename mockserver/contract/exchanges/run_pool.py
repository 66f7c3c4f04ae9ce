"""Flow runs for the requests to find: created through the public API, and deleted at the end.

Invariant: only records that a reply said were created, and flow runs of flows that a reply said
were created, are deleted, each by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ..server import HTTPStatusError, Target, TargetError, created_id

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
    `foreign` are ids that were there before. `made_count` counts the runs, `known_flow_id` is the
    flow ("" until it is created). `runs` are the ids, in lower case, of runs that a reply said were
    created, also to generated requests, and that may still be there; `flows` those of flows.
    """

    target: Target
    on_created: Callable[[str], None] = no_op
    foreign: frozenset[str] = frozenset()
    made_count: int = 0
    known_flow_id: str = field(default="", init=False)
    runs: set[str] = field(default_factory=set, init=False)
    flows: set[str] = field(default_factory=set, init=False)

    def record(self, path: str) -> None:
        """Note a record that a reply said was created, by its path.

        Raises TargetError if it was there before.
        """
        kind, record_id = path.strip("/").split("/")
        if record_id.lower() in self.foreign:
            raise TargetError(f"{self.target.url} says it created {path}, which was there before")
        held = {"flow_runs": self.runs, "flows": self.flows}.get(kind, set())
        held.add(record_id.lower())
        self.on_created(path)

    def owns(self, run: Mapping[str, Any]) -> bool:
        """Whether a listed run was created here: by a reply that said so, or, where the reply was
        an error, in a flow that was created here, of which nobody else knows.
        """
        in_own_flow = str(run.get("flow_id")).lower() in self.flows
        return run["id"].lower() in self.runs or in_own_flow

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
        run_id = created_id(record, self.known_flow_id)
        self.record(f"/flow_runs/{run_id}")
        return run_id

    def ensure_flow(self) -> str:
        """The id of the flow of all runs, which is created on the first call."""
        if not self.known_flow_id:
            # A name of its own: a server returns the flow that has a name already.
            name = f"{FLOW_NAME}-{uuid4().hex}"
            flow = self.target.request_json("POST", "/flows/", {"name": name})
            self.known_flow_id = created_id(flow)
            self.record(f"/flows/{self.known_flow_id}")
        return self.known_flow_id

    def _post_run(self, template: Mapping[str, Any]) -> Any:
        flow_id = self.ensure_flow()
        # Unique in a flow (Prefect: orm_models.py, uq_flow_run__flow_id_idempotency_key): for a key
        # that was used, a server returns the old run.
        key = f"{FLOW_NAME}-{flow_id}-{self.made_count}"
        run = {**template, "flow_id": flow_id, "idempotency_key": key}
        return self.target.request_json("POST", "/flow_runs/", run)

    def remove_runs(self) -> int:
        """Delete the runs that may still be there, each by its id; returns how many there were.

        Also works on a server that fails to list its runs. Raises TargetError.
        """
        removed = sum(self.target.delete(f"/flow_runs/{run}") for run in sorted(self.runs))
        self.runs.clear()
        return removed

    def remove_all(self) -> int:
        """Delete all runs and flows that were created here; returns how many there were.

        Raises TargetError.
        """
        # Those of a flow that no reply named: it was an error.
        listed = list(self.target.iter_records("/flow_runs/filter"))
        self.runs |= {run["id"].lower() for run in listed if self.owns(run)} - self.foreign
        runs = self.remove_runs()
        flows = sum(self.target.delete(f"/flows/{flow}") for flow in sorted(self.flows))
        self.flows.clear()
        return runs + flows
