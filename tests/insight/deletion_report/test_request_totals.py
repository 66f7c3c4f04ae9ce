"""The totals of a world: requests that are alike are one group."""

from typing import Any
from uuid import UUID

import pytest

from mockserver.errors import InvalidRequest, NotFound, refusal_sentence
from mockserver.filters.predicates import MATCH_ALL
from mockserver.insight.deletion_report import request_totals as totals_module
from mockserver.insight.deletion_report.request_totals import (
    RequestTotal,
    RequestTotals,
    find_unfinished,
)
from mockserver.operations.deletion import Deletion, Plan
from mockserver.operations.endpoints import ENDPOINTS
from mockserver.prefect.records import FlowRun
from mockserver.store import Base, Store

PATH = "/flow_runs/bulk_delete"
PLAN = Plan(MATCH_ALL, MATCH_ALL, 50)


def planned(totals: RequestTotals, body: bytes, *ids: str, warnings: tuple[str, ...] = ()) -> None:
    totals.count_planned("POST", PATH, body, 200, Deletion(ids, PLAN), warnings)


def shown(totals: RequestTotals) -> list[tuple[Any, ...]]:
    return [(one.path, one.status, one.calls, one.deleted, one.ids) for one in totals]


def test_the_same_body_sent_again_is_one_group() -> None:
    """With the calls, the ids that they deleted, and the warnings that they earned."""
    totals = RequestTotals()
    planned(totals, b"{}", "3", "2", warnings=("no-filter",))
    planned(totals, b"{}", "1", warnings=("like-wildcards",))
    planned(totals, b"{}")
    planned(totals, b'{"limit": 1}')
    assert shown(totals) == [
        (PATH, 200, 3, 3, [("3", "2"), ("1",)]),
        (PATH, 200, 1, 0, []),
    ]
    first = next(iter(totals))
    assert (first.plan, first.warnings) == (PLAN, {"no-filter", "like-wildcards"})
    assert (totals.calls, totals.deleted) == (4, 3)


def test_a_drain_is_unfinished_while_its_last_call_left_runs() -> None:
    """It is told of when another filter follows, once; and not if its runs went in another way."""
    totals, store = RequestTotals(), Store(Base([FlowRun(id=str(UUID(int=1)), name="a")]))

    def send(body: bytes, *warnings: str) -> bytes | None:
        deletion = Deletion(("1",), PLAN, warnings)
        left = totals.count_planned("POST", PATH, body, 200, deletion, warnings)
        return None if left is None else left.body

    def unfinished() -> list[bytes]:
        return [one.body for one in find_unfinished(totals, store)]

    assert [send(b"{}", "limit-reached") for _ in range(2)] == [None, None]
    assert unfinished() == [b"{}"]
    assert send(b"{}") is None
    assert send(b"1", "limit-reached") is None
    assert unfinished() == [b"1"]
    assert [send(b"2"), send(b"1", "limit-reached"), send(b"2")] == [b"1", None, None]
    assert unfinished() == [b"1"]
    store.delete([str(UUID(int=1))])
    assert unfinished() == []
    totals.clear()
    assert send(b"2") is None


def test_other_requests_are_grouped_by_endpoint_and_status() -> None:
    """A script that deletes runs one by one is one group."""
    totals = RequestTotals()
    for run in "321":
        totals.count("DELETE", "/flow_runs/{id}", 204, Deletion((run,), PLAN))
    totals.count("POST", "/flow_runs/filter", 200, warnings=("like-wildcards",))
    assert shown(totals) == [
        ("/flow_runs/{id}", 204, 3, 3, [("3",), ("2",), ("1",)]),
        ("/flow_runs/filter", 200, 1, 0, []),
    ]


def test_refusals_are_grouped_by_their_reason() -> None:
    """It says where in the body what was wrong."""
    totals = RequestTotals()
    error = {"loc": ("body", "flow_runs", "tags", "not_any_"), "msg": "Not permitted"}
    for _ in range(2):
        refusal = InvalidRequest([error, error], warnings=["no-filter"])
        totals.count_refused("POST", PATH, 422, refusal)
    totals.count_refused("DELETE", "/flow_runs/{id}", 404, NotFound("Flow run not found"))
    assert [(one.status, one.reason, one.calls, one.warnings) for one in totals] == [
        (422, "flow_runs.tags.not_any_: Not permitted (and 1 more)", 2, {"no-filter"}),
        (404, "Flow run not found", 1, set()),
    ]
    assert refusal_sentence(InvalidRequest([{"loc": ("body",), "msg": "wrong"}])) == "wrong"


def test_groups_and_ids_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is counted."""
    monkeypatch.setattr(totals_module, "MAX_GROUPS", 2)
    monkeypatch.setattr(totals_module, "MAX_IDS", 2)
    totals = RequestTotals()
    planned(totals, b"1", "5", "4")
    planned(totals, b"2", "3")
    planned(totals, b"3", "2", warnings=("limit-reached",))
    totals.count_refused("GET", "/flow_runs/{id}", 404, NotFound("gone"))
    assert shown(totals) == [(PATH, 200, 1, 2, [("5", "4")]), (PATH, 200, 1, 1, [])]
    assert (totals.ungrouped, totals.ungrouped_deleted) == (2, 1)
    assert (totals.calls, totals.deleted) == (4, 4)
    totals.clear()
    assert (list(totals), totals.calls, totals.deleted) == ([], 0, 0)


def test_long_bodies_are_one_group() -> None:
    """They list ids, and none comes twice: they must not fill the memory."""
    totals = RequestTotals()
    for letter in "abc":
        planned(totals, letter.encode() * 5_000, letter)
    (group,) = totals
    assert isinstance(group, RequestTotal)
    assert (group.calls, group.deleted) == (3, 3)


def test_endpoints_are_named_as_the_document_names_them() -> None:
    """A report says `/flow_runs/{id}`, not the pattern of an id."""
    named = {one.template.rstrip("/") for one in ENDPOINTS if one.since is None}
    assert not [name for name in named if ":" in name or "[" in name]
    assert {"/flow_runs/{id}", "/v2/concurrency_limits/leases/{lease_id}/renew"} <= named


def test_a_copy_does_not_change() -> None:
    """Another thread can read it while requests go on."""
    totals = RequestTotals()
    planned(totals, b"{}", "3", warnings=("no-filter",))
    copy = totals.copy()
    planned(totals, b"{}", "2", warnings=("limit-reached",))
    planned(totals, b"1", "1")
    assert (shown(copy), copy.deleted) == ([(PATH, 200, 1, 1, [("3",)])], 1)
    assert next(iter(copy)).warnings == {"no-filter"}
