"""Stateful tests. Invariant: after any history of calls, a store holds what a simple model holds.

The rules look at no more than they need, so that a cascade stays pending until a call requires it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mockserver.errors import ServerFailure
from mockserver.filters.predicates import MATCH_ALL, AnyOf, Predicate, admit_nulls
from mockserver.operations.delete import bulk_delete
from mockserver.prefect.dialects import PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC, Dialect
from mockserver.prefect.records import FlowRun, State, TaskRun
from mockserver.requests import BulkDeleteRequest
from mockserver.store import store as store_module
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.store.test_store import predicate_of, rows_of, tighten
from tests.support.strategies import IDS, TASK_IDS, filters, flow_runs, states

MANY_IDS = [
    f"{n:08x}-2222-4000-8000-{n * 7919 % 0xFFFF:012x}" for n in range(0, 2**32, 2**32 // 400)
]
FEW_IDS = IDS[:8]
few_ids = st.sampled_from(FEW_IDS)
parents = st.none() | st.sampled_from(TASK_IDS[:3])
# Filters on parents are drawn often, because they are what a deferred cascade is about.
PARENT_FILTERS: list[dict[str, Any]] = [
    {},
    {"parent_task_run_id": {"is_null_": True}},
    {"parent_task_run_id": {"is_null_": False}},
    {"parent_task_run_id": {"any_": TASK_IDS[:2]}},
    {"parent_flow_run_id": {"any_": FEW_IDS[:4]}},
]
which = st.integers(0, 9)


@st.composite
def bases_with_subflows(draw: st.DrawFn) -> Base:
    """Few runs, many of which are subflows of others."""
    run_ids = draw(st.lists(few_ids, min_size=1, unique=True))
    pool = draw(st.lists(flow_runs, min_size=2, max_size=3))
    runs = [
        replace(pool[at % len(pool)], id=run_id, parent_task_run_id=draw(parents))
        for at, run_id in enumerate(run_ids)
    ]
    return Base(
        runs, [TaskRun(task_id, draw(st.sampled_from(run_ids))) for task_id in TASK_IDS[:3]]
    )


class Model:
    """What a store should hold, in plain dictionaries."""

    def __init__(
        self,
        runs: Mapping[str, FlowRun],
        tasks: Mapping[str, TaskRun],
        before: Mapping[str, tuple[State, ...]],
    ) -> None:
        """`before`: the states that each run was in before its present one."""
        self.runs = dict(runs)
        self.tasks = dict(tasks)
        self.before = dict(before)

    def fork(self) -> "Model":
        return Model(self.runs, self.tasks, self.before)

    def ordered(self) -> list[FlowRun]:
        return sorted(self.runs.values(), key=lambda run: run.id, reverse=True)

    def matching(self, predicate: Predicate) -> list[FlowRun]:
        return list(filter(predicate, self.ordered()))

    def delete(self, run_ids: list[str]) -> None:
        deleted = {run_id for run_id in run_ids if self.runs.pop(run_id, None)}
        self.tasks = {
            task.id: task for task in self.tasks.values() if task.flow_run_id not in deleted
        }
        self.before = {
            run_id: states for run_id, states in self.before.items() if run_id not in deleted
        }
        for run in list(self.runs.values()):
            if run.parent_flow_run_id in deleted:
                orphan = replace(run, parent_task_run_id=None, parent_flow_run_id=None)
                self.runs[run.id] = orphan

    def put(self, run: FlowRun) -> None:
        task = self.tasks.get(run.parent_task_run_id or "")
        self.runs[run.id] = replace(run, parent_flow_run_id=task.flow_run_id if task else None)

    def states_of(self, run: FlowRun) -> tuple[State, ...]:
        return (*self.before.get(run.id, ()), *([run.state] if run.state else []))


class Histories(RuleBasedStateMachine):
    """Every way to change a store and every way to query it, in any order, on several forks."""

    dialect: ClassVar[Dialect]

    def __init__(self) -> None:
        super().__init__()
        self.patches = pytest.MonkeyPatch()
        self.pairs: list[tuple[Store, Model]] = []

    def teardown(self) -> None:
        try:
            for at in range(len(self.pairs)):
                self.read_everything(at)
        finally:
            self.patches.undo()

    @initialize(
        base=bases_with_subflows(),
        in_rows=st.booleans(),
        tight=st.booleans(),
        pool=st.lists(flow_runs, min_size=2, max_size=4),
        asked=st.lists(filters, max_size=3),
    )
    def load(
        self, base: Base, in_rows: bool, tight: bool, pool: list[FlowRun], asked: list[Any]
    ) -> None:
        """Runs and filters are drawn once, so that histories are long and repeat their queries."""
        self.tight = tight
        if tight:
            tighten(self.patches.setattr)
        self.pool = pool
        self.filters = [*PARENT_FILTERS, *asked]
        self.loaded = Model({run.id: run for run in base.runs}, base.task_runs, {})
        if in_rows:
            base = Base(rows_of(base.runs), base.task_runs.values())
        self.pairs = [(Store(base), self.loaded.fork())]

    def pair(self, which: int) -> tuple[Store, Model]:
        return self.pairs[which % len(self.pairs)]

    def asked(self, at: int) -> tuple[dict[str, Any], Predicate]:
        filter_ = self.filters[at % len(self.filters)]
        return filter_, predicate_of(filter_, self.dialect)

    # Ways to change a store.

    @rule(which=which, run_ids=st.lists(few_ids, max_size=2))
    def delete(self, which: int, run_ids: list[str]) -> None:
        store, model = self.pair(which)
        existing = [run_id for run_id in dict.fromkeys(run_ids) if run_id in model.runs]
        assert store.delete(run_ids) == existing
        model.delete(run_ids)

    @rule(
        which=which,
        puts=st.lists(st.tuples(which, few_ids, parents, few_ids), min_size=1, max_size=4),
    )
    def put(self, which: int, puts: list[tuple[int, str, str | None, str]]) -> None:
        """Put runs; each replaces the one with its id, if there is one.

        Their parent task runs belong to flow runs that exist.
        """
        store, model = self.pair(which)
        for at, run_id, parent, owner in puts:
            self.put_task_run(which, parent, owner)
            parent = parent if parent in model.tasks else None
            run = replace(self.pool[at % len(self.pool)], id=run_id, parent_task_run_id=parent)
            store.put(run)
            model.put(run)

    def put_task_run(self, which: int, task_id: str | None, owner: str) -> None:
        store, model = self.pair(which)
        if task_id and task_id not in model.tasks and owner in model.runs:
            store.task_runs.put(TaskRun(task_id, owner))
            model.tasks[task_id] = TaskRun(task_id, owner)

    @precondition(lambda self: not self.tight)
    @rule(which=which, first=st.integers(0, 140))
    def put_many(self, which: int, first: int) -> None:
        """More than the buffer holds: they become a segment."""
        store, model = self.pair(which)
        for at, run_id in enumerate(MANY_IDS[first : first + store_module.MAX_BUFFERED + 4]):
            run = replace(self.pool[at % len(self.pool)], id=run_id, parent_task_run_id=None)
            store.put(run)
            model.put(run)

    @rule(which=which, run_id=few_ids, state=states)
    def change_state(self, which: int, run_id: str, state: State) -> None:
        """As the operations do: the previous state is remembered."""
        store, model = self.pair(which)
        before = store.get(run_id)
        assert before == model.runs.get(run_id)
        if before is not None:
            model.before[run_id] = model.states_of(before)
            store.remember(run_id, store.states_of(before))
            store.put(replace(before, state=state))
            model.put(replace(before, state=state))

    @rule(which=which, task_id=st.sampled_from(TASK_IDS[:3]), name=st.sampled_from("ab"))
    def change_task_run(self, which: int, task_id: str, name: str) -> None:
        """It still belongs to the same flow run."""
        store, model = self.pair(which)
        if task_id in model.tasks:
            changed = model.tasks[task_id] = replace(model.tasks[task_id], name=name)
            store.task_runs.put(changed)

    @rule(which=which, at=which, limit=st.integers(1, 2))
    def bulk_delete(self, which: int, at: int, limit: int) -> None:
        """Delete nothing if the dialect's database would refuse the query."""
        store, model = self.pair(which)
        filter_, predicate = self.asked(at)
        request = BulkDeleteRequest.model_validate({"flow_runs": filter_, "limit": limit})
        matching = [run.id for run in model.matching(predicate)]
        skipped = len(model.matching(admit_nulls(predicate))) > len(matching)
        try:
            deletion = bulk_delete(store, request, self.dialect)
        except ServerFailure:
            return
        assert list(deletion.deleted) == matching[:limit]
        assert ("limit-reached" in deletion.warnings) == (len(matching) > limit)
        assert ("null-values-skipped" in deletion.warnings) == skipped
        model.delete(matching[:limit])

    @rule(which=which, calls=st.lists(st.tuples(which, st.integers(1, 2)), max_size=3))
    def drain(self, which: int, calls: list[tuple[int, int]]) -> None:
        """Repeated queries find what a first one would find."""
        store, model = self.pair(which)
        for at, limit in calls:
            _, predicate = self.asked(at)
            wider = admit_nulls(predicate)
            left = [run.id for run in model.matching(predicate)]
            skipped = any(not predicate(run) for run in model.matching(wider))
            assert store.any_more(wider, predicate) == skipped
            found = store.find(predicate, limit)
            assert found.ids == left[:limit]
            assert found.more == (len(left) > limit)
            store.delete_found(found)
            model.delete(found.ids)

    @rule(which=which)
    def fork(self, which: int) -> None:
        store, model = self.pair(which)
        if len(self.pairs) < 4:
            self.pairs.append((store.fork(), model.fork()))

    @rule(which=which)
    def reset(self, which: int) -> None:
        at = which % len(self.pairs)
        self.pairs[at][0].reset()
        self.pairs[at] = (self.pairs[at][0], self.loaded.fork())

    # Ways to query a store.

    @rule(which=which, at=which, limit=st.integers(0, 9), way=st.integers(0, 5))
    def ask(self, which: int, at: int, limit: int, way: int) -> None:
        """Query in one way only: each has to do a pending cascade by itself."""
        store, model = self.pair(which)
        _, predicate = self.asked(at)
        matching = model.matching(predicate)
        match way:
            case 0:
                assert store.select(predicate, limit) == matching[:limit]
            case 1:
                assert store.select_ids(predicate, limit) == [run.id for run in matching[:limit]]
            case 2:
                assert store.count(predicate) == len(matching)
            case 3:
                left = [run for run in model.ordered() if not predicate(run)]
                assert store.difference(MATCH_ALL, predicate, limit) == (len(left), left[:limit])
            case 4:
                expected = len(matching), matching[:limit]
                assert store.difference(predicate, AnyOf(()), limit) == expected
            case _:
                assert store.any_more(MATCH_ALL, predicate) == (len(matching) < len(model.runs))

    @rule(which=which, run_id=few_ids)
    def get(self, which: int, run_id: str) -> None:
        store, model = self.pair(which)
        assert store.get(run_id) == model.runs.get(run_id)

    @rule(which=which)
    def read_everything(self, which: int) -> None:
        """Compare all that a store can tell."""
        store, model = self.pair(which)
        runs = model.ordered()
        assert list(store) == runs
        assert [store.get(run.id) for run in runs] == runs
        assert [store.states_of(run) for run in runs] == [model.states_of(run) for run in runs]
        assert {task.id: task for task in store.task_runs} == model.tasks
        parents = {run.parent_task_run_id for run in runs}
        assert store.parent_task_run_ids() == parents - {None}
        for run_id in FEW_IDS:
            of_run = [task for task in model.tasks.values() if task.flow_run_id == run_id]
            assert sorted(store.task_runs_of(run_id), key=str) == sorted(of_run, key=str)

    @invariant()
    def has_the_same_ids_as_the_model(self) -> None:
        for store, model in self.pairs:
            assert len(store) == len(model.runs)
            assert [run_id for run_id in FEW_IDS if run_id in store] == [
                run_id for run_id in FEW_IDS if run_id in model.runs
            ]


class OfSpec(Histories):
    dialect = SPEC


class OfPrefectSqlite(Histories):
    dialect = PREFECT_SQLITE


class OfPrefectPostgresql(Histories):
    dialect = PREFECT_POSTGRESQL


TestSpec = OfSpec.TestCase
TestPrefectSqlite = OfPrefectSqlite.TestCase
TestPrefectPostgresql = OfPrefectPostgresql.TestCase
