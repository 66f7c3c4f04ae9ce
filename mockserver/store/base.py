"""The loaded flow runs and what belongs to them: what the seeds held, which never changes.

Flows, deployments, work pools and work queues that the runs refer to, but nobody described, are
made up here. They are made when they are first asked for, as the indexes are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

from pyroaring import BitMap

from ..prefect import UNKNOWN_FLOW, Deployment, Flow, FlowRun, TaskRun, WorkPool, WorkQueue
from ..prefect.objects import Log
from .columns import RecordsById, Rows, TaskRunRows
from .flow_run_index import FlowRunIndex
from .overlay import Record
from .run_logs import RunLogs


class Base(FlowRunIndex):
    """The loaded flow runs and what belongs to them. Immutable: all forks of a store share it."""

    def __init__(
        self,
        runs: Iterable[FlowRun],
        task_runs: Iterable[TaskRun] | RecordsById[TaskRun] = (),
        *,
        flows: Iterable[Flow] = (),
        deployments: Iterable[Deployment] = (),
        work_pools: Iterable[WorkPool] = (),
        work_queues: Iterable[WorkQueue] = (),
        objects: Iterable[Record] = (),
        logs: Iterable[Log] = (),
        loaded_at: datetime | None = None,
    ) -> None:
        """Ids must be unique in each collection. `loaded_at` is now by default.

        `objects` are those of `prefect.objects`, of any kind but logs. Of too many logs, the
        oldest are dropped.

        `parent_flow_run_id` need not be set: it is taken from a run's parent task run.
        Flows, work pools and work queues that are referred to but not given are created with
        default values; deployments only if none are given.
        """
        self.loaded_at = loaded_at or datetime.now(UTC)
        self._flows = {flow.id: flow for flow in flows}
        self._deployments = {deployment.id: deployment for deployment in deployments}
        self._work_pools = {pool.id: pool for pool in work_pools}
        self._work_queues = {queue.id: queue for queue in work_queues}
        self.objects: dict[type, dict[str, Any]] = {}
        for one in objects:
            self.objects.setdefault(type(one), {})[one.id] = one
        in_order = enumerate(sorted(logs, key=attrgetter("timestamp", "created")))
        self.logs = RunLogs(replace(log, number=number) for number, log in in_order)
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
        # Rule M8. Prefect: schemas/filters.py, FlowRunFilterParentFlowRunId joins the task runs.
        parent = self._flow_run_id_by_task_run.get(run.parent_task_run_id)
        return run if run.parent_flow_run_id == parent else replace(run, parent_flow_run_id=parent)

    @cached_property
    def _flow_run_id_by_task_run(self) -> Mapping[str, str | None]:
        """The id of the flow run that each task run belongs to, by the task run's id."""
        task_runs = self.task_runs
        if isinstance(task_runs, RecordsById):
            return task_runs.column_by_id("flow_run_id")
        return {task_run.id: task_run.flow_run_id for task_run in task_runs.values()}

    @property
    def flows(self) -> Mapping[str, Flow]:
        """The flows by id: those given, and those that runs and deployments refer to."""
        return self._records("flows", self._all_flows)

    @property
    def deployments(self) -> Mapping[str, Deployment]:
        """The deployments by id: those given or, if there are none, those that runs refer to."""
        # Prefect: FlowRun.deployment_id has no foreign key, so a run may name a deleted deployment.
        return self._deployments or self._records("deployments", self._inferred_deployments)

    @property
    def work_queues(self) -> Mapping[str, WorkQueue]:
        """The work queues by id: those given, and those that are referred to."""
        return self._records("work_queues", self._all_work_queues)

    @property
    def work_pools(self) -> Mapping[str, WorkPool]:
        """The work pools by id: those given, and those that are referred to."""
        return self._records("work_pools", self._all_work_pools)

    def _records(self, kind: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.prepared.get(kind, make)
        return found

    def _all_flows(self) -> Mapping[str, Flow]:
        named = set(self.values("flow_id"))
        named.update(deployment.flow_id for deployment in self.deployments.values())
        inferred = {
            flow_id: UNKNOWN_FLOW
            if flow_id == UNKNOWN_FLOW.id
            else Flow(flow_id, f"flow-{flow_id[:8]}")
            # Sorted: the order of a set of texts differs from one process to the next.
            for flow_id in sorted(named - self._flows.keys())
        }
        return {**self._flows, **inferred}

    def _inferred_deployments(self) -> Mapping[str, Deployment]:
        return {
            deployment_id: Deployment(deployment_id, f"deployment-{deployment_id[:8]}", flow_id)
            for deployment_id, flow_id in self._distinct("deployment_id", "flow_id")
            if deployment_id is not None
        }

    def _all_work_queues(self) -> Mapping[str, WorkQueue]:
        inferred = {
            queue_id: WorkQueue(queue_id, name or "default", self._pool_id(*pool))
            for queue_id, name, *pool in self._references("work_queue_id", "work_queue_name")
            if queue_id is not None and queue_id not in self._work_queues
        }
        return {**self._work_queues, **inferred}

    def _all_work_pools(self) -> Mapping[str, WorkPool]:
        inferred = {
            pool_id: WorkPool(pool_id, pool[1] or f"work-pool-{pool_id[:8]}")
            for pool in self._references()
            if (pool_id := self._pool_id(*pool)) is not None and pool_id not in self._work_pools
        }
        return {**self._work_pools, **inferred}

    def _references(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """These columns and those of the pool of each record that may refer to a pool."""
        columns += ("work_pool_id", "work_pool_name")
        for deployment in self._deployments.values():
            yield tuple(getattr(deployment, column) for column in columns)
        yield from self._distinct(*columns)

    def _distinct(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """The distinct values of these columns together: in the order in which they first come,
        then in the order in which they last come.

        Whoever makes a dict of them has each record where it first came, as it last came.
        """
        rows = zip(*map(self.values, columns), strict=True)
        last = {values: ordinal for ordinal, values in enumerate(rows)}
        yield from last
        yield from sorted(last, key=last.__getitem__)

    def _pool_id(self, pool_id: str | None, name: str | None) -> str | None:
        """The id of a record's pool: of the given pool with its name, else the record's own."""
        return self._pool_id_by_name.get(name, pool_id)

    @cached_property
    def _pool_id_by_name(self) -> Mapping[str | None, str]:
        return {pool.name: pool.id for pool in self._work_pools.values()}

    @property
    def task_run_index(self) -> FlowRunIndex:
        """The loaded task runs, indexed as flow runs are."""
        found: FlowRunIndex = self.prepared.get("task_run_index", self._task_run_index)
        return found

    def _task_run_index(self) -> FlowRunIndex:
        task_runs: Any = self.task_runs
        if isinstance(task_runs, RecordsById) and len(task_runs):
            return FlowRunIndex(TaskRunRows(task_runs.columns.by_name))
        return FlowRunIndex(task_runs.values())

    def related_ordinals(self, others: Iterable[str | None]) -> BitMap:
        """The runs that have a task run or a subflow here, and of the ids of others those here."""
        loaded: BitMap = self.prepared.get("related", self._related_ordinals)
        ordinal_by_id = self.ordinal_by_id
        here = map(ordinal_by_id.get, filter(None, others))
        return loaded | BitMap([ordinal for ordinal in here if ordinal is not None])

    def _related_ordinals(self) -> BitMap:
        ids, ordinal_by_id = {*self.task_runs_of, *self.parent_ids()}, self.ordinal_by_id
        return BitMap([ordinal_by_id[each] for each in ids if each in ordinal_by_id])

    @property
    def ids_with_task_runs(self) -> frozenset[str]:
        """The ids of the runs here that have a task run here."""
        found: frozenset[str] = self.prepared.get(
            "ids_with_task_runs",
            lambda: frozenset(filter(self.ordinal_by_id.__contains__, self.task_runs_of)),
        )
        return found

    @property
    def task_runs_of(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of the task runs that belong to each flow run, by the flow run's id."""
        return self._records("task_runs_of", self._task_runs_of)

    def _task_runs_of(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for task_run_id, flow_run_id in self._flow_run_id_by_task_run.items():
            if flow_run_id is not None:
                found.setdefault(flow_run_id, []).append(task_run_id)
        return {flow_run_id: tuple(ids) for flow_run_id, ids in found.items()}
