"""What the reports about releases say, as pages and as JSON."""

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from mockserver.insight import comparison_pages
from mockserver.insight.comparison_pages import comparison_page
from mockserver.insight.recorded_requests import parse_requests
from mockserver.insight.release_differences import (
    ReleaseComparison,
    compare_releases,
    describe_release,
    list_differences,
)
from mockserver.insight.release_json import all_releases_value, comparison_value, release_value
from mockserver.insight.release_pages import all_releases_page, release_page
from mockserver.insight.request_comparison import RequestComparison, compare_requests
from mockserver.prefect import NEWEST, RELEASES
from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.rendering import Entry, Page, Section, Tone
from mockserver.store import Base, Store
from tests.support.strategies import START

BOTH_LISTS = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}}
STATES = (
    State(StateType.COMPLETED, "Completed"),
    State(StateType.SCHEDULED, "Late"),
    State(StateType.FAILED, "Failed"),
    None,
)
STORE = Store(
    Base(
        FlowRun(id=f"{number:08}", name=f"run-\n{number}", state=state)
        for number, state in enumerate(STATES)
    )
)


def section(page: Page, name: str) -> Section:
    (found,) = (one for one in page.sections if one.name == name)
    return found


def releases(before: str, after: str) -> ReleaseComparison:
    return compare_releases(dialect_for("sqlite", before), dialect_for("sqlite", after))


def requests(
    compared: ReleaseComparison, *values: Any, store: Store | None = None
) -> RequestComparison:
    content = "\n".join(json.dumps(value) for value in values).encode()
    return compare_requests(parse_requests(content, "f"), compared, START, store)


def request_page(*values: Any, store: Store | None = None, **options: Any) -> Page:
    compared = releases("3.8.8", "3.9.1")
    return comparison_page(compared, requests(compared, *values, store=store), **options)


def test_the_list_has_a_section_for_each_release_that_changed_something() -> None:
    """Each with what was before and what is since, and the database if it is only one."""
    page = all_releases_page()
    assert [one.name for one in page.sections[1:]] == list(
        dict.fromkeys(one.release for one in list_differences())
    )
    entry = next(e for e in section(page, "3.9.1").entries if e.title == "log-search-on-sqlite")
    assert entry.subject == "POST /logs/filter on SQLite"
    assert [name for name, _ in entry.details] == ["before 3.9.1", "since 3.9.1"]
    fixed = next(e for e in section(page, "3.9.1").entries if e.title == "state-both-lists")
    assert (fixed.label, fixed.tone) == ("fixed", Tone.GOOD)
    assert [name for name, _ in fixed.details] == ["document", "before 3.9.1", "since 3.9.1"]
    assert fixed.details[2][1] == "as the document says"


def test_the_list_can_be_of_one_database() -> None:
    """PostgreSQL never had the trouble with the search in logs."""
    page = all_releases_page(("postgresql",))
    titles = {entry.title for one in page.sections for entry in one.entries}
    assert "log-search-on-sqlite" not in titles
    assert ("database", "PostgreSQL") in page.facts


def test_the_page_of_a_release_has_its_deviations_and_what_comes_next() -> None:
    """And says where it stands between its neighbours."""
    page = release_page(describe_release("3.8.8"))
    ids = {entry.title for entry in section(page, "deviations").entries}
    assert "state-both-lists" in ids
    assert [e.title for e in section(page, "what 3.8.8 changed").entries] == ["log-search-literal"]
    coming = [entry.title for entry in section(page, "next, with 3.9.0").entries]
    assert coming == ["names-needed", "counted-runs-bounded"]
    assert page.headline.startswith("Prefect 3.8.8 deviates from the API document in ")


def test_the_page_of_a_release_says_that_it_changed_nothing() -> None:
    """Nothing that was seen, that is; the next release that changed something is shown."""
    page = release_page(describe_release("3.8.4"))
    assert section(page, "what 3.8.4 changed").notes == ("nothing that was seen",)
    assert section(page, "next, with 3.8.5").entries


def test_the_page_of_the_newest_release_has_nothing_after_it() -> None:
    """But what it changed itself."""
    page = release_page(describe_release(NEWEST))
    assert [one.name for one in page.sections] == ["deviations", f"what {NEWEST} changed"]
    assert section(page, f"what {NEWEST} changed").entries


@pytest.mark.parametrize(
    ("before", "after", "headline"),
    [
        ("3.9.1", "3.9.1", "Prefect 3.9.1 is both releases: nothing changes"),
        ("3.6.27", "3.6.28", "Nothing was seen to change between Prefect 3.6.27 and 3.6.28"),
        ("3.8.8", "3.9.0", "The upgrade from Prefect 3.8.8 to 3.9.0 changes 0 deviations and "
         "2 other things"),
        ("3.6.23", "3.6.22", "The downgrade from Prefect 3.6.23 to 3.6.22 changes 1 deviation and "
         "1 other thing"),
    ],
)  # fmt: skip
def test_a_comparison_is_summed_up(before: str, after: str, headline: str) -> None:
    """In a sentence that says how much changes, and in which direction."""
    page = comparison_page(releases(before, after))
    assert (page.headline, page.tone) == (headline, Tone.GOOD)


def test_sections_without_differences_say_so() -> None:
    """A reader sees that something was looked for."""
    page = comparison_page(releases("3.9.1", "3.9.1"))
    assert [one.notes for one in page.sections] == [("none",), ("none",)]


@pytest.mark.parametrize(
    ("before", "after", "label", "order"),
    [("3.8.8", "3.9.1", "fixed", 1), ("3.9.1", "3.8.8", "deviates", -1)],
)
def test_a_downgrade_meets_a_difference_from_its_other_side(
    before: str, after: str, label: str, order: int
) -> None:
    """What was fixed deviates again; the release that is left is told first."""
    page = comparison_page(releases(before, after))
    entries = section(page, "deviations that come and go").entries
    entry = next(one for one in entries if one.title == "state-both-lists")
    assert (entry.label, entry.opened) == (label, True)
    assert entry.subject == "POST /flow_runs/bulk_delete, fixed in 3.9.1"
    assert [name for name, _ in entry.details] == ["document", *["3.8.8", "3.9.1"][::order]]


def request_entry(page: Page) -> Entry:
    return section(page, "your requests").entries[0]


def test_a_request_is_told_with_its_runs() -> None:
    """What each release deletes, in how many calls, why, and which runs only one deletes."""
    body = {**BOTH_LISTS, "limit": 3}
    page = request_page(body, body, {"limit": 1}, store=STORE, facts=(("flow runs", "4 from s"),))
    entry = request_entry(page)
    assert (entry.label, entry.title) == ("differs", "f:1 and 1 more")
    assert entry.code == json.dumps(body)
    assert entry.details == (
        ("3.8.8 deletes", "4 flow runs in 2 calls: every flow run"),
        (
            "3.9.1 deletes",
            "1 flow run in 1 call: state_type is one of {COMPLETED} and state_type is none of "
            "{FAILED}",
        ),
        ("because of", "state-both-lists (fixed in 3.9.1)"),
        ("only 3.8.8 deletes", "3 flow runs"),
    )
    assert entry.rows == (
        ("only 3.8.8", "00000003", "run-\\n3", ""),
        ("only 3.8.8", "00000002", "run-\\n2", "Failed"),
        ("only 3.8.8", "00000001", "run-\\n1", "Late (SCHEDULED)"),
    )
    assert section(page, "your requests").good == (
        "1 request selects the same flow runs, whatever there are",
    )
    assert (page.tone, page.facts[-1]) == (Tone.BAD, ("flow runs", "4 from s"))
    assert page.headline == (
        "2 of 3 requests would delete fewer flow runs after the upgrade from Prefect 3.8.8 to 3.9.1"
    )


def test_only_what_makes_a_request_differ_is_told_in_full() -> None:
    """The other changes are one line each."""
    page = request_page(BOTH_LISTS)
    opened = {entry.title for one in page.sections[:2] for entry in one.entries if entry.opened}
    assert opened == {"state-both-lists"}


def test_without_runs_the_condition_is_told() -> None:
    """And how to learn more."""
    page = request_page(BOTH_LISTS, {"path": "/flow_runs/count", "body": {}})
    entry = request_entry(page)
    assert entry.details[0] == ("3.8.8 deletes", "every flow run")
    assert entry.rows == ()
    assert "would delete by another condition after the upgrade" in page.headline
    assert "with --runs" in section(page, "your requests").notes[-1]


def test_what_does_not_matter_is_told_apart() -> None:
    """Another condition that selects the same of these runs is no difference to worry about."""
    page = request_page(BOTH_LISTS, store=Store(Base([FlowRun(id="0", name="n", state=STATES[0])])))
    entry = request_entry(page)
    assert (entry.label, entry.tone, page.tone) == ("same runs", Tone.NOTICE, Tone.GOOD)
    assert section(page, "your requests").good == (
        "1 request with another condition, which selects the same of these 1 flow run",
    )
    assert page.headline.startswith("None of 1 request would select other flow runs")


def test_requests_that_are_not_compared_are_counted() -> None:
    """By what they ask for, the most frequent first, up to a bound."""
    others = [{"method": "GET", "path": f"/{name}"} for name in "aabcdefg"]
    page = request_page(*others)
    assert page.headline == "None of 8 requests selects flow runs"
    (note, _) = section(page, "your requests").notes
    assert note == (
        "not compared, as no flow runs are selected: 8 requests "
        "(GET /a: 2, GET /b: 1, GET /c: 1, GET /d: 1, GET /e: 1, 2 more)"
    )
    (note, _) = section(request_page(others[0]), "your requests").notes
    assert note == "not compared, as no flow runs are selected: 1 request (GET /a: 1)"


def test_requests_that_both_refuse_are_counted() -> None:
    """With the first one and its reason; there is nothing to worry about, but to look at."""
    page = request_page({"limit": 0}, {"limit": 99})
    note = section(page, "your requests").notes[0]
    assert note.startswith("refused by both: 2 requests, the first at f:1: a server ")


def test_requests_that_delete_everything_are_told() -> None:
    """It may be another file that was given, whose keys are all ignored."""
    page = request_page({"id": "x", "name": "y"})
    assert section(page, "your requests").notes[0] == (
        "without a condition on both releases: 1 request, the first at f: a server deletes every "
        "flow run"
    )


def test_effects_have_their_verbs() -> None:
    """Requests with several effects are summed up by one that fits all."""
    state = {"path": "/flow_runs/bulk_set_state",
             "body": {**BOTH_LISTS, "state": {"type": "CANCELLING"}}}  # fmt: skip
    page = request_page(state, store=STORE)
    assert page.headline.startswith("1 of 1 request would set the state of fewer flow runs")
    assert request_entry(page).details[0][0] == "3.8.8 sets the state of"
    both = request_page(state, BOTH_LISTS, store=STORE)
    assert both.headline.startswith("2 of 2 requests would select fewer flow runs")
    assert "because of state-both-lists: 2 requests" in section(both, "your requests").notes


def test_a_refusal_is_told_with_its_reason() -> None:
    """A request that selects nothing anyway is not said to select other runs."""
    compared = releases("3.7.8", "3.8.0")
    body = {"limit": 0, "flow_runs": {"id": {"any_": []}}}
    result = requests(compared, {"path": "/flow_runs/paginate", "body": body}, store=STORE)
    page = comparison_page(compared, result)
    name, text = request_entry(page).details[0]
    assert name == "3.7.8"
    assert text.startswith("fails to answer it: ")
    assert request_entry(page).details[1] == ("3.8.0 selects", "0 flow runs: id is one of {}")
    assert page.headline.startswith("1 of 1 request would do otherwise after the upgrade")


@pytest.mark.parametrize(
    ("before", "after", "word"), [("3.8.8", "3.9.1", "fewer"), ("3.9.1", "3.8.8", "more")]
)
def test_the_headline_says_whether_more_or_fewer_runs_go(
    before: str, after: str, word: str
) -> None:
    """An upgrade that deletes more is another thing to hear than one that deletes fewer."""
    compared = releases(before, after)
    page = comparison_page(compared, requests(compared, BOTH_LISTS, store=STORE))
    assert page.headline.startswith(f"1 of 1 request would delete {word} flow runs after the ")


def test_the_headline_says_other_where_some_come_and_some_go() -> None:
    """One request gains runs, another loses some."""
    compared = releases("3.7.6", "3.9.1")
    ignored = {"path": "/flow_runs/bulk_delete", "body": {}, "warnings": {"body-ignored": ""}}
    page = comparison_page(compared, requests(compared, BOTH_LISTS, ignored, store=STORE))
    assert page.headline.startswith("2 of 2 requests would delete other flow runs after the ")


def test_a_body_that_was_not_sent_as_json_is_marked() -> None:
    """It is what makes the difference."""
    compared = releases("3.7.6", "3.7.8")
    exchange = {"path": "/flow_runs/bulk_delete", "body": {}, "warnings": {"body-ignored": ""}}
    entry = request_entry(comparison_page(compared, requests(compared, exchange)))
    assert entry.code == "(not sent as JSON) {}"


def test_differences_without_a_single_cause_say_so() -> None:
    """There may be one that needs several changes."""
    compared = replace(releases("3.8.8", "3.9.1"), differences=())
    entry = request_entry(comparison_page(compared, requests(compared, BOTH_LISTS)))
    assert ("because of", "several changes together") in entry.details


def test_long_reports_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many requests and runs there are beyond the bounds."""
    monkeypatch.setattr(comparison_pages, "MAX_ROWS", 1)
    bodies = [{**BOTH_LISTS, "limit": limit} for limit in (1, 2, 3)]
    page = request_page(*bodies, store=STORE, most=1)
    assert request_entry(page).rows[1:] == (("only 3.8.8", "... and 2 more", "", ""),)
    told = section(page, "your requests")
    assert len(told.entries) == 1
    assert told.notes[0] == "2 more requests would do otherwise; --json lists them"


DIFFERENCE = {
    "type": "object",
    "required": ["id", "kind", "release", "databases", "before", "since", "endpoint", "request"],
}


def test_the_list_as_json() -> None:
    """Every release is there, with its changes."""
    value = all_releases_value()
    assert [one["release"] for one in value["releases"]] == list(RELEASES)
    changes = [change for one in value["releases"] for change in one["changes"]]
    assert len(changes) == len(list_differences())
    for change in changes:
        jsonschema.validate(change, DIFFERENCE)
    json.dumps(value)


def test_a_release_as_json() -> None:
    """With the releases that have each of its deviations."""
    value = release_value(describe_release("3.8.8"))
    both = next(one for one in value["deviations"] if one["id"] == "state-both-lists")
    assert (both["since"], both["until"]) == ("3.6.16", "3.9.0")
    assert [one["id"] for one in value["next"]] == ["names-needed", "counted-runs-bounded"]
    assert [one["id"] for one in value["changes"]] == ["log-search-literal"]
    assert (value["release"], value["measured"]) == ("3.8.8", "3.8.8")
    json.dumps(value)


def test_a_comparison_as_json() -> None:
    """Every request that differs, with the runs and whether it fails."""
    compared = releases("3.8.8", "3.9.1")
    assert comparison_value(compared)["requests"] is None
    assert comparison_value(compared)["fails"] is False
    value = comparison_value(compared, requests(compared, BOTH_LISTS, store=STORE))
    json.dumps(value)
    (one,) = value["requests"]["differing"]
    assert (one["places"], one["times"], one["fails"]) == (["f"], 1, True)
    assert one["before"] == {"condition": "every flow run", "refusal": None, "flow_runs": 4}
    assert one["removed"] == {
        "count": 3,
        "first": [
            {"id": "00000003", "name": "run-\n3", "state_type": None, "state_name": None},
            {"id": "00000002", "name": "run-\n2", "state_type": "FAILED", "state_name": "Failed"},
            {"id": "00000001", "name": "run-\n1", "state_type": "SCHEDULED", "state_name": "Late"},
        ],
    }
    assert one["added"] == {"count": 0, "first": []}
    assert one["causes"] == ["state-both-lists"]
    assert value["fails"] is True
    assert value["requests"]["flow_runs"] == 4


def test_a_comparison_of_meanings_as_json() -> None:
    """There are no runs to tell, and a refusal has no condition."""
    compared = releases("3.7.8", "3.8.0")
    request = {"path": "/flow_runs/paginate", "body": {"limit": 0}}
    (one,) = comparison_value(compared, requests(compared, request))["requests"]["differing"]
    assert (one["added"], one["removed"]) == (None, None)
    assert one["before"]["condition"] is None
    assert one["before"]["refusal"].startswith("fails to answer it")
