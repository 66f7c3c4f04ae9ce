"""A user's requests on two releases.

Invariant: the flow runs told as differing are exactly the symmetric difference of two full scans.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.insight import request_comparison
from mockserver.insight.recorded_requests import parse_requests
from mockserver.insight.release_differences import compare_releases
from mockserver.insight.request_comparison import (
    RequestComparison,
    RequestDifference,
    compare_requests,
)
from mockserver.insight.request_meaning import Meaning, Refusal
from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.records import Flow, FlowRun, State, StateType
from mockserver.store import Base, Store
from tests.store.test_store import predicate_of
from tests.support.strategies import START, bases, filters

ERAS = ("3.6.16", "3.6.22", "3.6.23", "3.8.8", "3.9.0", "3.9.1")
BOTH_LISTS = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
EMPTY_LIST = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": []}}}
EMPTY_TAGS = {"tags": {"operator": "or_", "all_": [], "any_": ["x"]}}
NAMED = {"name": {"any_": ["run-1"]}}


def run(number: int, type_: StateType = StateType.COMPLETED, **fields: Any) -> FlowRun:
    state = State(type_, type_.value.capitalize())
    return FlowRun(id=f"{number:08}", name=f"run-{number}", state=state, **fields)


def store_of(*runs: FlowRun) -> Store:
    return Store(Base(runs))


RUNS = (run(1), run(2), run(3, StateType.FAILED), run(4, StateType.RUNNING))


def compared(
    before: str,
    after: str,
    *values: Any,
    store: Store | None = None,
    database: str = "sqlite",
    **options: Any,
) -> RequestComparison:
    content = "\n".join(json.dumps(value) for value in values).encode()
    releases = compare_releases(dialect_for(database, before), dialect_for(database, after))
    return compare_requests(parse_requests(content, "f"), releases, START, store, **options)


def causes_of(difference: RequestDifference) -> set[str]:
    return {cause.id for cause in difference.causes}


@pytest.mark.parametrize(
    ("filter_", "before", "after", "removed", "added", "causes"),
    [
        (BOTH_LISTS, "3.8.8", "3.9.1", [4, 3], [], {"state-both-lists"}),
        (BOTH_LISTS, "3.9.1", "3.8.8", [], [4, 3], {"state-both-lists"}),
        (EMPTY_TAGS, "3.6.22", "3.6.23", [4, 3, 2, 1], [], {"empty-list-condition"}),
        (EMPTY_TAGS, "3.6.23", "3.6.22", [], [4, 3, 2, 1], {"empty-list-condition"}),
        (EMPTY_LIST, "3.6.22", "3.6.23", [4, 3], [], {"empty-list-condition"}),
        (EMPTY_LIST, "3.6.22", "3.9.1", [4, 3], [], {"state-both-lists", "empty-list-condition"}),
        # From above there is no single step down: each of the two alone changes nothing.
        (EMPTY_LIST, "3.9.1", "3.6.22", [], [4, 3], {"state-both-lists", "empty-list-condition"}),
        ({"operator": "or_", **BOTH_LISTS, **NAMED}, "3.8.8", "3.9.1", [4, 3], [],
         {"state-both-lists"}),
    ],
)  # fmt: skip
def test_a_difference_tells_runs_and_causes(
    filter_: Any, before: str, after: str, removed: list[int], added: list[int], causes: set[str]
) -> None:
    """Which runs only one of the releases deletes, and what makes it so."""
    result = compared(before, after, {"flow_runs": filter_}, store=store_of(*RUNS))
    (one,) = result.differences
    assert one.removed
    assert one.added
    assert [int(each.id) for each in one.removed.first] == removed
    assert [int(each.id) for each in one.added.first] == added
    assert (one.removed.count, one.added.count) == (len(removed), len(added))
    assert one.counts
    assert one.counts[1] - one.counts[0] == len(added) - len(removed)
    assert causes_of(one) == causes
    assert one.matters
    assert one.changes_runs
    assert result.mattering == result.differences


def test_without_runs_the_meaning_counts() -> None:
    """The difference matters, as there may be runs that it is about."""
    result = compared("3.8.8", "3.9.1", {"flow_runs": BOTH_LISTS}, {"flow_runs": NAMED})
    (one,) = result.mattering
    assert (one.counts, one.added, one.removed, one.changes_runs) == (None, None, None, False)
    assert (result.same, result.runs, result.total) == (1, None, 2)


def test_another_condition_that_selects_the_same_runs_does_not_matter() -> None:
    """All runs are completed, so dropping the condition drops nothing."""
    result = compared("3.8.8", "3.9.1", {"flow_runs": BOTH_LISTS}, store=store_of(run(1), run(2)))
    (one,) = result.differences
    assert (one.counts, one.matters, result.mattering) == ((2, 2), False, ())


def test_equal_requests_are_compared_once() -> None:
    """A drain sends one body over and over; its first places are kept."""
    steps: list[int] = []
    body = {"flow_runs": BOTH_LISTS}
    result = compared("3.8.8", "3.9.1", *[body] * 5, {"limit": 1}, progress=steps.append)
    (one,) = result.differences
    assert (one.times, one.places) == (5, ("f:1", "f:2", "f:3"))
    assert (result.total, result.same) == (6, 1)
    assert steps == [5, 1]


def test_requests_are_counted_by_what_becomes_of_them() -> None:
    """Those that are the same, that both releases refuse, and that select no runs."""
    result = compared(
        "3.8.8",
        "3.9.1",
        {"flow_runs": NAMED},
        {"limit": 0},
        {"limit": 51},
        {"method": "GET", "path": "/health"},
        {"method": "GET", "path": "/health"},
        store=store_of(*RUNS),
    )
    assert (result.same, result.refused.count, result.skipped) == (1, 2, {"GET /health": 2})
    assert (result.total, result.compared, result.runs) == (5, 3, 4)
    assert result.differences == ()
    assert result.refused.where == "f:2"
    assert "greater than or equal to 1" in result.refused.text


def test_requests_that_delete_everything_are_counted() -> None:
    """The releases agree about them, but their author may not: a misspelt key is ignored."""
    result = compared(
        "3.8.8",
        "3.9.1",
        {"flow_runs": NAMED},
        {"flow_run": NAMED},
        {"flow_runs": {"name": {"like_": ""}}},
        {"path": "/flow_runs/count", "body": {}},
    )
    assert (result.same, result.unfiltered.count, result.unfiltered.where) == (4, 2, "f:2")
    assert result.unfiltered.text == "deletes"


def test_a_request_that_one_release_refuses_matters() -> None:
    """Even if it would select nothing: it is answered otherwise. A refusal selects nothing."""
    request = {"path": "/flow_runs/paginate", "body": {"limit": 0, "flow_runs": NAMED}}
    for store, expected in ((store_of(*RUNS), 1), (store_of(run(2)), 0)):
        (one,) = compared("3.7.8", "3.8.0", request, store=store).mattering
        assert isinstance(one.before, Refusal)
        assert isinstance(one.after, Meaning)
        assert one.counts == (0, expected)
        assert one.changes_runs is bool(expected)
        assert causes_of(one) == {"empty-page"}


def test_a_body_of_another_type_deletes_since_a_release() -> None:
    """The worst of all upgrades: what was refused deletes whatever there is."""
    exchange = {
        "path": "/flow_runs/bulk_delete",
        "body": {"flow_runs": {"id": {"any_": []}}},
        "warnings": {"body-ignored": ""},
    }
    (one,) = compared("3.7.6", "3.7.8", exchange, store=store_of(*RUNS)).mattering
    assert one.counts == (0, 4)
    assert causes_of(one) == {"body-ignored"}


def test_filters_on_other_records_are_looked_up_in_the_store() -> None:
    """A list request is compared as to which flow runs it selects."""
    store = Store(
        Base(
            [run(1, flow_id="a"), run(2, StateType.FAILED, flow_id="a"), run(3, flow_id="b")],
            flows=[Flow("a", "etl"), Flow("b", "other")],
        )
    )
    body = {"flow_runs": BOTH_LISTS, "flows": {"name": {"any_": ["etl"]}}}
    request = {"path": "/flow_runs/filter", "body": body}
    (one,) = compared("3.8.8", "3.9.1", request, store=store).differences
    assert one.counts == (2, 1)
    assert one.removed
    assert [each.id for each in one.removed.first] == ["00000002"]


def test_differences_that_no_single_cause_explains_have_none() -> None:
    """Then the report says that several came together."""
    before, after = dialect_for("sqlite", "3.8.8"), dialect_for("sqlite", "3.9.1")
    releases = replace(compare_releases(before, after), differences=())
    requests = parse_requests(json.dumps({"flow_runs": BOTH_LISTS}).encode(), "f")
    (one,) = compare_requests(requests, releases, START).differences
    assert one.causes == ()


def test_what_is_kept_to_be_shown_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts are exact all the same."""
    monkeypatch.setattr(request_comparison, "MAX_RUNS", 1)
    monkeypatch.setattr(request_comparison, "MAX_DETAILED", 1)
    bodies = [{"flow_runs": BOTH_LISTS, "limit": limit} for limit in (1, 2)]
    first, second = compared("3.8.8", "3.9.1", *bodies, store=store_of(*RUNS)).differences
    assert first.removed
    assert second.removed
    assert (first.removed.count, len(first.removed.first)) == (2, 1)
    assert (second.removed.count, len(second.removed.first)) == (2, 0)


releases = st.sampled_from(ERAS)
databases = st.sampled_from(["sqlite", "postgresql"])


@given(bases(), st.lists(filters, min_size=1, max_size=3), releases, databases)
def test_a_release_does_the_same_as_itself(
    base: Base, drawn: list[Any], release: str, database: str
) -> None:
    """Whatever the requests and the runs are."""
    bodies = [{"flow_runs": filter_} for filter_ in drawn]
    result = compared(release, release, *bodies, store=Store(base), database=database)
    assert result.differences == ()
    assert result.same + result.refused.count == len(bodies)


@given(bases(), filters, releases, releases, databases)
def test_differing_runs_are_those_of_two_full_scans(
    base: Base, filter_: Any, before: str, after: str, database: str
) -> None:
    """For any filter, any two releases and any runs, also where no difference is told."""
    result = compared(before, after, {"flow_runs": filter_}, store=Store(base), database=database)
    if result.refused.count or any(
        isinstance(meaning, Refusal)
        for one in result.differences
        for meaning in (one.before, one.after)
    ):
        return  # PostgreSQL refuses NUL
    old, new = (
        {
            each.id
            for each in base.runs
            if predicate_of(filter_, dialect_for(database, release))(each)
        }
        for release in (before, after)
    )
    one = result.differences[0] if result.differences else None
    added = {each.id for each in one.added.first} if one and one.added else set()
    removed = {each.id for each in one.removed.first} if one and one.removed else set()
    assert (added, removed) == (new - old, old - new)
    assert one is None or (one.counts == (len(old), len(new)) and one.causes)
