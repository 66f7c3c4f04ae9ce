"""Replies to requests that are not valid: complete, or short and within their bound."""

from typing import Any

import pytest

from mockserver.errors import InvalidRequest
from mockserver.http.exchange.json_text import dump_json
from mockserver.http.exchange.refusals import (
    LARGEST_COMPLETE,
    LARGEST_REFUSAL,
    MAX_ERRORS,
    complete_or_short,
)


def error(value: object = 1, key: str = "limit", **more: object) -> dict[str, Any]:
    return {"type": "int_type", "loc": ("body", key), "msg": "no", "input": value, **more}


def told(refusal: InvalidRequest, *, repeats_body: bool = False) -> Any:
    reply = complete_or_short(refusal, repeats_body=repeats_body)
    return reply["exception_detail" if repeats_body else "detail"]


def test_few_errors_are_told_as_they_are() -> None:
    """With the body where the dialect repeats it."""
    errors = [error([1, {"a": None}, 2.5, True])]
    assert complete_or_short(InvalidRequest(errors), repeats_body=False) == {"detail": errors}
    assert complete_or_short(InvalidRequest(errors, {"limit": 1}), repeats_body=True) == {
        "exception_message": "Invalid request received.",
        "exception_detail": errors,
        "request_body": {"limit": 1},
    }


def test_as_documented_twenty_errors_are_told() -> None:
    """And how many more there are, which may have been left out before."""
    errors = [error(number) for number in range(30)]
    *first, last = told(InvalidRequest(errors, more=1_000))
    assert first == errors[:MAX_ERRORS]
    assert (last["type"], last["msg"]) == (
        "more_errors",
        "1,010 more errors, which mockserver leaves out",
    )
    assert told(InvalidRequest(errors, more=1_000), repeats_body=True)[:-1] == errors


def test_one_more_error_is_one() -> None:
    """The sentence has the right number."""
    assert told(InvalidRequest([error()] * 21))[-1]["msg"].startswith("1 more error, which")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 40_000, "x" * 200 + "... (40,000 characters)"),
        ([1] * 40_000, "(a list of 40,000 entries)"),
        ({str(key): [] for key in range(20_000)}, "(an object of 20,000 entries)"),
        (10**40_000, "(a long number)"),
        ([["x" * 40_000]], "(a list of 1 entries)"),
    ],
    ids=["text", "list", "object", "number", "nested"],
)
def test_long_values_are_described_where_the_reply_is_too_long(value: Any, shown: Any) -> None:
    """A key in the place of an error is cut as well."""
    (only,) = told(InvalidRequest([error(value, "k" * 300)]))
    assert only["input"] == shown
    assert only["loc"] == ("body", "k" * 200 + "... (300 characters)")


@pytest.mark.parametrize("repeats_body", [False, True])
def test_no_reply_is_longer_than_its_bound(*, repeats_body: bool) -> None:
    """Even if all that is shown are control characters, which JSON writes with six bytes each."""
    text = "\0" * LARGEST_COMPLETE
    errors = [error(text, text, msg=text, ctx={"a": text})] * 30
    reply = complete_or_short(InvalidRequest(errors, text), repeats_body=repeats_body)
    assert len(dump_json(reply)) <= LARGEST_REFUSAL


def test_a_reply_that_repeats_the_body_may_be_longer() -> None:
    """As a real server's, up to a bound."""
    text = "x" * (LARGEST_COMPLETE // 2 - 1_000)
    refusal = InvalidRequest([error(text)], text)
    assert len(dump_json(complete_or_short(refusal, repeats_body=True))) > LARGEST_COMPLETE - 2_000
    assert len(dump_json(complete_or_short(refusal, repeats_body=False))) < LARGEST_REFUSAL
