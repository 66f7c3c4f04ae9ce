"""The journal, and what is said where it is not as expected."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import AnyOf, Predicate, compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.worlds import journal as journal_module
from mockserver.worlds.assertions import (
    ANY,
    ExpectedRequest,
    explain_deletion_mismatch,
    explain_request_mismatch,
)
from mockserver.worlds.journal import MAX_TOTAL_BYTES, Exchange, Journal, failed_conditions

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DONE = State(StateType.COMPLETED, "Completed")


def run(number: int, name: str = "etl", **fields: Any) -> FlowRun:
    flow_run_id = f"{number:08}-0000-4000-8000-000000000000"
    return FlowRun(id=flow_run_id, name=name, **{"state": DONE, **fields})


def exchange(number: int = 1, **fields: Any) -> Exchange:
    given = {"body": b'{"limit": 20}', "status": 200, "reply": b'{"deleted": []}', **fields}
    path = given.pop("path", "/flow_runs/bulk_delete")
    return Exchange(number, NOW, given.pop("method", "POST"), path, "", **given)


def predicate(**flow_runs: Any) -> Predicate:
    return compile_filter(FlowRunFilter.model_validate(flow_runs), SPEC)


def test_it_keeps_the_last_and_counts_the_others() -> None:
    """What was deleted, warned of and failed outlives the exchange."""
    journal = Journal(most=2)
    bug = RuntimeError("a bug")
    for number in range(1, 6):
        journal.write(
            exchange(
                journal.next_number,
                deleted=(run(number),),
                warnings=("no-filter",) if number < 3 else (),
                error=bug if number == 1 else None,
            )
        )
    assert [one.number for one in journal] == [4, 5]
    assert (len(journal), journal.dropped) == (2, 3)
    assert [gone.id for gone in journal.deleted] == [run(number).id for number in range(1, 6)]
    assert dict(journal.warned) == {"no-filter": 2}
    assert list(journal.failed) == [bug]
    assert bug.__notes__ == ["while mockserver answered #1 POST /flow_runs/bulk_delete -> 200"]
    journal.clear()
    assert (len(journal), journal.dropped, journal.deleted, journal.next_number) == (0, 0, (), 1)
    assert not journal.warned
    assert not journal.failed


def test_what_was_deleted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first, counted."""
    monkeypatch.setattr(journal_module, "MAX_DELETED", 3)
    journal = Journal()
    journal.write(exchange(deleted=(run(1), run(2))))
    journal.write(exchange(deleted=(run(3), run(4))))
    assert [gone.id for gone in journal.deleted] == [run(number).id for number in (2, 3, 4)]
    assert journal.deleted_dropped == 1


def test_large_bodies_are_bounded_together() -> None:
    """Fewer exchanges are kept where their bodies are large."""
    journal = Journal()
    large = b" " * (MAX_TOTAL_BYTES // 4)
    for number in range(1, 8):
        journal.write(exchange(number, body=large, reply=b""))
    assert [one.number for one in journal] == [4, 5, 6, 7]
    assert journal.dropped == 3
    journal.clear()
    journal.write(exchange(1, body=large, reply=large))
    assert len(journal) == 1


def test_an_exchange_reads_its_bodies() -> None:
    """As JSON, or as None where they are none."""
    one = exchange(warnings=("no-filter",))
    assert (one.json, one.reply_json) == ({"limit": 20}, {"deleted": []})
    assert exchange(body=b"{", reply=b"\xff").json is None
    assert "matches every flow run" in one.sentences["no-filter"]
    assert (one.why, str(exchange(status=None))) == (
        "",
        "#1 POST /flow_runs/bulk_delete -> no reply",
    )


@pytest.mark.parametrize(
    ("flow_runs", "expected"),
    [
        ({"name": {"any_": ["etl"]}}, ()),
        ({}, ()),
        ({"name": {"any_": ["x"]}}, ("name is one of {x}, but it is etl",)),
        ({"name": {"any_": []}}, ("name is one of {}, but it is etl",)),
        ({"tags": {"all_": ["a", "b"]}}, ("tags has all of {a, b}, but it is {a}",)),
        (
            {"end_time": {"before_": "2026-01-01T00:00:00Z"}, "name": {"any_": ["etl"]}},
            ("end_time is at or before 2026-01-01T00:00:00Z, but it is 2026-01-30T12:00:00Z",),
        ),
        (
            {"operator": "or_", "name": {"any_": ["x"]}, "flow_version": {"any_": ["1"]}},
            ("name is one of {x}, but it is etl", "flow_version is one of {1}, but it is null"),
        ),
    ],
)
def test_it_is_told_why_a_run_is_spared(flow_runs: Any, expected: tuple[str, ...]) -> None:
    """Every condition that is not met, with what the run has there."""
    spared = run(1, tags=("a",), end_time=NOW - timedelta(days=1))
    found = failed_conditions(predicate(**flow_runs), spared)
    assert set(found) <= set(expected)
    assert bool(found) == bool(expected)


def test_what_matches_nothing_says_so() -> None:
    """There is no condition to name."""
    assert failed_conditions(AnyOf(()), run(1)) == ("it matches no flow run",)


def complaint(expected: ExpectedRequest, *exchanges: Exchange, times: int | None = None) -> str:
    found = sum(not expected.differences(one) for one in exchanges)
    return explain_request_mismatch(expected, exchanges, found, times)


def test_what_was_asked_is_not_complained_about() -> None:
    """By path, method, body, status, warning; `...` is anything."""
    one = exchange(warnings=("no-filter",), body=b'{"limit": 20, "flow_runs": {"name": {}}}')
    body = {"limit": 20, "flow_runs": ...}
    assert complaint(ExpectedRequest("/api/flow_runs/*", "POST", body, 200, "no-filter"), one) == ""
    assert complaint(ExpectedRequest(json=ANY), one, times=1) == ""
    assert complaint(ExpectedRequest("/flows/*"), one, times=0) == ""


def test_the_nearest_requests_are_told() -> None:
    """Word by word: the ones that differ least first, each with its differences."""
    expected = ExpectedRequest(
        "/flow_runs/bulk_delete", "POST", {"limit": 50, "flow_runs": ...}, 200
    )
    others = exchange(1, path="/flows/filter", body=b"", status=404), exchange(2)
    assert complaint(expected, *others) == (
        "expected a request: POST /flow_runs/bulk_delete, answered with 200, "
        'with {"limit": 50, "flow_runs": ...}\n'
        "there were none such\n"
        "nearest of 2 other requests:\n"
        "  #2 POST /flow_runs/bulk_delete -> 200\n"
        "    body.limit: 20, not 50\n"
        "    body.flow_runs: absent, not anything\n"
        "  #1 POST /flows/filter -> 404\n"
        "    path: /flows/filter, not /flow_runs/bulk_delete\n"
        "    status: 404, not 200\n"
        '    body: null, not {"limit": 50, "flow_runs": ...}'
    )


def test_other_complaints_about_requests() -> None:
    """Nothing asked; too many; a method or warning that is another."""
    assert complaint(ExpectedRequest("/x", warning="no-filter"), times=2) == (
        "expected 2 requests: any method /x, warned of no-filter\nnothing was asked at all"
    )
    assert complaint(ExpectedRequest(), exchange(), exchange(2), times=1) == (
        "expected 1 request: any method *\nthere were 2 such\n"
        "  #1 POST /flow_runs/bulk_delete -> 200\n  #2 POST /flow_runs/bulk_delete -> 200"
    )
    assert complaint(ExpectedRequest(method="GET", warning="no-filter"), exchange()).endswith(
        "    method: POST, not GET\n    warnings: none, not no-filter"
    )


@pytest.mark.parametrize(
    ("came", "expected", "told"),
    [
        ('{"a": [1, 2]}', {"a": [1, 3]}, ["body.a[1]: 2, not 3"]),
        ('{"a": [1]}', {"a": [1, 3]}, ["body.a: 1 items, not 2"]),
        ('{"a": true}', {"a": 1}, ["body.a: true, not 1"]),
        ('{"a": 1, "b": 2}', {"a": 1}, ["body.b: 2, not absent"]),
        ('{"a": 1}', {"a": {1, 2}}, ['body.a: 1, not "{1, 2}"']),
        ("[1]", {"a": 1}, ['body: [1], not {"a": 1}']),
    ],
)
def test_bodies_differ_by_place(came: str, expected: Any, told: list[str]) -> None:
    """Where, what came, what was expected."""
    assert ExpectedRequest(json=expected).differences(exchange(body=came.encode())) == told


def test_a_body_that_no_json_can_be_is_shown_as_it_is() -> None:
    """What a test expects may be anything."""
    loop: list[Any] = []
    loop.append(loop)
    assert "body: {}, not [[...]]" in ExpectedRequest(json=loop).differences(exchange(body=b"{}"))


def test_deletions_as_expected_are_not_complained_about() -> None:
    """By flow run, id and name; a name stands for all that have it."""
    gone, kept = (run(1), run(2)), (run(3, "other"),)
    for expected in (gone, {gone[0].id.upper(), gone[1].id}, ["etl"], [gone[0], "etl"]):
        assert explain_deletion_mismatch(tuple(expected), gone, kept, ()) == ""
    odd = run(5, run(1).id)
    assert explain_deletion_mismatch((run(1).id,), (run(1), odd), (), ()) == ""


def test_deletions_are_complained_about_word_by_word() -> None:
    """What was never there, what was spared and why, what went besides and why."""
    spared, limited, extra = run(7, "spared", state=None), run(8, "limited"), run(9, "extra")
    asked = exchange(
        3, deleted=(extra,), predicate=predicate(state={"type": {"any_": ["COMPLETED"]}}), limit=1
    )
    told = explain_deletion_mismatch(
        ("spared", "limited", "never", run(6)), (extra,), (spared, limited), (exchange(2), asked)
    )
    assert told == (
        "other flow runs were deleted than expected\n"
        "expected, but there was never such a flow run (2):\n"
        "  'never'\n"
        "  'etl' (00000006-0000-4000-8000-000000000000, Completed)\n"
        "expected, but still there (2):\n"
        "  'spared' (00000007-0000-4000-8000-000000000000, no state)\n"
        "    #3 POST /flow_runs/bulk_delete -> 200 spared it: "
        "state_type is one of {COMPLETED}, but it is null\n"
        "  'limited' (00000008-0000-4000-8000-000000000000, Completed)\n"
        "    #3 POST /flow_runs/bulk_delete -> 200 spared it: "
        "it matches, but the limit of 1 was reached\n"
        "deleted, but not expected (1):\n"
        "  'extra' (00000009-0000-4000-8000-000000000000, Completed)\n"
        "    by #3 POST /flow_runs/bulk_delete -> 200, "
        "because: state_type is one of {COMPLETED}"
    )


def test_what_the_journal_does_not_know_is_said() -> None:
    """No deletion asked for; a deletion that it no longer holds; a match that came too late."""
    assert "nothing asked for a deletion" in explain_deletion_mismatch(("etl",), (), (run(1),), ())
    assert "no longer holds" in explain_deletion_mismatch((), (run(1),), (), ())
    late = exchange(predicate=predicate(name={"any_": ["etl"]}))
    assert "it matches now, but it did not then" in explain_deletion_mismatch(
        ("etl",), (), (run(1),), (late,)
    )


def test_a_long_complaint_is_cut() -> None:
    """Twenty flow runs are enough to see."""
    told = explain_deletion_mismatch((), tuple(run(number) for number in range(30)), (), ())
    assert told.endswith("  ... and 10 more")
    assert told.count("no longer holds") == 20
