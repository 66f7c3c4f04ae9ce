"""Copying a workspace: what the mock holds of a server, kind by kind, into a partial file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

from ..errors import UsageError
from .anonymizing import Anonymizer
from .client import ReadClient, RefusedError
from .kinds import (
    DEPLOYMENTS,
    FLOW_RUNS,
    FLOWS,
    KINDS,
    PAGE,
    TASK_RUNS,
    WORK_POOLS,
    WORK_QUEUES,
    Kind,
    Record,
    kept_fields,
)
from .partial_file import PartialFile
from .progress import Progress
from .scope import Scope
from .slicing import SlicedCopy, run_all

# A list that was short of the server's count is asked for again.
_LISTINGS = 3
# Not for this user, not in this server, and not modelled by the mock.
_NOT_SHOWN = frozenset({403, 404, 501})
# /task_runs/filter has no filter on these, and a server would ignore it.
_NOT_OF_TASK_RUNS = ("work_pools", "work_pool_queues")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: the number of records by collection, and what a user should know."""

    counts: Mapping[str, int]
    notes: tuple[str, ...]


class WorkspaceCopy:
    """The copy of a server, or of the part that `scope` names.

    Task runs are those that link a subflow to its parent; with `all_task_runs`, all of them.
    """

    def __init__(
        self,
        client: ReadClient,
        partial: PartialFile,
        *,
        scope: Scope | None = None,
        all_task_runs: bool = False,
        anonymizer: Anonymizer | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Raises UsageError for a scope that task runs cannot have."""
        self.client, self.partial = client, partial
        self.scope, self.all_task_runs = scope or Scope(), all_task_runs
        self.anonymizer, self.progress = anonymizer, progress or Progress()
        self.notes: list[str] = []
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
        pools = await self._allowed_pools(deployments)
        queues = await run_all(map(self._queues, pools))
        for kind, records in (
            (FLOWS, flows),
            (DEPLOYMENTS, deployments),
            (WORK_POOLS, pools),
            (WORK_QUEUES, [queue for group in queues for queue in group]),
        ):
            self._put(kind, "all", records)
        counts = {name: len(self.partial.spans(name)) for name in KINDS}
        new = await self._compare_total(counts["flow_runs"])
        await self._compare_queue_names(new)
        return Copied(counts, tuple(self.notes))

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
        for chunk in _chunks(wanted):
            self._put(TASK_RUNS, f"links from {chunk[0]}", await self._by_ids(TASK_RUNS, chunk))
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
            wanted = sorted(self._ids_in_runs(key))
            found = await run_all(self._by_ids(kind, chunk) for chunk in _chunks(wanted))
            return [record for part in found for record in part]
        return await self._all(kind)

    async def _allowed_pools(self, deployments: Sequence[Record]) -> list[Record]:
        """The work pools, none if the server does not show them: runs name what matters of them."""
        try:
            return await self._pools(deployments)
        except RefusedError as refusal:
            if refusal.status not in _NOT_SHOWN:
                raise
            self.notes.append(f"no work pools were copied: {refusal}")
            return []

    async def _pools(self, deployments: Sequence[Record]) -> list[Record]:
        """All work pools; of a part of a server, those that its runs and deployments name."""
        if not self.scope:
            return await self._all(WORK_POOLS)
        ids = sorted(self._ids_in_runs("work_pool_id"))
        names = sorted({one["work_pool_name"] for one in deployments if one.get("work_pool_name")})
        asked = [{"id": {"any_": chunk}} for chunk in _chunks(ids)]
        asked += [{"name": {"any_": chunk}} for chunk in _chunks(names)]
        found = await run_all(
            self.client.page(WORK_POOLS.path, {"work_pools": given, "limit": PAGE})
            for given in asked
        )
        return list({pool["id"]: pool for part in found for pool in part}.values())

    async def _queues(self, pool: Record) -> list[Record]:
        """The queues of a pool."""
        return await self._pages(f"/work_pools/{quote(pool['name'], safe='')}/queues", {})

    async def _by_ids(self, kind: Kind, ids: Sequence[str]) -> list[Record]:
        """The records with these ids, at most `PAGE`."""
        given = {kind.filter_key: {"id": {"any_": ids}}, "limit": PAGE}
        return await self.client.page(kind.path, given)

    async def _all(self, kind: Kind) -> list[Record]:
        """All records of a kind of which a server has few, as many as it counts."""
        sort = {"sort": kind.sort} if kind.sort else {}
        for _ in range(_LISTINGS):
            records = await self._pages(kind.path, sort)
            total = await self.client.count(kind.collection, {})
            if len(records) == total:
                return records
        self.notes.append(
            f"{kind.noun} change all the time: the server counts {total:,}, "
            f"and the copy has {len(records):,}"
        )
        return records

    async def _pages(self, path: str, body: Mapping[str, Any]) -> list[Record]:
        """The records that a list has, page after page, each once."""
        found: dict[str, Record] = {}
        offset = 0
        while True:
            page = await self.client.page(path, {**body, "limit": PAGE, "offset": offset})
            found.update((record["id"], record) for record in page)
            if len(page) < PAGE:
                return list(found.values())
            offset += PAGE


def _chunks(items: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(items)
    while chunk := list(islice(rest, PAGE)):
        yield chunk
