"""Deletion reports: every number is what the requests did."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from mockserver.errors import InvalidRequest, NotFound
from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import compile_filter
from mockserver.insight.deletion_report import (
    DeletionReport,
    report_deletions,
    report_lines,
    report_page,
    report_sentence,
    report_value,
)
from mockserver.insight.deletion_report import report_pages as pages_module
from mockserver.insight.deletion_report import request_totals as totals_module
from mockserver.insight.deletion_report.request_totals import RequestTotals
from mockserver.operations.delete import bulk_delete
from mockserver.operations.deletion import Deletion
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.rendering import print_page
from mockserver.requests import BulkDeleteRequest
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PATH = "/flow_runs/bulk_delete"


def run(number: int, state: StateType = StateType.COMPLETED, **fields: Any) -> FlowRun:
    run_id = f"{number:08}-0000-4000-8000-000000000000"
    given = {"name": f"run-{number}", "state": State(state, state.value.title()), **fields}
    return FlowRun(id=run_id, **given)


def store_of(*runs: FlowRun) -> Store:
    return Store(Base(runs))


def delete(store: Store, totals: RequestTotals, body: dict[str, Any], times: int = 1) -> Deletion:
    """Send a bulk_delete so many times."""
    for _ in range(times):
        deletion = bulk_delete(store, BulkDeleteRequest.model_validate(body), SPEC)
        encoded = json.dumps(body).encode()
        totals.count_planned("POST", PATH, encoded, 200, deletion, deletion.warnings)
    return deletion


def bulk_delete_of(store: Store, one: FlowRun) -> Deletion:
    request = BulkDeleteRequest.model_validate({"flow_runs": {"id": {"any_": [one.id]}}})
    return bulk_delete(store, request, SPEC)


def text_of(report: DeletionReport) -> str:
    output = StringIO()
    print_page(report_page(report), Console(file=output, width=100))
    return output.getvalue()


def test_requests_and_what_they_took() -> None:
    """The one that deleted most comes first; tables are about what went."""
    runs = [run(n, tags=("nightly",) if n % 2 else ()) for n in range(6)]
    before = store_of(*runs, run(7, StateType.FAILED))
    after, totals = before.fork(), RequestTotals()
    delete(after, totals, {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}})
    delete(after, totals, {"flow_runs": {"tags": {"all_": ["nightly"]}}, "limit": 2}, times=3)
    totals.count("POST", "/flow_runs/filter", 200)
    totals.count_refused("GET", "/flow_runs/{id}", 404, NotFound("Flow run not found"))
    error = {"loc": ("body", "limit"), "msg": "too large"}
    totals.count_refused("POST", PATH, 422, InvalidRequest([error]))
    report = report_deletions(before, after, totals, SPEC, NOW)
    assert (report.before, report.left, report.deleted, report.tabled) == (7, 3, 4, 4)
    first, second = report.deleting
    assert (first.calls, first.deleted, first.limit) == (3, 3, 2)
    assert first.warnings == ()  # it went on until nothing was left
    assert (second.calls, second.deleted) == (1, 1)
    states = next(table for table in report.tables if table.title == "state")
    assert [(row.name, row.selected, row.total) for row in states.rows] == [
        ("Completed", 3, 6),
        ("Failed", 1, 1),
    ]
    assert [(one.path, one.reason) for one in report.refused] == [
        ("/flow_runs/{id}", "Flow run not found"),
        (PATH, "limit: too large"),
    ]
    text = text_of(report)
    assert "✓ 4 flow runs of 7 deleted in 4 calls; 3 left; 2 requests refused" in text
    assert "deleted 3: POST /flow_runs/bulk_delete  3 calls answered 200" in text
    assert "because: limit: too large" in text
    assert "by state: Completed 3" in text
    value = json.loads(json.dumps(report_value(report)))
    assert value["headline"] == report_sentence(report)
    assert [one["reason"] for one in value["refused"]] == ["Flow run not found", "limit: too large"]
    assert value["others"][0]["condition"] is None


@pytest.mark.parametrize(
    ("times", "also_gone", "warned"), [(1, (), True), (1, (1, 2), False), (2, (), False)]
)
def test_a_drain_that_was_left_unfinished_is_told(
    times: int, also_gone: tuple[int, ...], *, warned: bool
) -> None:
    """In the page and in the log, unless the runs that it left are gone by now."""
    before = store_of(*(run(n) for n in range(1, 4)))
    after, totals = before.fork(), RequestTotals()
    delete(after, totals, {"flow_runs": None, "limit": 2}, times)
    after.delete([run(n).id for n in also_gone])
    report = report_deletions(before, after, totals, SPEC, NOW)
    assert ("limit-reached" in {one.id for one in report.deleting[0].warnings}) is warned
    assert ("limit-reached: more match" in text_of(report)) is warned
    line = list(report_lines(report))[1]
    assert line.endswith("until `deleted` is empty") is warned


def test_nothing_happened() -> None:
    """A world that nobody asked says so."""
    store = store_of(run(1))
    report = report_deletions(store, store, RequestTotals(), SPEC, NOW)
    assert report_sentence(report) == "0 flow runs of 1 deleted; 1 left"
    assert (report.tables, report.deleting, report.lost) == ((), (), 0)
    assert list(report_lines(report)) == ["0 flow runs of 1 deleted; 1 left"]


def test_runs_that_were_made_meanwhile_are_in_no_table() -> None:
    """The report says of how many the tables are."""
    before = store_of(run(1))
    after, totals = before.fork(), RequestTotals()
    after.put(run(2))
    delete(after, totals, {"flow_runs": None})
    report = report_deletions(before, after, totals, SPEC, NOW)
    assert (report.deleted, report.tabled) == (2, 1)
    assert "The tables are about 1 of the 2" in text_of(report)


def test_protected_runs_that_are_gone() -> None:
    """They are counted and shown, the rest of them in a number."""
    before = store_of(*(run(n) for n in range(60)))
    after, totals = before.fork(), RequestTotals()
    for _ in range(2):
        delete(after, totals, {"flow_runs": None})
    protect = [
        compile_filter(FlowRunFilter.model_validate(one), SPEC)
        for one in ({}, {"name": {"any_": ["x"]}})
    ]
    report = report_deletions(before, after, totals, SPEC, NOW, protect)
    assert report.lost == 60
    text = text_of(report)
    assert "60 of them protected" in text
    assert "... and 10 more" in text
    assert "protects nothing" in text
    assert report_value(report)["protected"][0]["deleted"]["count"] == 60


def test_many_kinds_of_requests_are_not_told_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on the page nor, beyond the bound of totals, at all."""
    monkeypatch.setattr(pages_module, "MAX_LINES", 1)
    monkeypatch.setattr(totals_module, "MAX_GROUPS", 3)
    before = store_of(run(1))
    totals = RequestTotals()
    for path in "abcde":
        totals.count("GET", f"/{path}", 200)
    report = report_deletions(before, before, totals, SPEC, NOW)
    text = text_of(report)
    assert "and 2 requests of other kinds" in text
    assert "2 requests of too many kinds are not told one by one" in text


def test_a_log_has_a_few_lines() -> None:
    """The whole, what deleted the most, and how many kinds more."""
    before = store_of(*(run(n) for n in range(9)))
    after, totals = before.fork(), RequestTotals()
    delete(after, totals, {"flow_runs": None, "limit": 2})
    for n in range(6):
        delete(after, totals, {"flow_runs": {"name": {"any_": [f"run-{n}"]}}})
    totals.count("DELETE", "/flow_runs/{id}", 204, bulk_delete_of(before.fork(), run(8)))
    report = report_deletions(before, after, totals, SPEC, NOW, with_tables=False)
    assert report.tables == ()
    lines = list(report_lines(report))
    assert lines[0] == "9 flow runs of 9 deleted in 8 calls; 1 left"
    assert lines[1] == (
        "POST /flow_runs/bulk_delete deleted 2 in 1 call: every flow run, up to 2 a call; "
        "limit-reached: more match than the limit let be deleted; "
        "send the request again until `deleted` is empty"
    )
    assert lines[-1] == "3 more kinds of requests deleted 3"
