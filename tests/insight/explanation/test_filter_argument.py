"""Filters as users give them. Claim: it is said what was made of it, and what is wrong with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from mockserver.errors import UsageError
from mockserver.filters import FlowRunFilter
from mockserver.insight.explanation.filter_argument import filter_argument
from mockserver.prefect import SPEC
from mockserver.requests import BulkDeleteRequest, read_request

FILTER = {"state": {"type": {"any_": ["FAILED"]}}}
BODY = {"flow_runs": FILTER, "limit": 7}
ID = "a0000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("given", "is_body", "sent"),
    [
        (FILTER, False, {"flow_runs": FILTER}),
        (BODY, True, BODY),
        ({}, True, {}),
        ({"limit": 5}, True, {"limit": 5}),
        ({"flow_run": FILTER}, True, {"flow_run": FILTER}),  # misspelt, as a server would get it
        ({"tag": {"any_": ["a"]}}, False, {"flow_runs": {"tag": {"any_": ["a"]}}}),
        (json.dumps(FILTER), False, {"flow_runs": FILTER}),
        (f" {json.dumps(BODY)}\n".encode(), True, BODY),
        (FlowRunFilter.model_validate(FILTER), False, {"flow_runs": FILTER}),
        (BulkDeleteRequest.model_validate(BODY), True, BODY),
        ({"id": {"any_": [UUID(ID)]}}, False, {"flow_runs": {"id": {"any_": [ID]}}}),
    ],
)
def test_a_filter_or_a_body_is_taken(given: Any, is_body: bool, sent: Any) -> None:
    """Its keys decide which it is; a filter is put into a body."""
    argument = filter_argument(given)
    assert argument.is_body is is_body
    assert json.loads(argument.message.body) == sent
    assert filter_argument(argument) is argument


def test_times_of_a_dict_may_be_datetimes() -> None:
    """Aware ones, which mean what they say."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    argument = filter_argument({"end_time": {"before_": moment}})
    request = read_request(argument.message, BulkDeleteRequest, SPEC).request
    assert request.flow_runs is not None
    assert request.flow_runs.end_time is not None
    assert request.flow_runs.end_time.before_ == moment


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{", "x: line 1, column 2: Expecting property name"),
        ("{} {}", "one filter at a time ('mockserver releases --requests'"),
        ("[]", "x is []; expected a filter such as"),
        (b"\xff", "x: not UTF-8"),
        ("[" * 200_000, "x: nested too deeply"),
        ('{"limit": ' + "9" * 5_000 + "}", "x: a number of too many digits"),
        (7, "x is a int; expected a dict"),
        (None, "x is a NoneType; expected a dict"),
        (
            {"end_time": {"before_": datetime(2026, 1, 1)}},
            "a time in x is datetime.datetime(2026, 1, 1, 0, 0); expected a datetime with",
        ),
        ({"tags": {"any_": {"a"}}}, "x has {'a'}, a set; expected a value that JSON can hold"),
    ],
)
def test_what_is_no_filter_is_refused(given: Any, expected: str) -> None:
    """In a sentence that says what came, and what was expected."""
    with pytest.raises(UsageError) as caught:
        filter_argument(given, "x")
    assert expected in str(caught.value)
