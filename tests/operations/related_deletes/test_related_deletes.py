"""Bulk deletes of flows and deployments: what the recorded requests do not show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mockserver.errors import ServerFailure
from mockserver.operations import Deletion
from mockserver.operations.related_deletes.deleting import execute_related_delete
from mockserver.operations.related_deletes.planning import (
    RelatedPlan,
    plan_deployments_delete,
    plan_flows_delete,
)
from mockserver.prefect import PREFECT_SQLITE, SPEC, Dialect, Flow
from mockserver.prefect.dialects import DIALECTS
from mockserver.prefect.objects import ConcurrencyLimit
from mockserver.prefect.records import Deployment, FlowRun, State, StateType
from mockserver.requests import DeploymentsDeleteRequest, FlowsDeleteRequest
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import serve_store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCHEDULED = State(StateType.SCHEDULED, "Scheduled")
RUNNING = State(StateType.RUNNING, "Running")
LIMIT = ConcurrencyLimit("limit", "l", 3, True, 0, 0, 0.0, 2.0, created=NOW, updated=NOW)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def make_store() -> Store:
    """Flows c, a and b with two runs each, and a deployment of each with a run of its own."""
    flows = [Flow(uuid(n), name, (name, "t")) for n, name in enumerate("cab")]
    limit = {"global_concurrency_limit": {"id": LIMIT.id}}
    deployments = [
        Deployment(uuid(50 + n), f"d{flow.name}", flow.id, rest=limit)
        for n, flow in enumerate(flows)
    ]
    runs = [
        FlowRun(id=uuid(100 + 10 * n + k), name="r", flow_id=uuid(n), state=RUNNING)
        for n in range(3)
        for k in range(2)
    ]
    waiting = [
        FlowRun(id=uuid(200 + n), name="w", flow_id=uuid(n), deployment_id=one.id, state=SCHEDULED)
        for n, one in enumerate(deployments)
    ]
    return Store(Base([*runs, *waiting], flows=flows, deployments=deployments, objects=[LIMIT]))


def plan(kind: str, filter_: Any = None, limit: int = 50, dialect: Dialect = SPEC) -> RelatedPlan:
    if kind == "flows":
        body = FlowsDeleteRequest.model_validate({"flows": filter_, "limit": limit})
        return plan_flows_delete(body, dialect)
    request = DeploymentsDeleteRequest.model_validate({"deployments": filter_, "limit": limit})
    return plan_deployments_delete(request, dialect)


def delete(store: Store, kind: str, *given: Any, keep_runs: bool = False) -> Deletion:
    return execute_related_delete(plan(kind, *given), store, keep_runs=keep_runs)


def test_the_first_flows_by_name_go_with_their_runs_and_deployments() -> None:
    """Not those with the highest ids, as for flow runs; the reply has them by id."""
    store = make_store()
    gone = delete(store, "flows", None, 2, keep_runs=True)
    assert gone.answer == (uuid(1), uuid(2))  # a and b
    assert [flow.name for flow in gone.flows] == ["a", "b"]
    assert [one.name for one in gone.deployments] == ["da", "db"]
    assert {run.flow_id for run in gone.runs} == {uuid(1), uuid(2)}
    assert len(gone.deleted) == 6
    assert gone.warnings == ("no-filter", "limit-reached")
    assert [flow.name for flow in store.flows] == ["c"]
    assert len(store) == 3
    assert store.objects(ConcurrencyLimit).get("limit") is not None


def test_deployments_go_with_the_runs_that_wait_and_with_their_limit() -> None:
    """Others that share the limit lose it; runs that have started stay."""
    store = make_store()
    gone = delete(store, "deployments", {"name": {"any_": ["da"]}})
    assert gone.answer == (uuid(51),)
    assert gone.deleted == (uuid(201),)
    assert gone.warnings == ()
    assert len(store) == 8
    assert store.objects(ConcurrencyLimit).get("limit") is None
    assert [one.rest["global_concurrency_limit"] for one in store.deployments] == [None, None]


@pytest.mark.parametrize(
    ("kind", "filter_", "sentence"),
    [
        ("flows", None, "every flow"),
        ("flows", {}, "every flow"),
        ("deployments", {"id": {}}, "every deployment"),
        ("flows", {"operator": "or_", "id": {}, "name": {"any_": ["a"]}}, "every flow"),
        ("flows", {"name": {"like_": "a"}}, "name contains 'a'"),
        ("flows", {"deployment": {"is_null_": True}}, "no deployment"),
        ("flows", {"deployment": {"is_null_": False}}, "a deployment"),
        (
            "flows",
            {"operator": "or_", "id": {"any_": []}, "name": {"any_": ["a"], "like_": "b"}},
            "id is one of {} or (name is one of {a} and name contains 'b')",
        ),
        (
            "deployments",
            {"flow_or_deployment_name": {"like_": "x"}, "paused": {"eq_": True}},
            "its name or its flow's contains 'x' and paused is one of {True}",
        ),
    ],
)
def test_a_plan_says_what_it_deletes(kind: str, filter_: Any, sentence: str) -> None:
    """Also where only a store tells which records meet a condition."""
    assert plan(kind, filter_).sentence == sentence


@pytest.mark.parametrize(
    ("filter_", "warnings"),
    [
        ({"operator": "or_", "id": {}, "tags": {"all_": ["x"]}}, {"empty-criterion-under-or"}),
        ({"name": {"like_": "50%"}}, {"like-wildcards"}),
        ({"id": {"any_": []}}, set()),
        ({"operator": "or_"}, {"no-filter"}),
    ],
)
def test_filters_earn_the_warnings_of_filters_on_flow_runs(
    filter_: Any, warnings: set[str]
) -> None:
    """What a filter contains decides, whatever it is about."""
    assert plan("flows", filter_).warnings == warnings
    assert plan("deployments", filter_).warnings == warnings


@pytest.mark.parametrize("kind", ["flows", "deployments"])
def test_a_query_that_the_database_refuses_deletes_nothing(kind: str) -> None:
    """A pattern that is too long is only compared where there is a row."""
    refused = plan(kind, {"name": {"like_": "x" * 60_000}}, 50, PREFECT_SQLITE)
    assert execute_related_delete(refused, Store(Base([]))).answer == ()
    store = make_store()
    with pytest.raises(ServerFailure):
        execute_related_delete(refused, store)
    assert len(getattr(store, kind)) == 3


def test_a_plan_finds_what_is_left() -> None:
    """So that only a drain that was left unfinished is told of."""
    store = make_store()
    deletion = delete(store, "flows", {"tags": {"all_": ["t"]}}, 2)
    assert deletion.plan.finds_any(store)
    assert delete(store, "flows", {"tags": {"all_": ["t"]}}, 2).warnings == ()
    assert not deletion.plan.finds_any(store)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("kind", ["flows", "deployments"])
def test_without_a_filter_all_of_them_go(kind: str, dialect: str) -> None:
    """No body, null for it or for its keys, and an empty object: the database is emptied."""
    bodies: list[Any] = [None, {}, {kind: None}, {kind: {}}, {"limit": 50}, {"flow": {"nope": 1}}]
    for body in bodies:
        store = make_store()
        with serve_store(store, Settings(dialect=DIALECTS[dialect])) as client:
            reply = client.ask("POST", f"/{kind}/bulk_delete", body)
        assert reply.status == 200, body
        assert len(reply.json["deleted"]) == 3
        assert "no-filter" in reply.warnings
        assert not getattr(store, kind)
