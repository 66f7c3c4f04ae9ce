"""Advice for filters that are refused. Claim: what is said instead can be said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from string import Template
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.filters import FlowRunFilter
from mockserver.insight.explanation import explain
from mockserver.insight.explanation.filter_advice import ADVICE, advise_key, keys_in
from mockserver.prefect import PREFECT_SQLITE
from mockserver.store import Base, Store

STORE = Store(Base(()))
ID = "00000000-0000-4000-8000-000000000000"
TIME = "2026-01-01T00:00:00Z"


def json_objects(text: str) -> Iterator[Any]:
    """Every JSON object in a text, outermost ones only."""
    at = 0
    while (at := text.find("{", at)) >= 0:
        try:
            value, end = json.JSONDecoder().raw_decode(text[at:])
        except json.JSONDecodeError:
            at += 1
            continue
        yield value
        at += end


def is_about_others(value: Any) -> bool:
    """Whether it is no filter on flow runs: one on flows, a body, or the end of a criterion."""
    keys = set(value)
    return bool(keys & {"flows", "flow_runs", "operator"}) or keys == {"before_"}


def sample_for(path: list[str]) -> Any:
    """A value of the kind that a user would give a key."""
    if path[0] == "end_time":
        return TIME
    if path[-1] in ("not_like_", "eq_"):
        return "a"
    return [ID] if path[0].endswith("_id") else ["a"]


@pytest.mark.parametrize("key", ADVICE)
def test_each_filter_in_the_advice_is_one(key: str) -> None:
    """Whatever the key is about, a reader can copy it."""
    path = key.replace("*", "end_time" if key[2:3] in ("g", "l") else "name").split(".")
    text = advise_key(path, sample_for(path))
    assert "$" not in text
    for value in json_objects(text.replace("[...]", f'["{ID}"]')):
        if not is_about_others(value):
            FlowRunFilter.model_validate_json(json.dumps(value))


@pytest.mark.parametrize("key", [key for key in ADVICE if not key.startswith("*")])
def test_no_key_in_the_table_is_one_that_a_filter_has(key: str) -> None:
    """Such advice would never be given."""
    criterion, _, last = key.rpartition(".")
    assert last not in keys_in(criterion)


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"tags": {"not_any_": ["keep"]}}, '{"tags": {"any_": ["keep"]}}'),
        ({"tags": {"not_all_": ["a"]}}, '{"tags": {"all_": ["a"]}}'),
        ({"name": {"not_like_": "a"}}, '{"name": {"like_": "a"}}'),
        ({"state": {"any_": ["COMPLETED"]}}, 'say {"state": {"type": {"any_": ["COMPLETED"]}}}'),
        ({"start_time": {"gt_": "x"}}, '{"start_time": {"after_": "x"}}'),
        ({"created": {"before_": "x"}}, "no filter looks at this time"),
        ({"name": {"any": ["a"]}}, "name.any: there is no such key\n    instead: any_? name has"),
        ({"name": {"zzz": ["a"]}}, "instead: name has any_, like_"),
        ({"tag": {"any_": ["a"]}}, "instead: tags? a filter has operator, id,"),
        ({"state": {"typ": {}}}, "instead: type? state has type, name, operator"),
        ({"tags": ["a"]}, 'tags: expected an object\n    instead: say {"any_": ["a"]}'),
        ({"name": "a"}, 'say {"any_": ["a"]}'),
        ({"state": "FAILED"}, 'say {"state": {"type"'),
        ({"end_time": "x"}, "instead: end_time has before_, after_, is_null_"),
        ({"state": {"type": {"any_": ["COMPLETE"]}}}, 'instead: "COMPLETED"'),
        ({"end_time": {"before_": "90 days ago"}}, "work the time out in your script"),
    ],
)
@pytest.mark.parametrize("dialect", ["spec", "prefect-sqlite"])
def test_a_refused_filter_is_told_what_can_be_said(
    filter_: Any, expected: str, dialect: str
) -> None:
    """Each problem has its place, what is wrong, and what to say instead."""
    with pytest.raises(UsageError) as caught:
        explain(STORE, filter_, dialect)
    told = str(caught.value)
    assert told.startswith("the filter is refused by ")
    assert expected in told


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"id": {"any_": ["x"]}}, r"  id\.any_\.0: .*"),
        ({"state": {"type": {"any_": ["zzz"]}}}, r"  state\.type\.any_\.0: Input should be .*"),
        ({"state": {"type": {"any_": [7]}}}, r"  state\.type\.any_\.0: Input should be .*"),
    ],
)
def test_where_there_is_nothing_better_only_the_problem_is_told(
    filter_: Any, expected: str
) -> None:
    """In the server's words."""
    with pytest.raises(UsageError) as caught:
        explain(STORE, filter_)
    (line,) = str(caught.value).splitlines()[1:]
    assert re.fullmatch(expected, line)


def test_other_problems_of_a_body_are_told() -> None:
    """Of its limit, and of what is no object; the place is that in the body."""
    for body, expected in (
        ({"limit": 51}, "  limit: Input should be less than or equal to 50"),
        ({"flow_runs": 7}, "  flow_runs: expected an object"),
    ):
        with pytest.raises(UsageError, match=expected):
            explain(STORE, body, "spec")


def test_many_problems_are_counted() -> None:
    """Only the first are told."""
    with pytest.raises(UsageError) as caught:
        explain(STORE, {f"x{number}": 1 for number in range(25)} | {"name": {}})
    assert str(caught.value).endswith("\n  ... and 5 more")


def test_a_refusal_of_another_kind_is_told() -> None:
    """Real servers fail on what JSON cannot hold."""
    with pytest.raises(UsageError, match=f"the filter is refused by {PREFECT_SQLITE.name}"):
        explain(STORE, '{"limit": NaN}', PREFECT_SQLITE)


def test_placeholders_are_filled_in() -> None:
    """Each text of the table is a template with no others than these."""
    known = {"value", "criterion", "positive"}
    for text in ADVICE.values():
        assert set(Template(text).get_identifiers()) <= known
