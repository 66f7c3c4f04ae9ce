"""A base of flow runs that answers predicates from bitmaps: the fast road.

Runs stand in id order, highest first; a run's place is its ordinal, and a set of runs a bitmap of
ordinals, so that "the highest ids" is "the first bits". A column is indexed when a predicate
first asks for it. Nothing here decides what a predicate means: a property test holds every
answer against calling the predicate with every run.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from operator import attrgetter
from typing import Any, Protocol, cast

from pyroaring import BitMap

from .instants import to_utc
from .like import Like
from .predicates import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    LIKE,
    NONE_OF,
    ONE_OF,
    AllOf,
    Predicate,
    Relation,
    Test,
)
from .rows import Rows
from .runs import UNKNOWN_FLOW, Deployment, Flow, FlowRun, TaskRun, WorkPool, WorkQueue

PARENT_COLUMNS = frozenset({"parent_task_run_id", "parent_flow_run_id"})
"""The columns that become null when a parent is deleted (M11)."""


class Column(Protocol):
    """One column of a base: the ordinals of which a test on it is true."""

    nulls: BitMap

    def ordinals(self, test: Test) -> BitMap: ...


class Base:
    """Flow runs, and what belongs to them, as they were loaded. Immutable; shared by every fork
    of a store.
    """

    def __init__(
        self,
        runs: Iterable[FlowRun],
        task_runs: Iterable[TaskRun] = (),
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
        self.task_runs: Mapping[str, TaskRun] = {task_run.id: task_run for task_run in task_runs}
        self.runs: Sequence[FlowRun]
        if isinstance(runs, Rows):
            self.runs = runs.with_parents(self.task_runs)
        else:
            ordered = sorted(runs, key=lambda run: run.id, reverse=True)
            self.runs = tuple(self._with_parent(run) for run in ordered)
        self.ordinal: Mapping[str, int] = dict(zip(self.values("id"), count()))
        self.every = BitMap(range(len(self.runs)))
        self._columns: dict[str, Column] = {}

    def _with_parent(self, run: FlowRun) -> FlowRun:
        if run.parent_task_run_id is None:
            return run
        task_run = self.task_runs.get(run.parent_task_run_id)
        parent = task_run.flow_run_id if task_run else None
        return run if run.parent_flow_run_id == parent else replace(run, parent_flow_run_id=parent)

    def values(self, column: str) -> Iterable[Any]:
        """What each run has in a column, in the order of the runs."""
        if isinstance(self.runs, Rows):
            return self.runs.values(column)
        return map(attrgetter(column), self.runs)

    @cached_property
    def flows(self) -> Mapping[str, Flow]:
        """The flows by id."""
        named = set(self.values("flow_id"))
        named.update(deployment.flow_id for deployment in self.deployments.values())
        made_up = {
            flow_id: UNKNOWN_FLOW
            if flow_id == UNKNOWN_FLOW.id
            else Flow(flow_id, f"flow-{flow_id[:8]}")
            for flow_id in sorted(named - self._flows.keys())
        }
        return {**self._flows, **made_up}

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
        made_up = {
            placed.work_queue_id: WorkQueue(
                placed.work_queue_id, placed.work_queue_name or "default", self._pool_id(placed)
            )
            for placed in self._placed()
            if placed.work_queue_id is not None and placed.work_queue_id not in self._work_queues
        }
        return {**self._work_queues, **made_up}

    @cached_property
    def work_pools(self) -> Mapping[str, WorkPool]:
        """The work pools by id."""
        made_up = {
            pool_id: WorkPool(pool_id, placed.work_pool_name or f"work-pool-{pool_id[:8]}")
            for placed in self._placed()
            if (pool_id := self._pool_id(placed)) is not None and pool_id not in self._work_pools
        }
        return {**self._work_pools, **made_up}

    def _placed(self) -> Iterator[Deployment | FlowRun]:
        yield from self._deployments.values()
        yield from self.runs

    def _pool_id(self, placed: Deployment | FlowRun) -> str | None:
        """The pool that is described by this name, else the one with the id."""
        named = self._pool_ids.get(placed.work_pool_name)
        return placed.work_pool_id if named is None else named

    @cached_property
    def _pool_ids(self) -> Mapping[str | None, str]:
        return {pool.name: pool.id for pool in self._work_pools.values()}

    @cached_property
    def task_runs_of(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the task runs that belong to a flow run, by its id."""
        found: dict[str, list[str]] = {}
        for task_run in self.task_runs.values():
            if task_run.flow_run_id is not None:
                found.setdefault(task_run.flow_run_id, []).append(task_run.id)
        return {flow_run_id: tuple(ids) for flow_run_id, ids in found.items()}

    def children(self, flow_run_ids: Iterable[str]) -> BitMap:
        """Ordinals of the subflows of these flow runs."""
        return self._column("parent_flow_run_id").ordinals(
            Test("parent_flow_run_id", ONE_OF, frozenset(flow_run_ids))
        )

    def parent_task_run_ids(self, *, without: BitMap) -> set[str]:
        """What the runs but those of `without` name as their parent."""
        column = cast(ValueColumn, self._column("parent_task_run_id"))
        return {str(value) for value, places in column.by_value.items() if places - without}

    def ordinals(self, predicate: Predicate, orphans: BitMap) -> BitMap:
        """The runs that satisfy a predicate; `orphans` are those whose parents are gone."""
        if isinstance(predicate, Test):
            return self._test(predicate, orphans)
        if not isinstance(predicate, AllOf):
            parts = [self.ordinals(part, orphans) for part in predicate.parts]
            return BitMap.union(*parts) if parts else BitMap()
        found = self.every
        for part in sorted(predicate.parts, key=_cost):
            if not found:
                break
            if isinstance(part, Test) and part.relation is LIKE and len(found) < self.few_names:
                found = BitMap(at for at in found if part(self.runs[at]))
            else:
                matching = self.ordinals(part, orphans)
                found = matching if found is self.every else found & matching
        return found

    @cached_property
    def few_names(self) -> int:
        """Below this many candidates it is cheaper to read their names than all distinct ones."""
        return len(set(self.values("name"))) // 4

    def _test(self, test: Test, orphans: BitMap) -> BitMap:
        if test.column == "id":
            return self._by_id(test)
        column = self._column(test.column)
        found = column.ordinals(test)
        if not orphans or test.column not in PARENT_COLUMNS:
            return found
        return found | orphans if test.relation is IS_NULL else found - orphans

    def _by_id(self, test: Test) -> BitMap:
        named = BitMap(self.ordinal[id] for id in test.operand if id in self.ordinal)  # noqa: A001
        return named if test.relation is ONE_OF else self.every - named

    def _column(self, name: str) -> Column:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = COLUMNS.get(name, ValueColumn)(name, self)
        return column


class ValueColumn:
    """A column of single values: a bitmap for each distinct one."""

    def __init__(self, name: str, base: Base) -> None:
        by_value: dict[object, list[int]] = {}
        for at, value in enumerate(base.values(name)):
            by_value.setdefault(value, []).append(at)
        self.nulls = BitMap(by_value.pop(None, ()))
        self.known = base.every - self.nulls
        self.by_value = {value: BitMap(places) for value, places in by_value.items()}

    def one_of(self, wanted: Iterable[object]) -> BitMap:
        parts = [self.by_value[value] for value in wanted if value in self.by_value]
        return parts[0] if len(parts) == 1 else BitMap.union(*parts) if parts else BitMap()

    def ordinals(self, test: Test) -> BitMap:
        return VALUE_RELATIONS[test.relation](self, test.operand)


VALUE_RELATIONS: Mapping[Relation, Callable[[ValueColumn, frozenset[object]], BitMap]] = {
    ONE_OF: lambda column, wanted: column.one_of(wanted),
    NONE_OF: lambda column, unwanted: column.known - column.one_of(unwanted),
    IS_NULL: lambda column, _: column.nulls,
    IS_NOT_NULL: lambda column, _: column.known,
}


class NameColumn(ValueColumn):
    """Names: what `like_` is held against is prepared once, then met by every request."""

    def __init__(self, name: str, base: Base) -> None:
        super().__init__(name, base)
        self._prepared: dict[tuple[object, bool], list[tuple[str, BitMap]]] = {}

    def ordinals(self, test: Test) -> BitMap:
        if test.relation is not LIKE:
            return super().ordinals(test)
        like = test.operand
        parts = [places for name, places in self._names(like) if like.holds(name)]
        return BitMap.union(*parts) if parts else BitMap()

    def _names(self, like: Like) -> list[tuple[str, BitMap]]:
        way = (like.case, like.cut_names)
        if way not in self._prepared:
            self._prepared[way] = [
                (like.prepare(str(name)), places) for name, places in self.by_value.items()
            ]
        return self._prepared[way]


class TagColumn:
    """Tags: a bitmap for each."""

    def __init__(self, name: str, base: Base) -> None:
        by_tag: dict[str, list[int]] = {}
        for at, tags in enumerate(base.values(name)):
            for tag in tags:
                by_tag.setdefault(tag, []).append(at)
        self.by_tag = {tag: BitMap(places) for tag, places in by_tag.items()}
        self.tagged = BitMap.union(*self.by_tag.values()) if self.by_tag else BitMap()
        self.nulls = BitMap()
        self.every = base.every

    def ordinals(self, test: Test) -> BitMap:
        return TAG_RELATIONS[test.relation](self, test.operand)

    def any_of(self, tags: Iterable[str]) -> BitMap:
        parts = [self.by_tag[tag] for tag in tags if tag in self.by_tag]
        return BitMap.union(*parts) if parts else BitMap()

    def all_of(self, tags: Iterable[str]) -> BitMap:
        parts = [self.by_tag.get(tag) for tag in tags]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return BitMap()
        return BitMap.intersection(*known) if known else self.every


TAG_RELATIONS: Mapping[Relation, Callable[[TagColumn, frozenset[str]], BitMap]] = {
    HAS_ALL: lambda column, tags: column.all_of(tags),
    HAS_ANY: lambda column, tags: column.any_of(tags),
    IS_EMPTY: lambda column, _: column.every - column.tagged,
    IS_NOT_EMPTY: lambda column, _: column.tagged,
}


class TimeColumn:
    """Instants in order, with the ordinals that have them; the nulls apart.

    The first and the last `BLOCK` * n of the order are kept as bitmaps, so that a range costs
    at most a block, however many runs lie in it.
    """

    BLOCK = 1024

    def __init__(self, name: str, base: Base) -> None:
        pairs = []
        nulls = []
        for at, moment in enumerate(base.values(name)):
            if moment is None:
                nulls.append(at)
            else:
                pairs.append((_microseconds(moment), at))
        pairs.sort()
        self.nulls = BitMap(nulls)
        self.known = base.every - self.nulls
        self.instants = [instant for instant, _ in pairs]
        self.places = [at for _, at in pairs]
        self.before_block = [BitMap()]
        for start in range(0, len(pairs) - self.BLOCK + 1, self.BLOCK):
            block = BitMap(self.places[start : start + self.BLOCK])
            self.before_block.append(self.before_block[-1] | block)

    def first(self, count: int) -> BitMap:
        """The `count` earliest."""
        block, rest = divmod(count, self.BLOCK)
        whole = self.before_block[block]
        return whole | BitMap(self.places[count - rest : count]) if rest else whole

    def ordinals(self, test: Test) -> BitMap:
        if test.relation is AT_OR_BEFORE:
            return self.first(bisect_right(self.instants, _microseconds(test.operand)))
        if test.relation is AT_OR_AFTER:
            return self.known - self.first(bisect_left(self.instants, _microseconds(test.operand)))
        return self.nulls if test.relation is IS_NULL else self.known


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


def _microseconds(moment: datetime) -> int:
    return (to_utc(moment) - _EPOCH) // _MICROSECOND


COLUMNS: Mapping[str, Callable[[str, Base], Column]] = {
    "name": NameColumn,
    "tags": TagColumn,
    "start_time": TimeColumn,
    "start_or_expected_time": TimeColumn,
    "end_time": TimeColumn,
    "expected_start_time": TimeColumn,
    "next_scheduled_start_time": TimeColumn,
}

_COSTS = {ONE_OF: 0, IS_NULL: 0, IS_NOT_NULL: 0, IS_EMPTY: 0, NONE_OF: 1, LIKE: 4}


def _cost(predicate: Predicate) -> int:
    """What is likely cheap, and leaves few, comes first."""
    return _COSTS.get(predicate.relation, 2) if isinstance(predicate, Test) else 3
