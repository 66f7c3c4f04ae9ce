"""Graphs of flow runs over HTTP: what the recorded requests do not show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mockserver.operations import Context
from mockserver.operations.task_runs import graphs
from mockserver.prefect import FlowRun, State, StateType, TaskRun
from mockserver.prefect.dialects import DIALECTS, PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC, Dialect
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import serve_store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RUN = "11111111-0000-4000-8000-000000000000"
TASKS = [f"{number}2222222-0000-4000-8000-000000000000" for number in range(4)]


def result(number: int) -> list[dict[str, str]]:
    return [{"input_type": "task_run", "id": TASKS[number]}]


def task(number: int, *, minutes: int | None = 0, **fields: object) -> TaskRun:
    """A task run that starts now and takes so many minutes; None: it runs."""
    running = State(StateType.RUNNING, "Running", RUN, NOW)
    end = None if minutes is None else NOW + timedelta(minutes=minutes)
    given: dict[str, object] = {"state": running, "start_time": NOW, "end_time": end, **fields}
    return TaskRun(TASKS[number], RUN, f"task {number}", f"k{number}", "0", **given)  # type: ignore[arg-type]


def store_of(*task_runs: TaskRun) -> Store:
    return Store(Base([FlowRun(id=RUN, name="nightly")], task_runs=task_runs))


def context_of(store: Store, dialect: Dialect = PREFECT_SQLITE) -> Context:
    return Context(store, dialect, NOW, lambda: "new")


def shown(store: Store, since: str | None = None, dialect: Dialect = PREFECT_SQLITE) -> list[str]:
    """The labels of the nodes of the graph."""
    graph = graphs.graph(context_of(store, dialect), RUN, since).value
    return [node["label"] for _, node in graph["nodes"]]


@pytest.mark.parametrize(
    ("dialect", "labels"),
    [(PREFECT_SQLITE, ["task 1", "task 0", "task 2"]),
     (PREFECT_POSTGRESQL, ["task 0", "task 2", "task 1"])],
)  # fmt: skip
def test_nodes_are_sorted_by_start_and_end(dialect: Dialect, labels: list[str]) -> None:
    """One that has not ended is first on SQLite and last on PostgreSQL."""
    store = store_of(task(2, minutes=2), task(0, minutes=1), task(1, minutes=None))
    assert shown(store, dialect=dialect) == labels


def test_since_leaves_out_what_has_ended_before() -> None:
    """A node that ends at that instant, or has not ended, is in the graph."""
    store = store_of(*(task(number, minutes=number) for number in range(3)))
    assert shown(store, "2026-01-31T13:01:00+01:00") == ["task 1", "task 2"]


def test_a_graph_of_too_many_nodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 400, as a real server does beyond 10,000."""
    monkeypatch.setattr(graphs, "MAX_NODES", 1)
    with serve_store(store_of(task(0), task(1)), Settings()) as client:
        reply = client.ask("GET", f"/flow_runs/{RUN}/graph-v2")
    detail = f"The graph of flow run {RUN} has more than 1 nodes."
    assert (reply.status, reply.json) == (400, {"detail": detail})


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_what_a_real_server_fails_at(dialect: Dialect) -> None:
    """A time without an offset, and an input that is no result; the document knows no failure."""
    store = store_of(task(0, task_inputs={"n": [{"input_type": "parameter", "name": "n"}]}))
    with serve_store(store, Settings(dialect=dialect)) as client:
        naive = client.ask("GET", f"/flow_runs/{RUN}/graph-v2?since=2026-01-31T08:00:00").status
        inputs = client.ask("GET", f"/flow_runs/{RUN}/graph").status
    assert (naive, inputs) == ((200, 200) if dialect.database is None else (500, 500))


def test_a_node_has_its_artifacts() -> None:
    """Results are none of them; data is shown of progress only."""
    with serve_store(store_of(task(0)), Settings()) as client:
        for kind, fields in (
            ("result", {}),
            ("markdown", {"key": "report", "data": "old"}),
            ("markdown", {"key": "report", "data": "new", "task_run_id": TASKS[0]}),
            ("progress", {"data": 0.5}),
        ):
            body = {"type": kind, "flow_run_id": RUN, **fields}
            assert client.ask("POST", "/artifacts/", body).status == 201
        graph = client.ask("GET", f"/flow_runs/{RUN}/graph-v2").json
    own, of_task = graph["artifacts"], graph["nodes"][0][1]["artifacts"]
    assert [(one["key"], one["is_latest"], one["data"]) for one in own] == [
        ("report", False, None),
        (None, True, 0.5),
    ]
    assert [(one["key"], one["is_latest"], one["data"]) for one in of_task] == [
        ("report", True, None)
    ]


def test_a_flow_run_without_a_state_has_a_graph() -> None:
    """Only a seed has such runs."""
    graph = graphs.graph(context_of(store_of(task(0)), SPEC), RUN, None).value
    assert graph["states"] == []
    assert graph["root_node_ids"] == [TASKS[0]]


def test_counts_leave_out_subflows() -> None:
    """And have a zero for a run without task runs."""
    subflow = FlowRun(id=TASKS[3], name="sub", parent_task_run_id=TASKS[0])
    store = Store(Base([FlowRun(id=RUN, name="nightly"), subflow], task_runs=[task(0), task(1)]))
    with serve_store(store, Settings()) as client:
        body = {"flow_run_ids": [RUN, TASKS[3]]}
        assert client.ask("POST", "/ui/flow_runs/count-task-runs", body).json == {
            RUN: 1,
            TASKS[3]: 0,
        }


def test_a_task_run_without_a_time_is_no_node() -> None:
    """And one that is completed ends when it was expected to start, if nothing else is known."""
    done = State(StateType.COMPLETED, "Completed", RUN, NOW)
    expected = NOW + timedelta(minutes=5)
    late = task(1, state=done, end_time=None, expected_start_time=expected)
    store = store_of(task(0, start_time=None), late)
    nodes = graphs.graph(context_of(store), RUN, None).value["nodes"]
    assert [(node["label"], node["end_time"]) for _, node in nodes] == [("task 1", expected)]
