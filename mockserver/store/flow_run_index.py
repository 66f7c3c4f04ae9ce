"""Flow runs that answer predicates from bitmaps: the fast road.

A column is indexed when a predicate first asks for it (see `bitmaps` for what a bitmap is of).
Nothing here decides what a predicate means: a property test holds every answer against calling
the predicate with every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from operator import attrgetter
from typing import Any, cast

from pyroaring import BitMap

from ..filters import IS_NULL, ONE_OF, AllOf, Comparison, Predicate
from ..prefect import UNKNOWN_FLOW, Deployment, Flow, FlowRun, TaskRun, WorkPool, WorkQueue
from .column_indexes import ColumnIndex, TagIndex, TimeIndex, ValueIndex
from .compact_columns import ColumnValues, UuidColumn
from .ordinal_sets import (
    EMPTY_SET,
    BitmapSet,
    Difference,
    Intersection,
    OrdinalSet,
    Union,
    is_known_empty,
)
from .rows import RecordsById, Rows
from .trigram_index import NameIndex

PARENT_COLUMNS = frozenset({"parent_task_run_id", "parent_flow_run_id"})
"""The columns that become null when a parent is deleted (M11)."""


class FlowRunIndex:
    """Flow runs in id order, highest first. Immutable."""

    def __init__(self, runs: Iterable[FlowRun]) -> None:
        """Ids must be unique."""
        self.runs: Sequence[FlowRun] = (
            runs if isinstance(runs, Rows) else tuple(sorted(runs, key=_id, reverse=True))
        )
        self.ids: ColumnValues = (
            runs.ids if isinstance(runs, Rows) else [run.id for run in self.runs]
        )
        self.all_ordinals = BitMap(range(len(self.runs)))
        self._column_indexes: dict[str, ColumnIndex] = {}

    @cached_property
    def ordinal_by_id(self) -> Mapping[str, int]:
        """Which run has an id."""
        runs = self.runs
        return runs.ordinal_by_id if isinstance(runs, Rows) else dict(zip(self.ids, count()))

    def ids_of(self, ordinals: Sequence[int]) -> list[str]:
        """The ids of the runs at ordinals, which rise."""
        ids = self.ids
        return (
            ids.get_many(ordinals) if isinstance(ids, UuidColumn) else [ids[at] for at in ordinals]
        )

    def values(self, column: str) -> Iterable[Any]:
        """What each run has in a column, in the order of the runs."""
        runs = self.runs
        return runs.values(column) if isinstance(runs, Rows) else map(attrgetter(column), runs)

    def children(self, parents: set[str]) -> BitMap | None:
        """Ordinals of the subflows of these flow runs; None if there are none."""
        index = cast(ValueIndex, self._column_index("parent_flow_run_id"))
        with_children = index.by_value.keys() & parents
        return index.one_of(with_children).within(None) if with_children else None

    def parent_task_run_ids(self, *, excluding: BitMap) -> set[str]:
        """What the runs but those of `without` name as their parent."""
        index = cast(ValueIndex, self._column_index("parent_task_run_id"))
        return index.values_of(self.all_ordinals - excluding)

    def look_up(self, predicate: Predicate, orphans: BitMap) -> OrdinalSet:
        """The runs that satisfy a predicate, for as long as it is not another `orphans`.

        Those are the runs whose parents are gone; there may be more of them, by and by.
        """
        if isinstance(predicate, Comparison):
            if predicate.column == "id":
                return self._look_up_ids(predicate)
            matches = self._column_index(predicate.column).look_up(predicate)
            if predicate.column in PARENT_COLUMNS:
                return _count_orphans_as_null(matches, predicate, orphans)
            return matches
        if isinstance(predicate, AllOf):
            return self._look_up_all(predicate.parts, orphans)
        parts = [self.look_up(part, orphans) for part in predicate.parts]
        return Union(parts) if parts else EMPTY_SET

    def _look_up_all(self, predicates: Iterable[Predicate], orphans: BitMap) -> OrdinalSet:
        parts = []
        for predicate in predicates:
            matches = self.look_up(predicate, orphans)
            if is_known_empty(matches):
                return EMPTY_SET
            parts.append(matches)
        return Intersection(parts) if parts else BitmapSet(self.all_ordinals)

    def _look_up_ids(self, test: Comparison) -> OrdinalSet:
        ordinal_by_id = self.ordinal_by_id
        named = BitmapSet(
            BitMap([ordinal_by_id[run_id] for run_id in test.operand if run_id in ordinal_by_id])
        )
        return named if test.relation is ONE_OF else Difference(BitmapSet(self.all_ordinals), named)

    def _column_index(self, name: str) -> ColumnIndex:
        index = self._column_indexes.get(name)
        if index is None:
            kind = INDEX_BY_COLUMN.get(name, ValueIndex)
            index = self._column_indexes[name] = kind(self.values(name), self.all_ordinals)
        return index


INDEX_BY_COLUMN: Mapping[str, Callable[[Iterable[Any], BitMap], ColumnIndex]] = {
    "name": NameIndex,
    "tags": TagIndex,
    "start_time": TimeIndex,
    "start_or_expected_time": TimeIndex,
    "end_time": TimeIndex,
    "expected_start_time": TimeIndex,
    "next_scheduled_start_time": TimeIndex,
}


def _count_orphans_as_null(matches: OrdinalSet, test: Comparison, orphans: BitMap) -> OrdinalSet:
    """What a test on a parent finds where the parents of `orphans` are null."""
    if test.relation is IS_NULL:
        return Union((matches, BitmapSet(orphans)))
    return Difference(matches, BitmapSet(orphans))


def depends_on_parents(query: Predicate | tuple[Predicate, ...]) -> bool:
    """Whether it matters to a predicate, or to one of some, which parents are gone."""
    if isinstance(query, Comparison):
        return query.column in PARENT_COLUMNS
    return any(map(depends_on_parents, query if isinstance(query, tuple) else query.parts))


def _id(run: FlowRun) -> str:
    return run.id


class Base(FlowRunIndex):
    """Flow runs, and what belongs to them, as they were loaded; shared by every fork of a store."""

    def __init__(
        self,
        runs: Iterable[FlowRun],
        task_runs: Iterable[TaskRun] | RecordsById[TaskRun] = (),
        *,
        flows: Iterable[Flow] = (),
        deployments: Iterable[Deployment] = (),
        work_pools: Iterable[WorkPool] = (),
        work_queues: Iterable[WorkQueue] = (),
        loaded_at: datetime | None = None,
    ) -> None:
        """Ids must be unique. Parents are resolved here: `parent_flow_run_id` need not be set.

        Flows, pools and queues that runs name and nobody described are made up from what the
        runs say; so are deployments, unless some were described.
        """
        self.loaded_at = loaded_at or datetime.now(UTC)
        self._flows = {flow.id: flow for flow in flows}
        self._deployments = {deployment.id: deployment for deployment in deployments}
        self._work_pools = {pool.id: pool for pool in work_pools}
        self._work_queues = {queue.id: queue for queue in work_queues}
        self.task_runs: Mapping[str, TaskRun] = (
            task_runs
            if isinstance(task_runs, RecordsById)
            else {task_run.id: task_run for task_run in task_runs}
        )
        if isinstance(runs, Rows):
            super().__init__(runs.with_parent_flow_runs(self._flow_run_id_by_task_run))
        else:
            super().__init__(map(self._with_parent, runs))

    def _with_parent(self, run: FlowRun) -> FlowRun:
        if run.parent_task_run_id is None:
            return run
        parent = self._flow_run_id_by_task_run.get(run.parent_task_run_id)
        return run if run.parent_flow_run_id == parent else replace(run, parent_flow_run_id=parent)

    @cached_property
    def _flow_run_id_by_task_run(self) -> Mapping[str, str | None]:
        """To which flow run each task run belongs, by id."""
        task_runs = self.task_runs
        if isinstance(task_runs, RecordsById):
            return task_runs.column_by_id("flow_run_id")
        return {task_run.id: task_run.flow_run_id for task_run in task_runs.values()}

    @cached_property
    def flows(self) -> Mapping[str, Flow]:
        """The flows by id."""
        named = set(self.values("flow_id"))
        named.update(deployment.flow_id for deployment in self.deployments.values())
        inferred = {
            flow_id: UNKNOWN_FLOW
            if flow_id == UNKNOWN_FLOW.id
            else Flow(flow_id, f"flow-{flow_id[:8]}")
            for flow_id in sorted(named - self._flows.keys())
        }
        return {**self._flows, **inferred}

    @cached_property
    def deployments(self) -> Mapping[str, Deployment]:
        """The deployments by id."""
        if self._deployments:
            return self._deployments
        return {
            run.deployment_id: Deployment(
                run.deployment_id, f"deployment-{run.deployment_id[:8]}", run.flow_id
            )
            for run in self.runs
            if run.deployment_id is not None
        }

    @cached_property
    def work_queues(self) -> Mapping[str, WorkQueue]:
        """The work queues by id."""
        inferred = {
            record.work_queue_id: WorkQueue(
                record.work_queue_id, record.work_queue_name or "default", self._pool_id(record)
            )
            for record in self._records_with_pool()
            if record.work_queue_id is not None and record.work_queue_id not in self._work_queues
        }
        return {**self._work_queues, **inferred}

    @cached_property
    def work_pools(self) -> Mapping[str, WorkPool]:
        """The work pools by id."""
        inferred = {
            pool_id: WorkPool(pool_id, record.work_pool_name or f"work-pool-{pool_id[:8]}")
            for record in self._records_with_pool()
            if (pool_id := self._pool_id(record)) is not None and pool_id not in self._work_pools
        }
        return {**self._work_pools, **inferred}

    def _records_with_pool(self) -> Iterator[Deployment | FlowRun]:
        yield from self._deployments.values()
        yield from self.runs

    def _pool_id(self, record: Deployment | FlowRun) -> str | None:
        """The pool that is described by this name, else the one with the id."""
        named = self._pool_id_by_name.get(record.work_pool_name)
        return record.work_pool_id if named is None else named

    @cached_property
    def _pool_id_by_name(self) -> Mapping[str | None, str]:
        return {pool.name: pool.id for pool in self._work_pools.values()}

    @cached_property
    def task_runs_of(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the task runs that belong to a flow run, by its id."""
        found: dict[str, list[str]] = {}
        for task_run_id, flow_run_id in self._flow_run_id_by_task_run.items():
            if flow_run_id is not None:
                found.setdefault(flow_run_id, []).append(task_run_id)
        return {flow_run_id: tuple(ids) for flow_run_id, ids in found.items()}
