"""Explanations of filters, case by case; test_counts.py holds their numbers."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

import mockserver
from mockserver.errors import UsageError
from mockserver.insight.explanation import Explanation, cascade, explain
from mockserver.insight.explanation.conditions import keys_of
from mockserver.insight.explanation.run_verdicts import Verdict
from mockserver.prefect import DIALECTS, dialect_for
from mockserver.prefect.records import Deployment, Flow, FlowRun, State, StateType, TaskRun
from mockserver.store import Base, Store
from tests.support.strategies import IDS, START, TASK_IDS

COMPLETED = State(StateType.COMPLETED, "Completed")
LATE = State(StateType.SCHEDULED, "Late")
DAY = timedelta(days=1)
RUNS = [
    FlowRun(id=IDS[0], name="old", state=COMPLETED, end_time=START - 90 * DAY, tags=("keep",)),
    FlowRun(id=IDS[1], name="recent", state=COMPLETED, end_time=START - 29 * DAY),
    FlowRun(id=IDS[2], name="fresh", state=COMPLETED, end_time=START - 1 * DAY),
    FlowRun(id=IDS[3], name="late", state=LATE, deployment_id=IDS[9]),
    FlowRun(id=IDS[4], name="late", state=LATE, deployment_id=IDS[8]),
]
STORE = Store(
    Base(
        RUNS,
        flows=[Flow(IDS[7], "etl")],
        deployments=[Deployment(IDS[9], "prod", IDS[7])],
    )
)
OLD = {
    "state": {"type": {"any_": ["COMPLETED"]}},
    "end_time": {"before_": (START - 30 * DAY).isoformat()},
}


def explained(filter_: Any, dialect: str = "spec", **more: Any) -> Explanation:
    return explain(STORE, filter_, dialect, START, **more)


def test_a_filter_is_explained() -> None:
    """What goes, what stays, and what decides."""
    found = explained(OLD)
    assert (found.matching, found.deleted, found.staying, found.calls) == (1, 1, 4, 1)
    assert [run.name for run in found.first] == ["old"]
    assert [(one.key, one.alone) for one in found.conditions] == [
        ("state.type.any_", 0),
        ("end_time.before_", 2),
    ]
    assert [(one.run.name, one.distance) for one in found.near_misses] == [
        ("recent", DAY),
        ("fresh", 29 * DAY),
    ]
    assert not found.found_problem
    assert len(STORE) == 5


def test_it_is_a_public_name() -> None:
    """`from mockserver import explain`."""
    assert mockserver.explain is explain
    assert mockserver.Explanation is Explanation


def test_without_a_time_it_is_now() -> None:
    """Ages count from the clock."""
    assert abs(explain(STORE, {}).now - datetime.now(START.tzinfo)) < DAY


def test_after_counts_back_from_its_bound() -> None:
    """The runs just before it are nearest; those without a time come last."""
    found = explained({"end_time": {"after_": (START - 10 * DAY).isoformat()}})
    assert [(one.run.name, one.distance and one.distance / DAY) for one in found.near_misses] == [
        ("recent", 19),
        ("old", 80),
        ("late", None),
        ("late", None),
    ]


@pytest.mark.parametrize("bound", ["before_", "after_"])
def test_the_ends_of_time_have_nothing_beyond(bound: str) -> None:
    """Only runs without a time are spared by such a bound."""
    end = {"before_": "9999-12-31T23:59:59.999999Z", "after_": "0001-01-01T00:00:00Z"}[bound]
    found = explained({"end_time": {bound: end}})
    assert [one.distance for one in found.near_misses] == [None, None]


def test_conditions_joined_by_or_let_runs_in() -> None:
    """Each alone, and groups as a whole."""
    found = explained(
        {"operator": "or_", "name": {"any_": ["old"]}, **OLD, "tags": {"is_null_": True}}
    )
    told = [(one.key, one.effect.value, one.alone) for one in found.conditions]
    assert told == [
        ("name.any_", "lets in", 0),
        ("tags.is_null_", "lets in", 2),
        ("state.type.any_", "lets in", 0),
        ("end_time.before_", "lets in", 0),
    ]
    both = {"tags": {"operator": "or_", "any_": ["keep"], "is_null_": True}, "name": {"like_": "o"}}
    told = [(one.key, one.effect.value, one.alone) for one in explained(both).conditions]
    assert told == [
        ("name.like_", "keeps out", 4),
        ("tags", "keeps out", 0),
        ("tags.any_", "lets in", 1),
        ("tags.is_null_", "lets in", 0),
    ]


def test_groups_within_or_keep_out_what_they_need() -> None:
    """A criterion of two conditions lets runs in, and each of its conditions keeps some out."""
    found = explained(
        {
            "operator": "or_",
            "name": {"any_": ["old"]},
            "end_time": {
                "before_": (START - 2 * DAY).isoformat(),
                "after_": (START - 80 * DAY).isoformat(),
            },
        }
    )
    assert [(one.key, one.effect.value, one.alone) for one in found.conditions] == [
        ("name.any_", "lets in", 1),
        ("end_time", "lets in", 1),
        ("end_time.before_", "keeps out", 1),
        ("end_time.after_", "keeps out", 0),
    ]


@pytest.mark.parametrize(
    ("filter_", "dialect", "told"),
    [
        ({"tags": {"all_": []}}, "spec", {"tags.all_": "it is empty"}),
        ({"tags": {"all_": []}}, "prefect-sqlite@3.6.16", {"tags.all_": "it is empty"}),
        (
            {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}},
            "prefect-sqlite@3.9.0",
            dict.fromkeys(
                ("state.type.any_", "state.type.not_any_"),
                "prefect-sqlite@3.9.0 drops it, as any_ and not_any_ stand together "
                "(state-both-lists)",
            ),
        ),
        (
            {"operator": "or_", "tags": {"operator": "or_"}, "name": {"any_": ["old"]}},
            "spec",
            {"name.any_": "another condition is satisfied by every run"},
        ),
        (OLD, "spec", {}),
    ],
)
def test_keys_that_decide_nothing_are_told(
    filter_: Any, dialect: str, told: dict[str, str]
) -> None:
    """With the reason."""
    assert {one.key: one.reason for one in explained(filter_, dialect).idle} == told


def test_no_filter_has_no_keys() -> None:
    """A body without a filter selects everything."""
    assert keys_of(None, DIALECTS["spec"]) == {}
    assert explained({"limit": 2}).calls == 3


def test_warnings_say_what_is_meant() -> None:
    """Those of the filter and of how it was written; notes are told apart."""
    found = explained({"flow_run": OLD}, "prefect-sqlite")
    assert [(one.id, one.is_note) for one in found.warnings] == [
        ("no-filter", False),
        ("unknown-key", False),
    ]
    assert found.warnings[1].sentence.endswith("was ignored: flow_run")
    both = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}
    (warned,) = explained(both, "prefect-sqlite").warnings
    assert (warned.id, warned.is_note) == ("state-both-lists", True)


def test_runs_that_a_null_spares_are_counted() -> None:
    """`not_any_` leaves them out."""
    found = explained({"idempotency_key": {"not_any_": ["a"]}})
    assert (found.matching, found.null_skipped) == (0, 5)
    assert [one.id for one in found.warnings] == ["null-values-skipped"]


def test_a_query_that_the_database_refuses_deletes_nothing() -> None:
    """It is a problem, with the reason; protected runs are safe."""
    tags = {"tags": {"any_": [f"t{number}" for number in range(200)] + ["keep"]}}
    found = explained(tags, "prefect-sqlite", protect=[{}])
    assert found.failure is not None
    assert (found.matching, found.deleted, found.staying, found.calls) == (1, 0, 5, 0)
    assert found.protected_going == 0
    assert found.found_problem
    assert {one.where for one in found.other_servers or () if one.count} == {
        "the document (spec)",
        "Prefect 3.6.16 and later on PostgreSQL",
    }


def test_a_failure_may_need_a_row() -> None:
    """SQLite looks at the length of a pattern only when it compares a name."""
    name = {"name": {"like_": "a" * 60_000}}
    assert explain(Store(Base(())), name, "prefect-sqlite", START).failure is None
    assert explained(name, "prefect-sqlite").failure is not None


def test_tables_have_names_for_ids() -> None:
    """Of flows and deployments; one that is not known is told by its id."""
    tables = {table.title: table for table in explained({"name": {"any_": ["late"]}}).tables}
    assert [(row.name, row.value) for row in tables["deployment"].rows] == [
        (IDS[8], IDS[8]),
        ("etl/prod", IDS[9]),
    ]
    assert [(row.name, row.value, row.total) for row in tables["state"].rows] == [
        ("Late (SCHEDULED)", "SCHEDULED", 2)
    ]


def test_long_tables_are_cut() -> None:
    """What is left out is counted."""
    runs = [FlowRun(id=f"{number:08}", name="a", tags=(f"t{number:03}",)) for number in range(60)]
    (table,) = explain(Store(Base(runs)), {}, "spec", START).tables
    assert (table.title, len(table.rows), table.more) == ("tag", 50, 10)


def test_ages_are_from_the_youngest_to_the_oldest() -> None:
    """With the span in days that a script could use."""
    (table,) = (one for one in explained({}).tables if one.title == "age")
    assert [(row.name, row.value, row.selected) for row in table.rows] == [
        ("under 1 day", "0-1", 1),
        ("7 to 30 days", "7-30", 1),
        ("30 to 90 days", "30-90", 1),
        ("no time", None, 2),
    ]


def test_ages_near_the_first_year_are_told() -> None:
    """The clock can be frozen anywhere."""
    first = START.replace(year=1, month=1, day=1)
    runs = [
        FlowRun(id="1", name="a", end_time=first),
        FlowRun(id="2", name="b"),
    ]
    (table,) = explain(Store(Base(runs)), {}, "spec", first + DAY / 2).tables
    assert sum(row.selected for row in table.rows) == 2


def subflows() -> Store:
    """A chain of runs, each a subflow of the one with the next id."""
    tasks = [TaskRun(TASK_IDS[at], IDS[at + 1]) for at in range(4)]
    runs = [
        FlowRun(id=IDS[at], name=f"run-{at}", parent_task_run_id=TASK_IDS[at] if at < 4 else None)
        for at in range(5)
    ]
    return Store(Base(runs, tasks))


def test_runs_that_match_without_their_parents_go_later() -> None:
    """A delete of parents leaves subflows that match now: a drain takes them all."""
    store = subflows()
    found = explain(
        store, {"parent_task_run_id": {"is_null_": True}}, "spec", START, runs=["run-0", "run-4"]
    )
    assert (found.matching, found.deleted, found.calls) == (1, 5, 5)
    assert found.drain is not None
    assert set(found.drain.added) == set(IDS[:4])
    child, parent = found.runs
    assert (child.goes, child.turned, child.verdict.holds) == (True, True, False)
    assert (parent.goes, parent.call, parent.turned) == (True, 1, False)


def test_runs_that_lose_their_parents_may_escape() -> None:
    """They matched only as long as they had one."""
    store = subflows()
    body = {"flow_runs": {"parent_task_run_id": {"is_null_": False}}, "limit": 1}
    found = explain(store, body, "spec", START, runs=["run-2"], protect=[{"id": {"any_": IDS[:3]}}])
    assert (found.matching, found.deleted, found.calls) == (4, 2, 2)
    assert found.drain is not None
    assert found.drain.escaped == (IDS[2], IDS[0])
    (verdict,) = found.runs
    assert (verdict.goes, verdict.turned) == (False, True)
    (protection,) = found.protections
    assert [run.id for run in protection.going.first] == [IDS[1]]


def test_a_long_drain_is_not_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then what the filter selects is told."""
    monkeypatch.setattr(cascade, "MAX_CALLS", 3)
    found = explain(subflows(), {"parent_task_run_id": {"is_null_": True}}, "spec", START)
    assert found.drain is None
    assert found.deleted == 1


def test_task_runs_that_were_added_go_too() -> None:
    """Those of the base, and those that came since."""
    store = subflows()
    store.task_runs.put(TaskRun(TASK_IDS[6], IDS[4]))
    assert explain(store, {"id": {"any_": [IDS[4]]}}, "spec", START).cascade.task_runs == 2


def test_a_run_is_explained_by_id_or_name() -> None:
    """What each condition says of it, and what spares it."""
    found = explained(OLD, runs=[IDS[1].upper(), "old", "late"])
    recent, old, *late = found.runs
    assert not recent.goes
    assert [one.key for one in recent.spared_by] == ["end_time.before_"]
    assert recent.verdict.parts[1] == Verdict(
        "end_time.before_",
        "end_time is at or before 2026-01-01T12:00:00Z",
        False,
        "2026-01-02T12:00:00Z",
    )
    assert (old.goes, old.call, old.spared_by) == (True, 1, ())
    assert [one.run.id for one in late] == [IDS[4], IDS[3]]
    assert late[0].verdict.parts[1].value == "null"


def test_groups_of_conditions_have_a_verdict() -> None:
    """Any of them is enough under or_."""
    filter_ = {"operator": "or_", "tags": {"any_": ["keep"]}, "name": {"any_": ["fresh"]}}
    (fresh, late) = explained(filter_, runs=["fresh", IDS[3]]).runs
    assert fresh.verdict.sentence == "any of these"
    assert [part.holds for part in fresh.verdict.parts] == [True, False]
    assert fresh.verdict.parts[1].value == "{}"
    assert len(late.spared_by) == 2
    (every,) = explained({}, runs=["old"]).runs
    assert (every.verdict.sentence, every.verdict.parts) == ("every flow run", ())


def test_a_second_page_of_runs_goes_in_a_later_call() -> None:
    """The call is that in which a drain takes it."""
    (verdict,) = explained({"flow_runs": {}, "limit": 2}, runs=["old"]).runs
    assert verdict.call == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("store", {}), "the store is a str; expected a Store"),
        ((STORE, {}, 7), "the dialect is a int; expected a Dialect or its name"),
        ((STORE, {}, "prefect"), "no dialect 'prefect'; expected spec"),
        ((STORE, {}, "spec", datetime(2026, 1, 1)), "now is datetime.datetime(2026, 1, 1"),
        ((STORE, {}, "spec", "now"), "now is 'now'; expected a datetime with a time zone"),
        ((STORE, 7), "the filter is a int; expected a dict"),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: Any, expected: str) -> None:
    """What came, and what was expected."""
    with pytest.raises(UsageError) as caught:
        explain(*arguments)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"runs": "old"}, "runs is a str; expected a list"),
        ({"protect": {"name": {}}}, "protect is a dict; expected a list"),
        ({"protect": [{}, {"tag": {}}]}, "protected filter 2 is refused by spec"),
        ({"runs": ["nobody"]}, "no flow run has the id or the name 'nobody'"),
    ],
)
def test_wrong_options_get_a_sentence(more: Any, expected: str) -> None:
    """The one that is wrong is named."""
    with pytest.raises(UsageError) as caught:
        explained({}, **more)
    assert expected in str(caught.value)


def test_dialects_may_be_values() -> None:
    """As `bulk_delete` takes them."""
    dialect = dialect_for("postgresql", "3.8.8")
    assert explain(STORE, json.dumps(OLD), dialect, START).dialect is dialect
