"""What differs between two releases is told in words, with the smallest request that shows it."""

from __future__ import annotations

import json

import pytest

from measure.differences import (
    Comparison,
    Difference,
    compare_with_previous,
    describe,
    find_differences,
    previous_release,
)
from measure.registry_entries import describe_entries
from tests.support.recorded_answers import BASE


def filters(before: object, after: object) -> Difference:
    return Difference("filters", "0", 'POST /flow_runs/filter {"flow_runs": {}}', before, after)


@pytest.mark.parametrize(
    ("before", "after", "sort"),
    [
        ([1, 2], [1], "fewer flow runs"),
        ([1], [1, 2], "more flow runs"),
        ([1, 2], [1, 3], "other flow runs"),
        ([1, 2], [2, 1], "the same flow runs in another order"),
        ([1], "status 500", "[1] became status 500"),
    ],
)
def test_selections_are_compared_as_sets(before: object, after: object, sort: str) -> None:
    """Of a filter the reader learns whether it selects more or fewer than before."""
    assert filters(before, after).sort == sort


def test_differences_of_one_sort_are_told_once_with_the_smallest() -> None:
    """The counts come first; long answers are cut."""
    long, short = (
        Difference(
            "endpoints", f"g/{n}", f"POST /flow_runs/ {'x' * n}", [201, "a" * 700], [422, ""]
        )
        for n in (9, 3)
    )
    comparison = Comparison("3.9.2", "3.9.1", {"sqlite": {"endpoints": (2, 4078)}}, [long, short])
    text = "\n".join(describe(comparison))
    assert "Prefect 3.9.2 after 3.9.1" in text
    assert "sqlite: endpoints 2 of 4078 differ" in text
    assert "endpoints: 2 x POST /flow_runs/: 201 became 422 (sqlite and postgresql)" in text
    assert "POST /flow_runs/ xxx\n" in text
    assert "xxxxxxxxx" not in text
    assert "a" * 700 not in text


def test_a_transition_is_told_by_its_first_step_that_differs() -> None:
    """The steps before are alike, and the ones after follow from it."""
    before = [{"http": [201]}, {"http": 200, "reply": {"status": "REJECT"}}, {"http": 200}]
    after = [{"http": [201]}, {"http": 201, "reply": {"status": "ACCEPT"}}, {"http": 500}]
    one = Difference("transitions", "late: Late -> Late", "late", before, after, ("sqlite",))
    assert one.sort == "200 REJECT became 201 ACCEPT"
    text = "\n".join(describe(Comparison("3.9.2", "3.9.1", {}, [one])))
    assert "step 1:" in text
    assert '3.9.1: {"http": 200, "reply.status": "REJECT"}' in text
    same = Difference("transitions", "x", "x", [{"http": 201, "run": {"a": 1}}], [{"http": 201}])
    assert same.sort == "201, with another run"


def test_what_is_recorded_is_compared() -> None:
    """3.9.1 mended the condition with both lists: most filters with it select fewer flow runs."""
    found = list(find_differences("filters", BASE, "3.9.1", "postgresql"))
    assert found
    assert "fewer flow runs" in {one.sort for one in found}
    assert all(one.databases == ("postgresql",) for one in found)
    assert json.loads(found[0].request.removeprefix("POST /flow_runs/filter "))["flow_runs"]


def test_the_release_before_is_the_newest_older_one_that_was_asked() -> None:
    """Also for a release that is not known yet; the oldest has none."""
    assert previous_release("3.9.2") == "3.9.1"
    assert previous_release("3.6.16") is None
    assert compare_with_previous("3.6.16", ["sqlite"]) is None


def test_differences_of_both_databases_are_told_together() -> None:
    """A case that differs on both is one difference."""
    comparison = compare_with_previous("3.9.1", ["sqlite", "postgresql"], ["transitions"])
    assert comparison is not None
    assert comparison.before == "3.9.0"
    differ, asked = comparison.counts["sqlite"]["transitions"]
    assert (differ, asked) == (10, 1113)
    assert {one.databases for one in comparison.differences} == {("sqlite", "postgresql")}


# Entries


def entries(*differences: Difference, release: str = "3.9.2", before: str = "3.9.1") -> str:
    return "\n".join(describe_entries(Comparison(release, before, {}, differences)))


def test_a_release_that_changes_nothing_needs_one_line() -> None:
    """The line is ready to be pasted into the list of releases."""
    assert entries() == (
        'Add to RELEASES in mockserver/prefect/releases.py, at its end:\n    "3.9.2",'
    )
    assert entries(release="3.9.1", before="3.9.0") == ""


def test_a_deviation_whose_request_is_answered_otherwise_is_ended() -> None:
    """The line says until when the deviation was seen."""
    text = entries(Difference("probes", "like-wildcards", "like-wildcards: ...", [1], [2]))
    assert "like-wildcards: its request is answered otherwise since 3.9.2" in text
    assert 'until="3.9.1",' in text


def test_an_entry_that_says_so_already_is_not_suggested_again() -> None:
    """state-both-lists ended with 3.9.0, and a Change knows its release."""
    for known in ("state-both-lists", "duration-sorts"):
        one = Difference("probes", known, known, [1], [2])
        text = entries(one, release="3.9.1", before="3.9.0")
        assert text.strip() == f"{known}: changed with 3.9.1, as its entry says."
    other = entries(Difference("probes", "duration-sorts", "x", [1], [2]))
    assert "add another Change" in other


def test_another_difference_gets_an_entry_to_complete() -> None:
    """It has the release, the endpoint and the request; the sentences are left to a person."""
    key = "slots/73"
    text = entries(Difference("endpoints", key, "POST /v2/...", [200, {}], [422, {}], ("sqlite",)))
    assert '"3.9.2",' in text
    assert 'endpoint="POST /v2/concurrency_limits/' in text
    assert "databases=('sqlite',)," in text
    listed = entries(Difference("lists", "0", "POST /flows/count {}", 1, 2))
    assert 'endpoint="POST /flows/count"' in listed
    moved = entries(Difference("transitions", "late", "late", [], []))
    assert 'endpoint="POST /flow_runs/{id}/set_state"' in moved


def test_differences_that_the_registry_explains_need_no_entry() -> None:
    """The reader is told which entries the registry has for the release."""
    text = entries(filters([1], []), release="3.9.1", before="3.9.0")
    assert "The registry has for 3.9.1: state-both-lists" in text
    assert "Change(" not in text
