"""Deletion reports count the flows and deployments that requests deleted, too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mockserver.insight.deletion_report import report_deletions, report_lines, report_value
from mockserver.insight.deletion_report import request_totals as totals_module
from mockserver.insight.deletion_report.request_totals import RequestTotals, find_unfinished
from mockserver.operations.related_deletes.deleting import execute_related_delete
from mockserver.operations.related_deletes.planning import plan_flows_delete
from mockserver.prefect import SPEC
from mockserver.prefect.records import Deployment, Flow, FlowRun
from mockserver.requests import FlowsDeleteRequest
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PATH = "/flows/bulk_delete"


def make_store() -> Store:
    """Three flows with a run each; the second has a deployment."""
    flows = [Flow(str(n), f"flow-{n}") for n in range(3)]
    runs = [FlowRun(id=f"run-{n}", name="r", flow_id=str(n)) for n in range(3)]
    return Store(Base(runs, flows=flows, deployments=[Deployment("d", "d", "1")]))


def drain(store: Store, totals: RequestTotals, times: int) -> None:
    """Delete one flow after the other, as a script does that sends the same body."""
    plan = plan_flows_delete(FlowsDeleteRequest.model_validate({"limit": 1}), SPEC)
    for _ in range(times):
        deletion = execute_related_delete(plan, store)
        totals.count_planned("POST", PATH, b'{"limit": 1}', 200, deletion, deletion.warnings)


def test_flows_and_deployments_are_told_with_the_runs_that_went() -> None:
    """In the headline, for each group of requests, in the log, and as JSON."""
    store, totals = make_store(), RequestTotals()
    before = store.fork()
    drain(store, totals, 2)
    assert [one.path for one in find_unfinished(totals, store)] == [PATH]
    report = report_deletions(before, store, totals.copy(), SPEC, NOW)
    assert "2 flow runs of 3 and 2 flows and 1 deployment deleted in 2 calls; 1 left" in str(report)
    assert "deleted 2 and 2 flows and 1 deployment" in str(report)
    lines = list(report_lines(report))
    assert lines[1].startswith(
        "POST /flows/bulk_delete deleted 2 and 2 flows and 1 deployment in 2 calls: every flow, "
        "up to 1 a call; limit-reached: more match"
    )
    value = report_value(report)
    assert (value["deleted_flows"], value["deleted_deployments"]) == (2, 1)
    assert value["deleting"][0]["deleted_flows"] == 2


def test_a_drain_of_flows_that_is_finished_leaves_no_warning() -> None:
    """The last call finds nothing more."""
    store, totals = make_store(), RequestTotals()
    drain(store, totals, 3)
    assert list(find_unfinished(totals, store)) == []
    assert (totals.flows, totals.deployments, totals.deleted) == (3, 1, 3)


def test_flows_of_requests_of_too_many_kinds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """In all, as their flow runs do."""
    monkeypatch.setattr(totals_module, "MAX_GROUPS", 0)
    store, totals = make_store(), RequestTotals()
    drain(store, totals, 3)
    assert (totals.flows, totals.deployments, totals.ungrouped_deleted) == (3, 1, 3)
