"""A filter on flows or deployments explained on a server: as on a copy, and with reads alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.insight.related_explanation import explain_related, related_value
from mockserver.prefect import dialect_for
from mockserver.prefect.records import Deployment, Flow, FlowRun, State, StateType, TaskRun
from mockserver.remote import explaining, explaining_related
from mockserver.remote.explaining_related import RelatedServerExplanation, explain_related_server
from mockserver.store import Base, Store
from tests.remote.scripted_client import START, ScriptedClient, no_script, served_api

DIALECT = dialect_for("sqlite", "3.9.1")


def _id(kind: int, number: int) -> str:
    return f"{kind:08}-0000-4000-8000-{number:012}"


FLOWS = tuple(
    Flow(_id(1, number), f"flow-{number}", tags=("old",) if number % 2 else ())
    for number in range(8)
)
DEPLOYMENTS = tuple(
    Deployment(_id(2, number), f"deployment-{number}", _id(1, number), paused=number % 2 == 0)
    for number in range(6)
)
RUNS = tuple(
    FlowRun(
        id=_id(3, number),
        name=f"run-{number}",
        flow_id=_id(1, number % 8),
        deployment_id=_id(2, number % 8) if number % 8 < 6 else None,
        state=State(StateType.SCHEDULED if number < 16 else StateType.COMPLETED, "It"),
        parent_task_run_id=_id(4, 1) if number == 20 else None,
        parent_flow_run_id=_id(3, 1) if number == 20 else None,
    )
    for number in range(24)
)
TASK_RUNS = tuple(
    TaskRun(_id(4, number), _id(3, number % 24), "task", "0", f"key-{number}")
    for number in range(30)
)
STORE = Store(Base(RUNS, TASK_RUNS, flows=FLOWS, deployments=DEPLOYMENTS))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served_api(STORE, DIALECT) as api:
        yield api


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "PAGE", 5)
    monkeypatch.setattr(explaining_related, "PAGE", 5)


def asked(
    url: str, filter_: Any, kind: str, script: Any = no_script, **more: Any
) -> tuple[RelatedServerExplanation, ScriptedClient]:
    client = ScriptedClient(url, script)
    asking = explain_related_server(client, filter_, kind, DIALECT, START, **more)
    return client.run(asking), client


@pytest.mark.parametrize(
    ("kind", "filter_"),
    [
        ("flows", {"tags": {"all_": ["old"]}}),
        ("flows", {}),
        ("flows", {"flows": {"name": {"like_": "flow-1"}}, "limit": 1}),
        ("deployments", {"paused": {"eq_": True}}),
        ("deployments", {"operator": "or_", "name": {"like_": "3"}, "paused": {"eq_": False}}),
    ],
)
def test_a_small_server_is_explained_as_a_copy_is(url: str, kind: str, filter_: Any) -> None:
    """All its records are read, and every number is that of the store behind it."""
    protect = [{"flow_runs": {"name": {"any_": ["run-1"]}}}]
    found, client = asked(url, filter_, kind, protect=protect)
    expected = explain_related(STORE, filter_, kind, DIALECT, START, protect=protect)
    assert related_value(found.explanation) == related_value(expected)
    assert (found.run_count, found.notes) == (24, ())
    assert {path.rpartition("/")[2] for path, _ in client.asked} <= {"filter", "count"}


@pytest.mark.parametrize(
    ("kind", "filter_"),
    [("flows", {"name": {"like_": "flow-1"}}), ("deployments", {"name": {"like_": "-1"}})],
)
def test_of_a_large_server_only_what_goes_is_read(url: str, kind: str, filter_: Any) -> None:
    """The server counts the rest; what is left out is said."""
    found, client = asked(url, filter_, kind, most=20)
    got, expected = found.explanation, explain_related(STORE, filter_, kind, DIALECT, START)
    for name in ("total", "matching", "flow_runs", "deployments", "sentence", "calls", "first"):
        assert getattr(got, name) == getattr(expected, name), name
    assert got.cascade.task_runs == expected.cascade.task_runs == 4 - (kind == "deployments")
    assert got.criteria == ()
    assert all(row.total is None for table in (*got.tables, *got.run_tables) for row in table.rows)
    (note,) = found.notes
    assert note.startswith("the server has more records than the 20 of a kind that are read")
    runs = [body for path, body in client.asked if path == "/flow_runs/filter"]
    assert all(body[kind] == filter_ for body in runs)


def test_what_is_not_read_of_what_goes_is_said(url: str) -> None:
    """And no protected record is looked for among a part."""
    found, _ = asked(url, {}, "flows", most=6)
    assert (found.explanation.matching, found.explanation.flow_runs) == (8, 24)
    assert found.notes[1] == "what goes with the selected flows is told of the first 6 of a kind"
    with pytest.raises(UsageError, match="among more than the 6 that are read"):
        asked(url, {}, "flows", most=6, protect=[{}])


def test_a_server_that_lives_is_told(url: str) -> None:
    """What was counted is not what was read a moment later."""

    def more(_method: str, path: str, body: Any) -> Any:
        return 9 if path == "/flows/count" and body == {} else None

    (note,) = asked(url, {"tags": {"all_": ["old"]}}, "flows", more)[0].notes
    assert note.startswith("the server lives, or reads the filter otherwise: it counted 4 of 9")


def test_a_refused_filter_asks_the_server_nothing(url: str) -> None:
    """The advice needs no server."""
    client = ScriptedClient(url, no_script)
    with pytest.raises(UsageError, match="the filter is refused by"):
        client.run(explain_related_server(client, {"tags": {"none_": []}}, "flows", DIALECT, START))
    assert client.asked == []
