"""Explanations of bulk deletes of flows and deployments: every number is what a delete does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.insight.related_explanation import (
    RelatedExplanation,
    explain_related,
    related_page,
    related_value,
)
from mockserver.operations.related_deletes.deleting import execute_related_delete
from mockserver.operations.related_deletes.planning import (
    plan_deployments_delete,
    plan_flows_delete,
)
from mockserver.prefect import SPEC
from mockserver.prefect.records import Deployment, Flow, FlowRun, State, StateType, TaskRun
from mockserver.requests import DeploymentsDeleteRequest, FlowsDeleteRequest
from mockserver.resources import resource_path
from mockserver.seeds import load_seeds
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SCHEDULED = State(StateType.SCHEDULED, "Scheduled")
LIMIT = {"id": "l1", "name": "shared"}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def fixtures() -> Store:
    return Store(load_seeds([Path(resource_path("fixtures"))], NOW).base())


def small_store() -> Store:
    """Two flows; `a` has three deployments, of which one shares a limit with one of `b`."""
    flows = [Flow(uuid(n), name, tags) for n, name, tags in ((1, "a", ("x",)), (2, "b", ()))]
    deployments = [
        Deployment(
            uuid(10), "da", uuid(1), rest={"global_concurrency_limit": LIMIT, "schedules": [{}, {}]}
        ),
        Deployment(
            uuid(11), "paused", uuid(1), paused=True, rest={"schedules": [{"active": False}]}
        ),
        Deployment(uuid(12), "db", uuid(2), rest={"global_concurrency_limit": LIMIT}),
        Deployment(uuid(13), "other", uuid(1)),
    ]
    runs = [
        FlowRun(
            id=uuid(20), name="waits", flow_id=uuid(1), deployment_id=uuid(10), state=SCHEDULED
        ),
        FlowRun(id=uuid(21), name="ran", flow_id=uuid(1), deployment_id=uuid(10), run_count=1),
        FlowRun(id=uuid(22), name="sub", flow_id=uuid(2), parent_task_run_id=uuid(30)),
    ]
    tasks = [TaskRun(id=uuid(30), name="t", flow_run_id=uuid(20))]
    return Store(Base(runs, tasks, flows=flows, deployments=deployments))


def text_of(one: RelatedExplanation) -> str:
    return " ".join(str(one).split())


@pytest.mark.parametrize("kind", ["flows", "deployments"])
@pytest.mark.parametrize(
    "filter_", [{}, {"name": {"like_": "e"}}, {"id": {"any_": []}}, {"operator": "or_"}]
)
def test_the_numbers_are_those_of_the_delete(kind: str, filter_: dict[str, Any]) -> None:
    """Of flow runs, deployments and records that are left."""
    store = fixtures()
    told = explain_related(store, {kind: filter_, "limit": 50}, kind, SPEC, NOW)
    if kind == "flows":
        flows = FlowsDeleteRequest.model_validate({"flows": filter_})
        plan = plan_flows_delete(flows, SPEC)
    else:
        body = DeploymentsDeleteRequest.model_validate({"deployments": filter_})
        plan = plan_deployments_delete(body, SPEC)
    task_runs = len(store.task_runs)
    gone = execute_related_delete(plan, store)
    assert told.deleted == len(gone.answer)
    assert told.flow_runs == len(gone.deleted)
    assert told.total - told.deleted == len(getattr(store, kind))
    assert told.cascade.task_runs == task_runs - len(store.task_runs)
    if kind == "flows":
        assert told.deployments == len(gone.deployments)


def test_what_goes_with_a_flow() -> None:
    """Its runs in any state and its deployments; a subflow of another flow stays."""
    told = explain_related(small_store(), {"name": {"any_": ["a"]}}, "flows", SPEC, NOW)
    assert repr(told) == (
        "<RelatedExplanation: 1 of 2 flows goes in 1 call, with 2 flow runs and 3 deployments; "
        "1 stays>"
    )
    text = text_of(told)
    assert "with them go: 2 flow runs, 1 task run, 3 deployments, 3 schedules" in text
    assert "lose their parent, and stay: 1 subflow" in text
    assert [table.title for table in told.tables] == ["deployments", "tag"]
    assert [(one.name, one.alone) for one in told.criteria] == [("name", 1)]
    assert related_value(told)["first"] == [{"id": uuid(1), "name": "a"}]


def test_what_goes_with_a_deployment() -> None:
    """Runs that wait and its limit, which another loses; others name what is gone."""
    told = explain_related(small_store(), {"name": {"like_": "da"}}, "deployments", SPEC, NOW)
    text = text_of(told)
    assert "with them go: 1 flow run, 1 task run, 2 schedules, 1 concurrency limit" in text
    assert "name a deployment that is gone, and stay: 1 flow run" in text
    assert "lose their limit, and stay: 1 deployment" in text
    assert (told.limits, told.losing, told.referring) == (("shared",), 1, 1)
    alone = explain_related(small_store(), {"name": {"any_": ["other"]}}, "deployments", SPEC, NOW)
    assert "with them go" not in text_of(alone)
    everything = explain_related(small_store(), {}, "deployments", SPEC, NOW)
    rows = {
        table.title: {row.name: row.selected for row in table.rows} for table in everything.tables
    }
    assert rows["schedule"] == {"active schedule": 1, "inactive": 1, "no schedule": 2}
    assert rows["flow"] == {"a": 3, "b": 1}
    assert "All 4 deployments go" in repr(everything)


def test_conditions_and_warnings() -> None:
    """A criterion without a condition keeps nothing out, and under or_ none does alone."""
    given = {"flows": {"id": {}, "name": {"like_": "a%"}}, "limt": 3}
    told = explain_related(small_store(), given, "flows", SPEC, NOW)
    assert [(one.sentence, one.alone) for one in told.criteria] == [
        ("no condition", 0),
        ("name contains 'a%'", 2),
    ]
    assert [one.id for one in told.warnings] == ["like-wildcards", "unknown-key"]
    assert told.warnings[1].sentence.endswith(": limt")
    either = explain_related(small_store(), {"operator": "or_", "id": {}}, "flows", SPEC, NOW)
    assert either.criteria == ()
    assert either.matching == 2


@pytest.mark.parametrize(
    ("kind", "protect", "shown"),
    [
        ("flows", {"name": {"any_": ["a"]}}, "would go: 1 of 1 protected flow"),
        ("flows", {"deployments": {}}, "would go: 3 of 4 protected deployments"),
        (
            "flows",
            {"flow_runs": {"name": {"any_": ["ran"]}}},
            "would go: 1 of 1 protected flow run",
        ),
        ("deployments", {"flow_runs": {"name": {"any_": ["ran"]}}}, "none of 1 protected flow run"),
        ("deployments", {"flows": {}}, "none of 2 protected flows goes"),
        ("flows", {"name": {"any_": ["z"]}}, "protects nothing, as no flow matches"),
    ],
)
def test_protected_records(kind: str, protect: dict[str, Any], shown: str) -> None:
    """Of the kind that the filter is about, unless they say another."""
    mine = {"name": {"any_": ["a", "da"]}}
    told = explain_related(small_store(), mine, kind, SPEC, NOW, protect=[protect])
    assert shown in text_of(told)
    assert told.found_problem is ("would go" in shown)
    assert related_value(told)["fails"] is told.found_problem


def test_many_protected_runs_are_counted() -> None:
    """The first ten are shown."""
    store = fixtures()
    told = explain_related(store, {}, "flows", SPEC, NOW, protect=['{"flow_runs": {}}'])
    assert f"... and {len(store) - 10} more" in text_of(told)


def test_a_server_that_fails_deletes_nothing() -> None:
    """It is a problem, whatever is protected."""
    too_long = {"name": {"like_": "x" * 60_000}}
    told = explain_related(small_store(), too_long, "flows", "prefect-sqlite", NOW)
    assert told.found_problem
    assert (told.deleted, told.calls, told.protected_going) == (0, 0, 0)
    assert "fails to answer this filter, and deletes nothing" in repr(told)
    assert "but: the server fails" in text_of(told)
    assert related_page(told).mark == "✗"


def test_only_flows_and_deployments_are_explained() -> None:
    """Of flow runs, `explain` tells more."""
    with pytest.raises(UsageError, match="of is 'tasks'; expected one of: flows, deployments"):
        explain_related(small_store(), {}, "tasks")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{", "the filter is no JSON: "),
        (b"\xff", "the filter is no JSON: "),
        ("[1]", "the filter is [1]; expected an object"),
        (7, "the filter is a int; expected a dict or JSON"),
        (
            {"nam": {}, "name": {}},
            "flows.nam: Extra inputs are not permitted; a filter on flows has",
        ),
    ],
)
def test_what_is_no_filter_is_refused(given: Any, told: str) -> None:
    """With what is wrong, and which keys there are."""
    with pytest.raises(UsageError, match="the filter") as raised:
        explain_related(small_store(), given, "flows", SPEC)
    assert told in str(raised.value)
