"""Copying a workspace: what the mock holds of a server, kind by kind, into a partial file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ..errors import UsageError
from .anonymizing import Anonymizer
from .client import ReadClient
from .kinds import (
    DEPLOYMENTS,
    FLOW_RUNS,
    FLOWS,
    KINDS,
    LOGS,
    TASK_RUNS,
    WORK_POOLS,
    WORK_QUEUES,
    WORKERS,
    Kind,
    Record,
    kept_fields,
)
from .listing import Listing, chunks
from .object_copy import list_artifacts, list_logs, list_objects
from .partial_file import PartialFile
from .scope import Scope
from .slicing import Progress, SlicedCopy, run_all

# /task_runs/filter has no filter on these, and a server would ignore it.
_NOT_OF_TASK_RUNS = ("work_pools", "work_pool_queues")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: the number of records by collection.

    `notes` say what differs from the server, `remarks` what else a user should know.
    """

    counts: Mapping[str, int]
    notes: tuple[str, ...]
    remarks: tuple[str, ...]


class WorkspaceCopy:
    """The copy of a server, or of the part that `scope` names.

    Task runs are those that link a subflow to its parent; with `all_task_runs`, all of them. Logs
    are copied only if asked for.
    """

    def __init__(
        self,
        client: ReadClient,
        partial: PartialFile,
        *,
        scope: Scope | None = None,
        all_task_runs: bool = False,
        logs: bool = False,
        anonymizer: Anonymizer | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Raises UsageError for a scope that task runs cannot have."""
        self.client, self.partial = client, partial
        self.scope, self.all_task_runs = scope or Scope(), all_task_runs
        self.anonymizer, self.progress = anonymizer, progress or Progress()
        self.logs = logs
        self.notes: list[str] = []
        self.listing = Listing(client, self.notes)
        alien = [key for key in _NOT_OF_TASK_RUNS if self.scope.filters.get(key)]
        if all_task_runs and alien:
            raise UsageError(
                f"--task-runs all: servers do not filter task runs by {alien[0]}, which --where has"
            )

    async def run(self) -> Copied:
        """Copy everything. Raises RemoteError."""
        await self._copy_runs(FLOW_RUNS)
        if self.all_task_runs:
            await self._copy_runs(TASK_RUNS)
        await self._copy_links()
        flows = await self._named(FLOWS, "flow_id")
        deployments = await self._named(DEPLOYMENTS, "deployment_id")
        # Without pools: runs name what matters of them.
        pools = await self.listing.if_shown(WORK_POOLS.noun, self._pools(deployments))
        for kind, records in (
            (FLOWS, flows),
            (DEPLOYMENTS, deployments),
            (WORK_POOLS, pools),
            (WORK_QUEUES, await self._in_pools(pools, "queues")),
        ):
            self._put(kind, "all", records)
        await self._copy_objects(pools)
        counts = {name: len(self.partial.spans(name)) for name in KINDS}
        new = await self._compare_total(counts["flow_runs"])
        await self._compare_queue_names(new)
        return Copied(counts, tuple(self.notes), tuple(self.listing.remarks))

    def _put(self, kind: Kind, block: str, records: Iterable[Record]) -> None:
        name = kind.collection
        kept = (self._transform(name, kept_fields(name, record)) for record in records)
        self.partial.put(name, block, kept)

    def _transform(self, collection: str, record: Record) -> Record:
        return self.anonymizer.record(collection, record) if self.anonymizer else record

    # --- runs -------------------------------------------------------------------------------------

    async def _copy_runs(self, kind: Kind) -> None:
        sliced = SlicedCopy(
            self.client, kind, self.scope, self.partial, self.progress, self._transform
        )
        await sliced.run()
        if sliced.healed:
            self.notes.append(
                f"{kind.noun} came, went or moved while they were copied: "
                f"{sliced.healed:,} parts were copied again"
            )

    async def _copy_links(self) -> None:
        """Copy the task runs that link the copied subflows to their parents."""
        linked = self._ids_in_runs("parent_task_run_id")
        wanted = sorted(linked - self.partial.spans("task_runs").keys())
        if not wanted:
            return
        self.progress.begin("task runs", len(wanted))
        for chunk in chunks(wanted):
            found = await self.listing.by_ids(TASK_RUNS, chunk)
            self._put(TASK_RUNS, f"links from {chunk[0]}", found)
            self.progress.advance(len(chunk))
        missing = len(linked - self.partial.spans("task_runs").keys())
        if missing:
            self.notes.append(
                f"{missing:,} task runs that subflows name were no longer there: "
                "no parent_flow_run_id filter finds these subflows in the copy"
            )

    def _ids_in_runs(self, key: str) -> set[str]:
        return {run[key] for run in self.partial.records("flow_runs") if run.get(key)}

    async def _compare_total(self, copied: int) -> int:
        """Tell how far the server has gone on since its runs were last counted.

        Returns how many more runs it has.
        """
        total = await self.client.count("flow_runs", self.scope.body("flow_runs"))
        if total != copied:
            self.notes.append(
                f"the server goes on: it now counts {total:,} flow runs, "
                f"and the copy has {copied:,}"
            )
        return max(0, total - copied)

    async def _compare_queue_names(self, new: int) -> None:
        """Tell of how many runs the server shows a queue that its filter does not find.

        It shows the name of the queue that a run is in; `work_queue_name` filters by a column of
        its own, which is null for a run that only named a pool. `new` runs are not in the copy.
        """
        filters = self.scope.filters
        given = filters.get("flow_runs") or {}
        if given.get("operator") == "or_" or given.get("work_queue_name"):
            return
        unnamed = {**given, "work_queue_name": {"is_null_": True}}
        on_server = await self.client.count("flow_runs", {**filters, "flow_runs": unnamed})
        in_copy = sum(
            run.get("work_queue_name") is None for run in self.partial.records("flow_runs")
        )
        hidden = on_server - in_copy - new
        if hidden > 0:
            self.notes.append(
                f"{hidden:,} flow runs are in a queue whose name a server shows but "
                "does not filter by: work_queue_name can match them in the copy, and not there"
            )

    # --- other kinds ------------------------------------------------------------------------------

    async def _named(self, kind: Kind, key: str) -> list[Record]:
        """All records of a kind; of a part of a server, those that the copied runs name."""
        if self.scope:
            return await self.listing.by_ids(kind, self._ids_in_runs(key))
        return await self.listing.all_of(kind)

    async def _pools(self, deployments: Sequence[Record]) -> list[Record]:
        """All work pools; of a part of a server, those that its runs and deployments name."""
        if not self.scope:
            return await self.listing.all_of(WORK_POOLS)
        names = {one["work_pool_name"] for one in deployments if one.get("work_pool_name")}
        found = await self.listing.by_ids(WORK_POOLS, self._ids_in_runs("work_pool_id"))
        found += await self.listing.by_ids(WORK_POOLS, names, "name")
        return list({pool["id"]: pool for pool in found}.values())

    async def _in_pools(self, pools: Sequence[Record], list_name: str) -> list[Record]:
        """The queues, or the workers, of pools."""
        paths = (f"/work_pools/{quote(pool['name'], safe='')}/{list_name}" for pool in pools)
        found = await run_all(self.listing.pages(path, {}) for path in paths)
        return [record for part in found for record in part]

    async def _copy_objects(self, pools: Sequence[Record]) -> None:
        """Copy what runs, flows and deployments do not name."""
        listing = self.listing
        workers = await listing.if_shown(WORKERS.noun, self._in_pools(pools, "workers"))
        ids = self.partial.spans("flow_runs").keys() if self.scope else None
        if ids is None:
            found = await list_objects(listing)
        else:
            found = await list_artifacts(listing, ids)
        logs = await listing.if_shown(LOGS.noun, list_logs(listing, ids)) if self.logs else []
        for kind, records in ((WORKERS, workers), *found, (LOGS, logs)):
            self._put(kind, "all", records)
