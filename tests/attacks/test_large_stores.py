"""Requests that would read every flow run of a large store, were they answered run by run.

Invariant: a request makes records of the runs in its reply only, however many match, and each thing
that takes long to make is prepared outside of the event loop, before anything is changed.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen
from uuid import UUID

import pytest

from mockserver.errors import NotFound
from mockserver.filters import MATCH_ALL
from mockserver.operations import Context, Outcome, Plan
from mockserver.operations.delete import execute_bulk_delete
from mockserver.operations.endpoints import ENDPOINTS
from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.records import Deployment, Flow, FlowRun, State, StateType, TaskRun
from mockserver.requests import FlowRunSort, Message, read_request
from mockserver.store import NotPrepared, deferring
from mockserver.store.base import Base
from mockserver.store.columns import rows
from mockserver.store.columns.rows import ColumnBuilder, RecordsById, Rows, defaults_of
from mockserver.store.indexes import preparation
from mockserver.store.store import Store
from mockserver.testing import MockServer
from tests.support.strategies import START

RUNS, TASK_RUNS = 3_000, 1_500
MOST_RECORDS = 200
"""Records that a reply may have: the largest page."""
FLOWS = [str(UUID(int=1 + n)) for n in range(3)]
DEPLOYMENTS = [str(UUID(int=10 + n)) for n in range(3)]
TYPES = list(StateType)
DIALECT = dialect_for("sqlite", "3.9.1")


def columns_of(kind: type, records: list[Any]) -> dict[str, Any]:
    return {name: [getattr(each, name) for each in records] for name in defaults_of(kind)}


def large_base() -> Base:
    """Runs and task runs in columns, as a large seed has them."""
    runs = [
        FlowRun(
            id=str(UUID(int=RUNS - n << 64)),
            name=f"run-{n % 50}",
            flow_id=FLOWS[n % 3],
            deployment_id=DEPLOYMENTS[n % 3] if n % 4 else None,
            work_queue_id=str(UUID(int=99)) if n % 2 else None,
            state=State(TYPES[n % 9], TYPES[n % 9].default_name),
            expected_start_time=START.replace(minute=n % 60),
            start_time=START.replace(minute=n % 60, second=n % 50) if n % 9 > 1 else None,
            parent_task_run_id=str(UUID(int=n << 32)) if 0 < n < TASK_RUNS else None,
        )
        for n in range(RUNS)
    ]
    task_runs = ColumnBuilder(defaults_of(TaskRun))
    made = [
        TaskRun(
            str(UUID(int=n << 32)),
            runs[-n].id,
            f"task-{n % 9}",
            state=State(TYPES[n % 9], TYPES[n % 9].default_name),
            total_run_time=n % 70 / 7,
        )
        for n in range(1, TASK_RUNS)
    ]
    task_runs.add(len(made), columns_of(TaskRun, made))
    return Base(
        Rows(columns_of(FlowRun, runs)),
        RecordsById(TaskRun, task_runs),
        flows=[Flow(each, f"etl-{at}") for at, each in enumerate(FLOWS)],
        deployments=[Deployment(each, "nightly", FLOWS[at]) for at, each in enumerate(DEPLOYMENTS)],
        loaded_at=START,
    )


@pytest.fixture(scope="module")
def base() -> Base:
    return large_base()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ordinals of the records that are made. Every store counts as a large one."""
    monkeypatch.setattr(preparation, "MIN_DEFERRED_RUNS", 1_000)
    found: list[int] = []
    plain = rows.Rows.__getitem__

    def counted(self: Rows, at: Any) -> Any:
        found.append(at)
        return plain(self, at)

    monkeypatch.setattr(rows.Rows, "__getitem__", counted)
    return found


EARLY = {"start_time": {"before_": "2026-01-31T12:30:00Z"}}
LIKE = {"name": {"like_": "run"}}
MANY = {"operator": "or_", "tags": {"is_null_": True}, **EARLY}
WINDOW = {
    "history_start": "2026-01-31T12:00:00Z",
    "history_end": "2026-01-31T13:00:00Z",
    "history_interval_seconds": 8,
}
EMPTY_WINDOW = {**WINDOW, "history_end": "2016-01-01T00:00:00Z"}
EMPTY_WINDOW["history_start"] = "2015-12-31T23:00:00Z"
SIDES: list[dict[str, Any]] = [
    {"flows": {"name": {"like_": "etl"}}},
    {"deployments": {"name": {"like_": "night"}}},
    {"task_runs": {}},
    {"task_runs": {"name": {"like_": "task"}}},
    {"work_pool_queues": {}},
]
FLOW_RUN_FILTERS: list[dict[str, Any]] = [{}, EARLY, LIKE, MANY]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    *(
        (f"/{kind}/{verb}", {"flow_runs": each})
        for kind in ("flow_runs", "flows", "deployments", "task_runs")
        for verb in ("count", "filter")
        for each in FLOW_RUN_FILTERS
    ),
    *(("/flow_runs/lateness", {"flow_runs": each}) for each in FLOW_RUN_FILTERS),
    *(("/flow_runs/history", {**WINDOW, "flow_runs": each}) for each in FLOW_RUN_FILTERS),
    ("/flow_runs/history", EMPTY_WINDOW),
    *(("/flow_runs/count", each) for each in SIDES),
    *(("/flow_runs/lateness", each) for each in SIDES),
    *(
        ("/flow_runs/filter", {"sort": str(sort), "offset": offset})
        for sort in FlowRunSort
        for offset in (0, RUNS - 200, RUNS * 10, 2**62)
    ),
    ("/flows/filter", {"limit": 0}),
    ("/flow_runs/paginate", {"page": RUNS // 200}),
    ("/flow_runs/paginate", {"page": 2**55}),
    ("/task_runs/filter", {"sort": "NAME_ASC", "offset": 1_000}),
    ("/task_runs/filter", {"sort": "DURATION_ASC", "offset": 1_000}),
    ("/task_runs/filter", {"sort": "DURATION_DESC"}),
    ("/flow_runs/bulk_set_state", {"state": {"type": "CANCELLED"}, "limit": 50}),
]


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_a_request_makes_records_of_its_reply_only(
    path: str, body: dict[str, Any], base: Base, made: list[int]
) -> None:
    """After a first time, in which running states may be looked at, whatever matches."""
    store = Store(base)
    first = ask(store, path, body)
    made.clear()
    again = ask(Store(base), path, body)
    assert len(made) <= MOST_RECORDS
    if path != "/flow_runs/bulk_set_state":
        assert again.value == first.value


def ask(store: Store, path: str, body: dict[str, Any]) -> Outcome:
    """The answer, where a server would answer others while it prepares something."""
    endpoint = next(one for one in ENDPOINTS if one.path == path)
    assert endpoint.model is not None
    message = Message(json.dumps(body).encode(), "application/json")
    request = read_request(message, endpoint.model, DIALECT, START, []).request
    return call(store, endpoint.operation, request)


def call(store: Store, operation: str, *arguments: Any) -> Outcome:
    endpoint = next(one for one in ENDPOINTS if one.operation == operation)
    ids = (str(UUID(int=n)) for n in range(1_000, 9_000))
    context = Context(store, DIALECT, START, lambda: next(ids), keep_runs=False)
    for _ in range(30):
        try:
            with deferring():
                return endpoint.call(context, *arguments)
        except NotPrepared as missing:
            missing.prepare()
    raise AssertionError("there is always something more to prepare")


def test_a_flow_of_many_runs_goes_with_all_of_them(base: Base, made: list[int]) -> None:
    """Without a record of any run, and once, however often something had to be prepared."""
    store = Store(base)
    outcome = call(store, "delete.delete_flow", FLOWS[0])
    assert outcome.deletion is not None
    assert len(outcome.deletion.deleted) == RUNS // 3
    assert outcome.deletion.runs == ()
    assert made == []
    assert len(store) == RUNS - RUNS // 3
    assert FLOWS[0] not in store.flows
    assert len(list(store.task_runs)) < TASK_RUNS


def test_a_journal_keeps_the_last_of_very_many_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they last were, and how many more there were: each takes as long as it does to find."""
    monkeypatch.setattr("mockserver.operations.delete.MAX_KEPT_RUNS", 4)
    ids = [str(UUID(int=n)) for n in range(9, 0, -1)]
    runs = [{"id": each, "flow_id": FLOWS[0]} for each in ids]
    with MockServer({"flow_runs": runs, "flows": [{"id": FLOWS[0], "name": "etl"}]}) as api:
        urlopen(Request(f"{api.url}/flows/{FLOWS[0]}", method="DELETE")).close()
        (exchange,) = api.requests
        assert [run.id for run in exchange.deleted] == [run.id for run in api.deleted] == ids[5:]
        assert exchange.deleted_dropped == 5


def test_what_a_drain_leaves_behind_is_bounded(
    base: Base, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cascade of many deletes is done in between, and its result is the same."""
    monkeypatch.setattr("mockserver.store.store.MAX_PENDING", 100)
    store = Store(base)
    while outcome := drained(store):
        assert len(outcome) <= 50
    assert len(list(store.task_runs)) == 0
    assert made == []


def drained(store: Store) -> tuple[str, ...]:
    for _ in range(30):
        try:
            with deferring():
                return execute_bulk_delete(Plan(MATCH_ALL, MATCH_ALL, 50), store).deleted
        except NotPrepared as missing:
            missing.prepare()
    raise AssertionError("there is always something more to prepare")


def test_a_state_is_found_by_its_id(base: Base, made: list[int]) -> None:
    """The id is derived from the run, so that nothing but an index of all can find it."""
    store = Store(base)
    listed = call(store, "queries.read_states", base.ids[RUNS // 2]).value[0]
    made.clear()
    assert call(store, "queries.read_state", listed["id"]).value == listed
    assert len(made) == 1
    store.delete([base.ids[RUNS // 2]])
    with pytest.raises(NotFound):
        call(store, "queries.read_state", listed["id"])
