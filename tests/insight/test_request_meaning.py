"""What a request means on a release. Claim: it is what the mock does with it."""

import json
from typing import Any

import pytest
from hypothesis import given

from mockserver.filters.predicates import MATCH_ALL, AllOf, AnyOf, Predicate
from mockserver.insight.request_meaning import (
    Meaning,
    Refusal,
    find_meaning,
    have_same_effect,
    simplify,
)
from mockserver.insight.selecting_endpoints import SELECTING_ENDPOINTS, Effect
from mockserver.prefect.dialects import dialect_for
from mockserver.requests import Message
from mockserver.store import Base, Store
from tests.store.test_store import predicate_of
from tests.support.strategies import START, bases, filters


def meaning_of(
    body: Any, release: str, path: str = "bulk_delete", database: str = "sqlite"
) -> Meaning | Refusal:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    endpoint = SELECTING_ENDPOINTS[f"/flow_runs/{path}"]
    message = Message(content, "application/json")
    return find_meaning(endpoint, message, dialect_for(database, release), START)


def test_each_endpoint_has_an_effect() -> None:
    """Deletes and changes are told apart from what only reads."""
    effects = {path: one.effect for path, one in SELECTING_ENDPOINTS.items()}
    assert effects["/flow_runs/bulk_delete"] is Effect.DELETES
    assert effects["/flow_runs/bulk_set_state"] is Effect.CHANGES
    assert list(effects.values()).count(Effect.READS) == 5
    assert [effect.infinitive for effect in Effect] == ["delete", "set the state of", "select"]


COMPLETED_ONLY = {"state": {"type": {"any_": ["COMPLETED"], "not_any_": ["FAILED"]}}}


@pytest.mark.parametrize(
    ("release", "sentence"),
    [
        ("3.8.8", "every flow run"),
        ("3.9.1", "state_type is one of {COMPLETED} and state_type is none of {FAILED}"),
    ],
)
def test_a_meaning_is_a_sentence(release: str, sentence: str) -> None:
    """It has the condition that the release evaluates."""
    assert str(meaning_of({"flow_runs": COMPLETED_ONLY}, release)) == sentence


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "every flow run"),
        ({"flows": {"name": {"any_": ["f"]}}}, "flows: name is one of {f}"),
        (
            {"flow_runs": {}, "task_runs": {"tags": {"all_": ["t"]}}},
            "flow runs: every flow run; task runs: tags has all of {t}",
        ),
    ],
)
def test_filters_on_other_records_are_named(body: Any, sentence: str) -> None:
    """The sentence says which condition is on which kind of record."""
    assert str(meaning_of(body, "3.9.1", "count")) == sentence


@pytest.mark.parametrize(
    ("path", "body", "before", "after"),
    [
        # Prefect 3.8.0 no longer divides by the limit.
        ("paginate", {"limit": 0}, "fails to answer it", ""),
        # Prefect 3.6.22 brought end_time of task runs.
        (
            "count",
            {"task_runs": {"end_time": {"is_null_": True}}},
            "refuses it as invalid: body.task_runs.end_time: Extra inputs are not permitted",
            "",
        ),
        ("filter", {"limit": 201}, "refuses it: Invalid limit", "refuses it: Invalid limit"),
        ("bulk_delete", b"{", "refuses it as invalid: body.1", "refuses it as invalid: body.1"),
        ("bulk_set_state", {"state": {"type": "PENDING"}}, "", ""),
        ("history", {}, "refuses it as invalid", "refuses it as invalid"),
    ],
)
def test_a_refusal_has_its_reason(path: str, body: Any, before: str, after: str) -> None:
    """A request is refused by the releases that refuse it, in words."""
    for release, reason in (("3.6.16", before), ("3.9.1", after)):
        meaning = meaning_of(body, release, path)
        assert isinstance(meaning, Refusal) is bool(reason)
        assert not reason or str(meaning).startswith(reason)


def test_a_query_that_a_database_refuses_is_a_refusal() -> None:
    """PostgreSQL cannot hold NUL. While 3.8.8 drops the list, the query has none."""
    state = {"name": {"any_": ["a\0"], "not_any_": ["b"]}}
    body = {"flow_runs": {"state": state}}
    assert isinstance(meaning_of(body, "3.8.8", database="postgresql"), Meaning)
    assert isinstance(meaning_of(body, "3.9.1", database="postgresql"), Refusal)
    assert isinstance(meaning_of(body, "3.9.1"), Meaning)


def test_refusals_have_the_same_effect_for_any_reason() -> None:
    """Nothing is done; and a request that is carried out never has the same effect."""
    assert have_same_effect(Refusal("a"), Refusal("b"))
    done = meaning_of({}, "3.9.1")
    assert not have_same_effect(Refusal("a"), done)
    assert not have_same_effect(done, Refusal("a"))
    assert have_same_effect(done, meaning_of({}, "3.8.8"))


NAMED, TAGGED = predicate_of({"name": {"any_": ["a"]}}), predicate_of({"tags": {"any_": ["a"]}})
NO_RUN = AnyOf(())


@pytest.mark.parametrize(
    ("predicate", "simple"),
    [
        (NAMED, NAMED),
        (MATCH_ALL, MATCH_ALL),
        (NO_RUN, NO_RUN),
        (AllOf((NAMED, MATCH_ALL)), NAMED),
        (AllOf((NAMED, NO_RUN)), NO_RUN),
        (AnyOf((NAMED, MATCH_ALL)), MATCH_ALL),
        (AnyOf((NAMED, NO_RUN)), NAMED),
        (AllOf((AllOf((NAMED, TAGGED)), NAMED)), AllOf((NAMED, TAGGED, NAMED))),
        (AnyOf((AllOf((NAMED, TAGGED)), NAMED)), AnyOf((AllOf((NAMED, TAGGED)), NAMED))),
        (AnyOf((AllOf((MATCH_ALL, AnyOf((NO_RUN, MATCH_ALL)))), NAMED)), MATCH_ALL),
    ],
)
def test_a_simplified_predicate_has_no_idle_part(predicate: Predicate, simple: Predicate) -> None:
    """What decides nothing is gone, and so are needless brackets."""
    assert simplify(predicate) == simple


@given(bases(), filters)
def test_a_simplified_predicate_is_equal(base: Base, filter_: Any) -> None:
    """It matches the same runs, also in the releases with the most deviations."""
    predicate = predicate_of(filter_, dialect_for("sqlite", "3.6.16"))
    simple = simplify(predicate)
    assert [predicate(run) for run in base.runs] == [simple(run) for run in base.runs]


@given(bases(), filters)
def test_a_meaning_selects_what_its_release_selects(base: Base, filter_: Any) -> None:
    """On a store, its condition is that of the filter under the dialect of the release."""
    for release in ("3.6.22", "3.8.8", "3.9.1"):
        meaning = meaning_of({"flow_runs": filter_}, release)
        assert isinstance(meaning, Meaning)
        predicate = predicate_of(filter_, dialect_for("sqlite", release))
        store = Store(base)
        assert store.select(meaning.predicate_on(store)) == store.select(predicate)
