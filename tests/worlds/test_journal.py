"""The journal, and the messages of assertions about it."""

import json
import tracemalloc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from mockserver.filters.models import FlowRunFilter
from mockserver.filters.predicates import AnyOf, Predicate, compile_filter
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.worlds import journal as journal_module
from mockserver.worlds.assertions import (
    ExpectedRequest,
    ExpectedRuns,
    explain_deletion_mismatch,
    explain_request_mismatch,
)
from mockserver.worlds.journal import (
    MAX_TOTAL_BYTES,
    Exchange,
    Journal,
    cut_text,
    failed_conditions,
)
from mockserver.worlds.memory_size import size_of_run

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


def test_the_journal_keeps_the_last_exchanges_and_counts_all() -> None:
    """Deleted runs, warnings and errors outlive their exchange."""
    journal = Journal(max_exchanges=2)
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
    assert [deleted.id for deleted in journal.deleted] == [run(number).id for number in range(1, 6)]
    assert dict(journal.warning_counts) == {"no-filter": 2}
    assert list(journal.errors) == [bug]
    assert bug.__notes__ == ["while mockserver answered #1 POST /flow_runs/bulk_delete -> 200"]
    journal.clear()
    assert (len(journal), journal.dropped, journal.deleted, journal.next_number) == (0, 0, (), 1)
    assert not journal.warning_counts
    assert not journal.errors


@pytest.mark.parametrize("text", ["path", "query", "fault"])
def test_texts_count_as_bodies_do(text: str) -> None:
    """A journal of long paths, queries or faults keeps fewer exchanges."""
    journal = Journal()
    for number in range(1, 8):
        given: dict[str, Any] = {text: "x" * (MAX_TOTAL_BYTES // 4)}
        journal.write(replace(exchange(number, body=b"", reply=b""), **given))
    assert 3 <= len(journal) <= 4


def test_paths_and_queries_are_cut_with_what_is_missing() -> None:
    """One request line has up to 8 KB."""
    assert cut_text("/a") == "/a"
    assert cut_text("x" * 2_000) == "x" * 2_000
    assert cut_text("x" * 8_000) == "x" * 2_000 + "... and 6,000 characters more"


def test_conditions_are_bounded_in_total() -> None:
    """A condition takes many times the memory of the body that it was made of."""
    journal = Journal()
    names = {"any_": [str(number) for number in range(10_000)]}
    large = predicate(operator="or_", name=names, tags={"any_": names["any_"]})
    for number in range(1, 8):
        journal.write(exchange(number, predicate=large))
    assert [one.number for one in journal] == [4, 5, 6, 7]


@pytest.mark.parametrize(
    "value",
    ["x" * (1 << 20), ["x"] * 30_000, [[]] * 10_000, {str(n): n for n in range(30_000)},
     ["\ud800" * (1 << 17)], [10**30] * 40_000],
    ids=["text", "list", "lists", "object", "surrogates", "integers"],
)  # fmt: skip
@pytest.mark.parametrize(
    "field", ["parameters", "context", "labels", "job_variables", "rest", "data"]
)
def test_deleted_runs_are_bounded_in_bytes(field: str, value: Any) -> None:
    """Large ones leave room for fewer, in the exchanges as well; the dropped ones are counted."""
    journal = Journal()
    for number in range(1, 101):
        given = {"a": value}
        fields = {"state": replace(DONE, data=given)} if field == "data" else {field: given}
        journal.write(exchange(number, deleted=(run(number, **fields),)))
    assert 10 < len(journal) < 100
    assert len(journal.deleted) == len(journal)
    assert journal.deleted_dropped == 100 - len(journal.deleted)


def test_a_single_exchange_can_be_larger_than_the_bound() -> None:
    """The newest is there to be looked at, whatever it deleted."""
    journal = Journal()
    large = run(1, parameters={"a": "x" * (80 << 20)})
    for number in (1, 2):
        journal.write(exchange(number, deleted=(large,)))
    assert [one.number for one in journal] == [2]
    assert journal.deleted == (large,)


def test_the_memory_of_a_run_is_told_about_right() -> None:
    """Within a factor of two and a half, for what a client can choose."""
    values: tuple[Any, ...] = ("x" * 100_000, ["text"] * 10_000, [[] for _ in range(10_000)],
              {f"key-{n}": n for n in range(10_000)})  # fmt: skip
    for value in values:
        tracemalloc.start()
        parsed = json.loads(json.dumps(value))
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert 0.4 < size_of_run(run(1, parameters={"a": parsed})) / taken < 2.5
    assert size_of_run(run(1)) == size_of_run(replace(run(1), state=None)) == 1_000
    tagged = replace(run(1), labels=MappingProxyType({"a": NOW}), tags=("a",))
    assert 1_100 < size_of_run(tagged) < 1_400


def test_deleted_runs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are dropped first, and counted."""
    monkeypatch.setattr(journal_module, "MAX_DELETED", 3)
    journal = Journal()
    journal.write(exchange(deleted=(run(1), run(2))))
    journal.write(exchange(deleted=(run(3), run(4))))
    assert [deleted.id for deleted in journal.deleted] == [run(number).id for number in (2, 3, 4)]
    assert journal.deleted_dropped == 1


def test_bodies_are_bounded_in_total() -> None:
    """Large bodies leave room for fewer exchanges."""
    journal = Journal()
    large = b" " * (MAX_TOTAL_BYTES // 4 - 100)
    for number in range(1, 8):
        journal.write(exchange(number, body=large, reply=b""))
    assert [one.number for one in journal] == [4, 5, 6, 7]
    assert journal.dropped == 3
    journal.clear()
    journal.write(exchange(1, body=large, reply=large))
    assert len(journal) == 1


def test_an_exchange_parses_its_bodies() -> None:
    """A body that is not JSON reads as None."""
    one = exchange(warnings=("no-filter",))
    assert (one.json, one.reply_json) == ({"limit": 20}, {"deleted": []})
    assert one.json is not one.json  # only the bytes are kept, and counted
    assert exchange(body=b"{", reply=b"\xff").json is None
    assert "it matches everything" in one.sentences["no-filter"]
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
def test_unmet_conditions_explain_a_spared_run(flow_runs: Any, expected: tuple[str, ...]) -> None:
    """Each condition is named with the value that the run has."""
    spared = run(1, tags=("a",), end_time=NOW - timedelta(days=1))
    found = failed_conditions(predicate(**flow_runs), spared)
    assert set(found) <= set(expected)
    assert bool(found) == bool(expected)


def test_a_predicate_without_conditions_says_so() -> None:
    """A predicate that no run meets has no condition to name."""
    assert failed_conditions(AnyOf(()), run(1)) == ("it matches no flow run",)


def explain_deletion(
    expected: Iterable[object],
    deleted: Sequence[FlowRun],
    remaining: Sequence[FlowRun],
    exchanges: Sequence[Exchange],
) -> str:
    return explain_deletion_mismatch(ExpectedRuns.of(expected), deleted, remaining, exchanges)


def explain(expected: ExpectedRequest, *exchanges: Exchange, times: int | None = None) -> str:
    found = sum(not expected.differences(one) for one in exchanges)
    return explain_request_mismatch(expected, exchanges, found, times)


def test_an_expected_request_passes() -> None:
    """Path, method, body, status and warning are compared; `...` is any value."""
    one = exchange(warnings=("no-filter",), body=b'{"limit": 20, "flow_runs": {"name": {}}}')
    body = {"limit": 20, "flow_runs": ...}
    assert explain(ExpectedRequest("/api/flow_runs/*", "POST", body, 200, "no-filter"), one) == ""
    assert explain(ExpectedRequest(json=...), one, times=1) == ""
    assert explain(ExpectedRequest("/flows/*"), one, times=0) == ""


def test_the_nearest_requests_are_listed_first() -> None:
    """The requests with the fewest differences come first, each with its differences."""
    expected = ExpectedRequest(
        "/flow_runs/bulk_delete", "POST", {"limit": 50, "flow_runs": ...}, 200
    )
    others = exchange(1, path="/flows/filter", body=b"", status=404), exchange(2)
    assert explain(expected, *others) == (
        "expected a request: POST /flow_runs/bulk_delete, answered with 200, "
        'with the body {"limit": 50, "flow_runs": ...}\n'
        "found none\n"
        "nearest of 2 other requests:\n"
        "  #2 POST /flow_runs/bulk_delete -> 200\n"
        "    body.limit: 20, not 50\n"
        "    body.flow_runs: absent, not anything\n"
        "  #1 POST /flows/filter -> 404\n"
        "    path: /flows/filter, not /flow_runs/bulk_delete\n"
        "    status: 404, not 200\n"
        '    body: null, not {"limit": 50, "flow_runs": ...}'
    )


def test_missing_surplus_and_differing_requests_are_reported() -> None:
    """No request at all, too many, another method, another warning."""
    assert explain(ExpectedRequest("/docs", warning="no-filter"), times=2) == (
        "expected 2 requests: any method /docs, with the warning no-filter\n"
        "no request was recorded at all"
    )
    assert explain(ExpectedRequest(), exchange(), exchange(2), times=1) == (
        "expected 1 request: any method *\nfound 2\n"
        "  #1 POST /flow_runs/bulk_delete -> 200\n  #2 POST /flow_runs/bulk_delete -> 200"
    )
    surplus = explain(ExpectedRequest("/flow_runs/*"), *map(exchange, range(1, 30)), times=3)
    assert "found 29\n  #1 POST" in surplus
    assert surplus.endswith("  #20 POST /flow_runs/bulk_delete -> 200\n  ... and 9 more")
    assert explain(ExpectedRequest("/flow_runs/*"), exchange(), times=2).endswith(
        "found 1\n  #1 POST /flow_runs/bulk_delete -> 200"
    )
    assert explain(ExpectedRequest(method="GET", warning="no-filter"), exchange()).endswith(
        "    method: POST, not GET\n    warnings: none, not no-filter"
    )


def test_a_path_that_no_route_has_is_never_as_expected() -> None:
    """Not even where no request is expected; but a request that was recorded counts."""
    assert explain(ExpectedRequest("/flow_run/{id}"), exchange(), times=0).splitlines()[:3] == [
        "expected 0 requests: any method /flow_run/{id}",
        "found none",
        "the path '/flow_run/{id}' matches no route; the nearest is /flow_runs/{id}",
    ]
    assert explain(ExpectedRequest("/flow_runs/{id}"), exchange(), times=0) == ""
    assert explain(ExpectedRequest("/x"), replace(exchange(), path="/x"), times=1) == ""


@pytest.mark.parametrize(
    ("body", "expected", "differences"),
    [
        ('{"a": [1, 2]}', {"a": [1, 3]}, ["body.a[1]: 2, not 3"]),
        ('{"a": [1]}', {"a": [1, 3]}, ["body.a: 1 items, not 2"]),
        ('{"a": true}', {"a": 1}, ["body.a: true, not 1"]),
        ('{"a": 1, "b": 2}', {"a": 1}, ["body.b: 2, not absent"]),
        ('{"a": 1}', {"a": {1, 2}}, ['body.a: 1, not "{1, 2}"']),
        ("[1]", {"a": 1}, ['body: [1], not {"a": 1}']),
    ],
)
def test_differences_of_bodies_name_their_place(
    body: str, expected: Any, differences: list[str]
) -> None:
    """Each difference is a place, the actual value and the expected one."""
    assert ExpectedRequest(json=expected).differences(exchange(body=body.encode())) == differences


def test_an_expected_body_may_be_no_json() -> None:
    """A value that JSON cannot express is shown by its repr."""
    loop: list[Any] = []
    loop.append(loop)
    assert "body: {}, not [[...]]" in ExpectedRequest(json=loop).differences(exchange(body=b"{}"))


def test_an_expected_body_may_nest_deep() -> None:
    """A value that nests too deep to be written is named."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    (difference,) = ExpectedRequest(json=deep).differences(exchange(body=b"{}"))
    assert difference == "body: {}, not a list that nests too deep to be shown"


def test_a_name_may_be_as_long_as_an_id() -> None:
    """Text of 36 characters that is no uuid is the name of a flow run."""
    name = "nightly-load-of-the-customer-reports"
    assert len(name) == len(run(1).id)
    assert explain_deletion((name,), (run(1, name),), (), ()) == ""


def test_expected_deletions_pass() -> None:
    """Runs are expected by flow run, id or name; a name stands for all runs that have it."""
    deleted, kept = (run(1), run(2)), (run(3, "other"),)
    for expected in (deleted, {deleted[0].id.upper(), deleted[1].id}, ["etl"], [deleted[0], "etl"]):
        assert explain_deletion(tuple(expected), deleted, kept, ()) == ""
    named_like_an_id = run(5, run(1).id)
    assert explain_deletion((run(1).id,), (run(1), named_like_an_id), (), ()) == ""


def test_a_deletion_failure_explains_each_run() -> None:
    """Unknown runs, runs that were spared and why, runs that were deleted besides and why."""
    spared, limited, extra = run(7, "spared", state=None), run(8, "limited"), run(9, "extra")
    delete = exchange(
        3, deleted=(extra,), predicate=predicate(state={"type": {"any_": ["COMPLETED"]}}), limit=1
    )
    message = explain_deletion(
        ("spared", "limited", "never", run(6)), (extra,), (spared, limited), (exchange(2), delete)
    )
    assert message == (
        "the wrong flow runs were deleted\n"
        "expected, but no such flow run ever existed (2):\n"
        "  'never'\n"
        "  'etl' (00000006-0000-4000-8000-000000000000, Completed)\n"
        "expected, but not deleted (2):\n"
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


def test_gaps_in_the_journal_are_reported() -> None:
    """No delete at all, a delete whose exchange was dropped, a match that came too late."""
    assert "no request asked for a deletion" in explain_deletion(("etl",), (), (run(1),), ())
    assert "no longer holds" in explain_deletion((), (run(1),), (), ())
    late = exchange(predicate=predicate(name={"any_": ["etl"]}))
    assert "it matches now, but did not match then" in explain_deletion(
        ("etl",), (), (run(1),), (late,)
    )


def test_refused_and_failed_requests_are_told_with_their_reason() -> None:
    """Those that are alike are one line; a lost reply is one that the client never had."""
    refused = "flow_runs.tags.not_any_: Extra inputs are not permitted"
    exchanges = (
        exchange(1, status=422, reason=refused),
        exchange(2, status=422, reason=refused),
        exchange(3, status=None, fault="cut=before"),
        exchange(4, status=503, fault="status=503", reason=""),
        exchange(5, status=500),
        exchange(6, method="GET", path="/flow_runs/count"),
    )
    told = explain_deletion(("etl",), (), (run(1),), exchanges)
    assert told.endswith(
        "    no request that was carried out asked for a deletion\n"
        "refused or failed (4):\n"
        f"  #1 POST /flow_runs/bulk_delete was answered 422: {refused} (2 times)\n"
        "  #3 POST /flow_runs/bulk_delete got no reply: the injected fault cut=before\n"
        "  #4 POST /flow_runs/bulk_delete was answered 503: the injected fault status=503\n"
        "  #5 POST /flow_runs/bulk_delete was answered 500: see the log of the server"
    )
    assert "refused" not in explain_deletion((), (run(1),), (), exchanges)


def test_a_failure_lists_at_most_twenty_runs() -> None:
    """The others are counted."""
    message = explain_deletion((), tuple(run(number) for number in range(30)), (), ())
    assert message.endswith("  ... and 10 more")
    assert message.count("no longer holds") == 20
