"""The page and the JSON value of an explanation. Claim: they tell what it holds, shortly."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from rich.console import Console

from mockserver.insight.explanation import explain, explanation_page, explanation_value
from mockserver.insight.explanation.explanation_pages import format_span, headline
from mockserver.prefect.records import FlowRun, State, StateType
from mockserver.rendering import (
    Entry,
    Page,
    Section,
    Tone,
    print_page,
    render_markdown,
    render_page,
)
from mockserver.store import Base, Store
from tests.insight.explanation.test_explanation import DAY, OLD, STORE, explained, subflows
from tests.support.strategies import IDS, START, bases, filters


def section(page: Page, name: str) -> Section:
    (found,) = (one for one in page.sections if one.name == name)
    return found


def details_of(entry: Entry) -> dict[str, str]:
    return dict(entry.details)


def page_of(filter_: Any, dialect: str = "spec", **more: Any) -> Page:
    return explanation_page(explained(filter_, dialect, **more))


@pytest.mark.parametrize(
    ("filter_", "dialect", "protect", "expected"),
    [
        (OLD, "spec", (), "1 of 5 flow runs goes in 1 call; 4 stay"),
        ({}, "spec", (), "All 5 flow runs go in 1 call; 0 stay"),
        ({"limit": 2}, "spec", (), "All 5 flow runs go in 3 calls; 0 stay"),
        ({"name": {"any_": []}}, "spec", (), "0 of 5 flow runs go; 5 stay"),
        ({}, "spec", [OLD], "All 5 flow runs go in 1 call, of which 1 is protected; 0 stay"),
        ({}, "spec", [{}], "All 5 flow runs go in 1 call, of which 5 are protected; 0 stay"),
        (
            {"tags": {"any_": [f"t{number}" for number in range(200)]}},
            "prefect-sqlite@3.9.1",
            (),
            "prefect-sqlite@3.9.1 fails to answer this filter, and deletes nothing",
        ),
    ],
)
def test_the_headline_says_what_goes(
    filter_: Any, dialect: str, protect: Any, expected: str
) -> None:
    """How many, in how many calls, and whether that is a problem."""
    found = explained(filter_, dialect, protect=protect)
    assert headline(found) == expected
    page = explanation_page(found)
    assert page.tone is (Tone.BAD if found.found_problem else Tone.GOOD)
    assert page.facts == (("dialect", found.dialect.name),)


def test_an_empty_store_has_a_headline() -> None:
    """Nothing goes, since there is nothing."""
    assert headline(explain(Store(Base(())), {})) == "0 of 0 flow runs go; 0 stay"


def test_the_most_important_comes_first() -> None:
    """Protected runs, the runs that were asked for, what goes, warnings; then why."""
    page = page_of({"limit": 1, "flow_run": {}}, "spec", protect=[OLD], runs=["old"])
    assert [one.name for one in page.sections] == [
        "protected", "the runs asked for", "what goes", "warnings", "what goes, by",
        "other servers",
    ]  # fmt: skip
    page = page_of(OLD)
    assert [one.name for one in page.sections] == [
        "what goes", "what goes, by", "what decides", "near misses", "other servers",
    ]  # fmt: skip


def test_what_goes_has_all_that_goes_with_it() -> None:
    """The sentence, the order, task runs, subflows."""
    (entry,) = section(page_of(OLD), "what goes").entries
    assert (entry.label, entry.title, entry.subject) == ("selects", "1 flow run", "of 5")
    assert details_of(entry) == {
        "those for which": "state_type is one of {COMPLETED} and end_time is at or before "
        "2026-01-01T12:00:00Z",
        "how": "up to 50 a call, the highest ids first",
    }
    assert entry.rows == ((IDS[0], "old", "Completed"),)
    found = explain(subflows(), {"id": {"any_": [IDS[4]]}}, "spec", START)
    (entry,) = section(explanation_page(found), "what goes").entries
    assert details_of(entry)["with them go"] == "1 task run"
    assert details_of(entry)["lose their parent, and stay"] == "1 subflow"


def test_what_changes_during_a_drain_is_told() -> None:
    """For runs that go later, and for those that escape."""
    for is_null, name, expected in (
        (True, "later", "4 more flow runs match once their parents are gone, and go too"),
        (False, "escape", "2 flow runs match no more once their parents are gone, and stay"),
    ):
        body = {"flow_runs": {"parent_task_run_id": {"is_null_": is_null}}, "limit": 1}
        found = explain(subflows(), body, "spec", START, runs=["run-2"])
        page = explanation_page(found)
        (entry,) = section(page, "what goes").entries
        assert details_of(entry)[name] == expected
        (asked,) = section(page, "the runs asked for").entries
        assert asked.label == ("goes" if is_null else "stays")
        assert "once its parent is gone" in details_of(asked)["why"]


def test_protected_runs_are_shown() -> None:
    """Those that would go, up to a bound; filters that protect nothing are told."""
    protect = [{"state": {"type": {"any_": ["COMPLETED"]}}}, {"name": {"any_": ["nobody"]}}, OLD]
    shown = section(page_of({"name": {"any_": ["recent"]}}, protect=protect), "protected")
    (entry,) = shown.entries
    assert (entry.tone, entry.label, entry.title) == (Tone.BAD, "would go", "1 of 3 protected runs")
    assert entry.rows == ((IDS[1], "recent", "Completed"),)
    assert len(shown.good) == len(shown.notes) == 1
    assert shown.good[0].startswith("none of 1 protected run goes: state_type")
    assert shown.notes[0].startswith("protects nothing, as no flow run matches: name is one of")
    many = Store(Base([FlowRun(id=f"{number:08}", name="a") for number in range(20)]))
    page = explanation_page(explain(many, {}, "spec", START, protect=[{}]))
    (entry,) = section(page, "protected").entries
    assert entry.rows[-1] == ("... and 10 more", "", "")


def test_warnings_and_failures_are_told() -> None:
    """With numbers where there are some."""
    shown = section(page_of({"idempotency_key": {"not_any_": ["a"]}}), "warnings")
    (entry,) = shown.entries
    assert (entry.tone, entry.title) == (Tone.WARNING, "null-values-skipped")
    assert entry.details[0][1].endswith("because their value is null: 5 runs")
    both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
    (entry,) = section(page_of(both, "prefect-sqlite"), "warnings").entries
    assert entry.tone is Tone.NOTICE
    tags = {"tags": {"any_": [f"t{number}" for number in range(200)]}}
    page = page_of(tags, "prefect-sqlite")
    (entry,) = section(page, "what goes").entries
    assert details_of(entry)["but"].startswith("the server fails: ")


def test_asked_runs_have_a_verdict_for_each_condition() -> None:
    """And what they have in the column."""
    old, recent = section(page_of(OLD, runs=["old", "recent"]), "the runs asked for").entries
    assert (old.label, old.tone, old.subject) == ("goes", Tone.WARNING, IDS[0])
    assert old.details[0] == ("why", "every condition holds; it goes in call 1")
    assert recent.details == (
        ("spared by", "end_time.before_"),
        ("no", "all of these"),
        ("  yes", "state_type is one of {COMPLETED} (it has COMPLETED)"),
        ("  no", "end_time is at or before 2026-01-01T12:00:00Z (it has 2026-01-02T12:00:00Z)"),
    )


def test_tables_are_cut() -> None:
    """Numbers stand under each other; the rest is counted."""
    runs = [
        FlowRun(id=f"{number:08}", name="a", tags=tuple(f"t{one}" for one in range(number % 9)))
        for number in range(20)
    ]
    page = explanation_page(explain(Store(Base(runs)), {"tags": {"is_null_": False}}, now=START))
    (table,) = section(page, "what goes, by").entries
    assert table.title == "tag"
    assert table.rows[0] == ("t0", "17", "all")
    assert table.rows[5:] == (("t5", " 6", "all"), ("2 more", "  ", ""))


def test_conditions_and_near_misses_are_listed() -> None:
    """Also what decides nothing."""
    page = page_of({**OLD, "name": {"like_": ""}})
    (entry,) = section(page, "what decides").entries
    assert entry.rows == (
        ("state.type.any_", "none", "state_type is one of {COMPLETED}"),
        ("end_time.before_", "   2", "end_time is at or before 2026-01-01T12:00:00Z"),
    )
    assert section(page, "what decides").notes == ("name.like_ decides nothing: it is empty",)
    (misses,) = section(page, "near misses").entries
    assert (misses.title, misses.subject) == ("end_time.before_", "alone spares 2")
    assert misses.rows == (
        ("by 24 hours", IDS[1], "recent"),
        ("by 29 days", IDS[2], "fresh"),
    )
    either = {"operator": "or_", "name": {"any_": ["old"]}, "tags": {"is_null_": True}}
    (entry,) = section(page_of(either), "what decides").entries
    assert entry.rows[1] == ("tags.is_null_", "4", "lets in: tags is empty")
    (misses,) = section(page_of({"name": {"any_": ["old"]}}), "near misses").entries
    assert [row[0] for row in misses.rows] == ["", "", ""]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (400 * DAY, "400 days"),
        (47 * timedelta(hours=1), "47 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(microseconds=200_000), "0.2 s"),
    ],
)
def test_a_span_has_one_unit(span: timedelta, expected: str) -> None:
    """The largest of which there are two."""
    assert format_span(span) == expected


def test_other_servers_are_listed_together_where_they_do_the_same() -> None:
    """With the reason; a refusal has no number."""
    both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
    (entry,) = section(page_of(both), "other servers").entries
    assert entry.title == "Prefect 3.6.16 to 3.9.0 on SQLite and on PostgreSQL"
    assert entry.subject == "5 flow runs"
    assert details_of(entry) == {
        "those for which": "every flow run",
        "because of": "state-both-lists",
    }
    tags = {"tags": {"any_": [f"t{number}" for number in range(200)] + ["keep"]}}
    (entry,) = section(page_of(tags), "other servers").entries
    assert (entry.title, entry.subject) == ("Prefect 3.6.16 and later on SQLite", "none")
    assert "fails to answer it" in entry.details[0][1]
    assert section(page_of(OLD), "other servers").good[0].startswith("every release selects")


def test_what_was_not_asked_is_left_out() -> None:
    """Of a part of a server's runs, other servers and the totals of tables are not known."""
    found = explained(OLD)
    tables = tuple(
        replace(table, rows=tuple(replace(row, total=None) for row in table.rows))
        for table in found.tables
    )
    found = replace(found, other_servers=None, tables=tables)
    page = explanation_page(found)
    assert "other servers" not in [one.name for one in page.sections]
    assert section(page, "what goes, by").entries[0].rows == (("Completed", "1", ""),)
    assert explanation_value(found)["other_servers"] is None


def test_a_difference_may_have_no_single_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then none is named."""
    monkeypatch.setattr("mockserver.insight.explanation.dialect_counts.DEVIATIONS", ())
    both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
    (entry,) = section(page_of(both), "other servers").entries
    assert "because of" not in details_of(entry)


def test_the_value_has_all_that_the_page_has() -> None:
    """In keys that a script can rely on."""
    value = explanation_value(explained(OLD, protect=[OLD], runs=["recent"]))
    json.dumps(value)
    assert (value["version"], value["fails"], value["selected"], value["left"]) == (1, True, 1, 4)
    assert value["tables"]["state"]["rows"] == [
        {"name": "Completed", "value": "COMPLETED", "selected": 1, "flow_runs": 3}
    ]
    assert value["near_misses"][0] == {
        "id": IDS[1],
        "name": "recent",
        "state_type": "COMPLETED",
        "state_name": "Completed",
        "spared_by": "end_time.before_",
        "condition": "end_time is at or before 2026-01-01T12:00:00Z",
        "seconds": 86400.0,
    }
    (asked,) = value["runs"]
    assert (asked["goes"], asked["spared_by"]) == (False, ["end_time.before_"])
    assert value["protected"][0]["deleted"]["count"] == 1


@given(bases(), filters)
def test_every_explanation_can_be_told(base: Base, filter_: Any) -> None:
    """In each form, whatever it holds, and each says the same first."""
    found = explain(Store(base), {"flow_runs": filter_}, "prefect-sqlite@3.8.8", START)
    page = explanation_page(found)
    terminal = io.StringIO()
    print_page(page, Console(file=terminal, width=80), lead=True)
    assert json.loads(json.dumps(explanation_value(found)))["headline"] == page.headline
    assert page.headline in render_page(page)
    assert page.headline in render_markdown(page).replace("\\", "")
    assert page.headline in " ".join(terminal.getvalue().split())


def test_a_terminal_of_80_columns_is_enough() -> None:
    """Long names and states are cut in rows, which are not wrapped."""
    state = State(StateType.SCHEDULED, "AwaitingConcurrencySlot" * 3)
    runs = [
        FlowRun(id=id_, name="a-very-long-name-of-a-flow-run" * 3, state=state, end_time=START)
        for id_ in IDS
    ]
    filter_ = {
        "end_time": {"after_": "2026-01-31T13:00:00Z"},
        "next_scheduled_start_time": {"before_": "2026-01-31T13:00:00Z"},
        "parent_task_run_id": {"any_": IDS},
    }
    stream = io.StringIO()
    store = Store(Base(runs))
    for one in ({}, filter_, {"end_time": {"after_": "2026-01-31T13:00:00Z"}}):
        page = explanation_page(explain(store, one, "spec", START, protect=[{}]))
        print_page(page, Console(file=stream, width=80, highlight=False), lead=True)
    assert max(map(len, stream.getvalue().splitlines())) <= 80
    assert len(STORE) == 5
