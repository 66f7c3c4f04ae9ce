"""Flows, deployments and flow runs for bulk deletes: created through the API, and read back.

Invariant: a record counts as created only if it is new, and if a reply to this run named its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ..server import (
    FLOW_NAME_PREFIX,
    PAGE,
    CleanupJournal,
    Target,
    TargetError,
    created_id,
    id_of,
)

Json = Any
KINDS = ("flows", "deployments")
"""The kinds of records that have a bulk delete here."""
READ_KINDS = (*KINDS, "flow_runs", "task_runs")


@dataclass(frozen=True, slots=True)
class FlowDraft:
    """A flow to be created. Others in the database may have any name, so this is a part of one."""

    name: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentDraft:
    """A deployment to be created; `flow` is the index of its flow."""

    flow: int
    name: str
    tags: tuple[str, ...] = ()
    paused: bool = False


@dataclass(frozen=True, slots=True)
class RunDraft:
    """A flow run to be created, with a task run if that has a name.

    `flow`, `deployment` and `parent` are indices; it is a subflow of the task run of its parent.
    """

    flow: int
    deployment: int | None
    state: str
    tags: tuple[str, ...] = ()
    task: str = ""
    parent: int | None = None


# Neighbours differ in case, or by a wildcard of LIKE, as in `sample_values`. The last of each is
# one that no delete names.
FLOWS = (
    FlowDraft("etl", ("nightly", "etl")),
    FlowDraft("ETL_100", ("nightly",)),
    FlowDraft("etl-1001"),
    FlowDraft("über_b", ("Nightly", "etl")),
    FlowDraft("ÜBERxb"),
    FlowDraft("kept", ("nightly", "etl")),
)
DEPLOYMENTS = (
    DeploymentDraft(0, "serve", ("nightly", "etl")),
    DeploymentDraft(0, "SERVE_100", ("nightly",), paused=True),
    DeploymentDraft(1, "serve-1001"),
    DeploymentDraft(1, "back_up", ("etl",), paused=True),
    DeploymentDraft(2, "backXup"),
    DeploymentDraft(3, "über", ("Nightly",), paused=True),
    DeploymentDraft(3, "etl", ("nightly", "etl")),
    DeploymentDraft(5, "kept", ("nightly", "etl")),
)
# Each flow and each deployment has one, by which lists are restricted to them. Of a deployment's
# runs, only those that wait for their first start go with it.
RUNS = (
    RunDraft(0, 0, "SCHEDULED", ("nightly",), "extract"),
    RunDraft(0, 0, "COMPLETED", (), "Extract all"),
    RunDraft(0, 1, "SCHEDULED"),
    RunDraft(1, 2, "RUNNING", ("nightly", "etl"), "load"),
    RunDraft(1, 3, "SCHEDULED"),
    RunDraft(2, 4, "PENDING", ("etl",), parent=0),
    RunDraft(3, 5, "SCHEDULED", (), "load"),
    RunDraft(3, 6, "FAILED"),
    RunDraft(4, None, "COMPLETED", ("etl",)),
    RunDraft(4, None, "SCHEDULED", parent=3),
    RunDraft(5, 7, "SCHEDULED", (), "extract"),
    RunDraft(5, None, "COMPLETED"),
)


@dataclass
class CreatedRecords:
    """One set of flows with their deployments and runs. `foreign` are ids that were there before.

    `ids` are those that were created, by kind, in the order of the drafts.
    """

    target: Target
    journal: CleanupJournal
    foreign: frozenset[str]
    ids: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in READ_KINDS})

    def create(self) -> None:
        """Create all of a set. Raises TargetError."""
        # A number after what all share: every collation of a database sorts the names by it.
        prefix = f"{FLOW_NAME_PREFIX}-{uuid4().hex[:12]}"
        for number, flow in enumerate(FLOWS):
            name = f"{prefix}-{number} {flow.name}"
            self._keep("flows", self.journal.create_named_flow(name, flow.tags))
        for number, one in enumerate(DEPLOYMENTS):
            body = {
                "flow_id": self.ids["flows"][one.flow],
                "name": f"{number} {one.name}",
                "tags": list(one.tags),
                "paused": one.paused,
            }
            self._post("deployments", body)
        task_runs: dict[int, str] = {}
        for number, run in enumerate(RUNS):
            run_id = self._create_run(run, task_runs)
            if run.task:
                task_runs[number] = self._create_task_run(run, run_id)

    def _create_run(self, run: RunDraft, task_runs: Mapping[int, str]) -> str:
        body = {
            "flow_id": self.ids["flows"][run.flow],
            "deployment_id": None
            if run.deployment is None
            else self.ids["deployments"][run.deployment],
            "state": {"type": run.state},
            "tags": list(run.tags),
            "parent_task_run_id": None if run.parent is None else task_runs[run.parent],
        }
        return self._post("flow_runs", body)

    def _create_task_run(self, run: RunDraft, run_id: str) -> str:
        body = {"name": run.task, "task_key": run.task, "dynamic_key": "0", "flow_run_id": run_id}
        return self._keep("task_runs", id_of(self.target.request_json("POST", "/task_runs/", body)))

    def _post(self, kind: str, body: Json) -> str:
        made = self.target.request_json("POST", f"/{kind}/", body)
        return self._keep(kind, created_id(made, body["flow_id"]))

    def _keep(self, kind: str, record_id: str) -> str:
        if record_id in self.foreign or any(record_id in held for held in self.ids.values()):
            raise TargetError(f"the server says that it created {record_id}, which was there")
        self.ids[kind].append(record_id)
        if kind != "task_runs":  # they go with their runs
            self.journal.record_path(f"/{kind}/{record_id}")
        return record_id

    def deletable(self, kind: str) -> Sequence[str]:
        """The ids that a delete may name: all but the last one, which has to survive."""
        return self.ids[kind][:-1]

    def fetch_records(self) -> dict[str, list[Json]]:
        """Read from the server what of the set is left, by kind. Raises TargetError."""
        return {kind: self._read(kind) for kind in READ_KINDS}

    def _read(self, kind: str) -> list[Json]:
        sort = "NAME_ASC" if kind in KINDS else "ID_DESC"
        body = {kind: {"id": {"any_": self.ids[kind]}}, "sort": sort, "limit": PAGE}
        records = self.target.request_json("POST", f"/{kind}/filter", body)
        if not isinstance(records, list):
            raise TargetError(f"POST /{kind}/filter answered no list")
        other = sorted({id_of(one) for one in records} - set(self.ids[kind]))
        if other:
            raise TargetError(
                f"POST /{kind}/filter listed {other[0]}, whose id was not asked for: the filters "
                f"of {self.target.url} do not hold"
            )
        return records

    def require_nothing_foreign(self) -> None:
        """Raise TargetError if the flows hold runs or deployments that were not created here.

        They would go with the flows.
        """
        flows = {"id": {"any_": self.ids["flows"]}}
        for kind in ("flow_runs", "deployments"):
            body = {"flows": flows, kind: {"id": {"not_any_": self.ids[kind]}}}
            found = self.target.request_json("POST", f"/{kind}/count", body)
            if found != 0:
                raise TargetError(
                    f"POST /{kind}/count answered {found!r} for what others have put into flows "
                    f"that the kit created on {self.target.url}: no more of them are deleted"
                )
