"""Bodies of bulk_delete that are planned without the models.

Invariant: such a plan is the one that the models lead to, in every dialect, and without a warning.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.operations.delete import plan_bulk_delete, plan_plain_delete
from mockserver.requests import BulkDeleteRequest, Message, read_request
from tests.support.recorded_cases import FILTER_DIALECTS, filter_cases, request_cases
from tests.support.strategies import IDS, bodies

JANUARY = "2026-01-31T12:00:00Z"
_NO_IDS: tuple[Any, ...] = ([], [1], ["x"], [None], [[]], IDS[0], {})
_NO_LIMITS: tuple[Any, ...] = (0, 51, True, 5.0, "5", None, [])


def is_plain(body: bytes) -> bool:
    """Whether a body is planned without the models; then its plan has to be theirs."""
    plan = plan_plain_delete(body)
    for dialect in FILTER_DIALECTS.values() if plan is not None else ():
        message = Message(body, "application/json")
        read = read_request(message, BulkDeleteRequest, dialect)
        assert read.warnings == frozenset()
        assert plan == plan_bulk_delete(read.request, dialect)
    return plan is not None


def body_of(filter_: Any, **others: Any) -> bytes:
    return json.dumps({"flow_runs": filter_, **others}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "filter_",
    [
        {"id": {"any_": [IDS[0], IDS[11].upper()]}},
        {"id": {"not_any_": IDS}},
        {"end_time": {"after_": None, "before_": JANUARY}, "state": {"type": {"any_": ["FAILED"]}}},
        {"end_time": {"before_": JANUARY, "after_": "2026-01-31t12:00:00.1234567+05:30"}},
        {"tags": {"is_null_": False, "any_": ["ä", "%"], "all_": [""]}, "name": {"any_": ["x"]}},
        {"state": {"name": {"not_any_": ["Late"]}, "type": {"not_any_": ["FAILED", "PENDING"]}}},
        {"work_queue_name": {"any_": ["x"]}, "created_by": None, "deployment_id": None},
        {"start_time": {"is_null_": True}},
        {"tags": {"any_": ["x"] * 100}},
    ],
)
def test_plain_bodies_are_planned_as_the_models_plan_them(filter_: Any) -> None:
    """Lists of values, times and booleans, in any order, with nulls for what is not there."""
    assert is_plain(body_of(filter_))
    assert is_plain(body_of(filter_, limit=50))


@pytest.mark.parametrize(
    "filter_",
    [
        *(None, {}, [], "x", {"id": None}, {"id": {}}, {"id": []}, {"id": {"any_": None}}),
        *({"id": {"any_": each}} for each in _NO_IDS),
        *({"id": {"any_": [IDS[0] + more]}} for more in ("0", " ")),
        *({"id": {"any_": [IDS[0]]}, key: None} for key in ("x", "operator")),
        {"x": None},
        {"operator": "and_", "id": {"any_": [IDS[0]]}},
        {"tags": {"operator": "or_", "any_": ["x"]}},
        {"tags": {"is_null_": 1}},
        {"tags": {"any_": ["x"] * 101}},
        {"tags": {"any_": ["\\"]}},
        {"name": {"like_": "x"}},
        *({"end_time": {"before_": time}} for time in (0, "now", "2026-01-31T12:00:00")),
        {"end_time": {"before_": "2016-12-31T23:59:60Z"}},
        {"end_time": {"before_": "0001-01-01T00:00:00+12:00"}},
        {"state": {"type": {"any_": ["Failed"]}}},
        {"state": {"type": ["FAILED"]}},
        {"state": {"type": {"any_": ["FAILED"], "not_any_": ["FAILED"]}}},
        {"state": {"type": {"any_": ["FAILED"], "not_any_": []}}},
    ],
)
def test_all_else_is_left_to_the_models(filter_: Any) -> None:
    """What is refused, what means something else in some dialect, and what a warning is about."""
    assert not is_plain(body_of(filter_))


@pytest.mark.parametrize(
    "others",
    [*({"limit": each} for each in _NO_LIMITS), {"flows": None}],
)
def test_so_are_other_limits_and_keys(others: Any) -> None:
    """A limit out of bounds is refused, and an unknown key is warned about."""
    assert not is_plain(body_of({"name": {"any_": ["x"]}}, **others))


def test_so_are_long_bodies() -> None:
    """Of up to 4,096 bytes all are read so."""
    plain = body_of({"name": {"any_": ["x"]}})
    assert is_plain(plain.ljust(4096))
    assert not is_plain(plain.ljust(4097))


def test_of_a_repeated_key_the_last_counts() -> None:
    """As for the models."""
    name = b'"name": {"any_": ["x"]}'
    assert is_plain(b'{"limit": 0, "flow_runs": {"id": 1, "id": null, %b}, "limit": 2}' % name)
    assert not is_plain(b'{"limit": 2, "flow_runs": {%b, "name": {}}}' % name)


def test_recorded_bodies_are_planned_as_the_models_plan_them() -> None:
    """Those that real servers were asked; some of both kinds."""
    recorded = [body_of(case.flow_runs) for case in filter_cases()]
    recorded += [case.body for case in request_cases()]
    assert {is_plain(body) for body in recorded} == {True, False}


@given(body=bodies, escape=st.booleans())
def test_any_body_of_the_document(body: Any, escape: bool) -> None:
    """Whatever combination of criteria, conditions and operators."""
    is_plain(json.dumps(body, ensure_ascii=escape).encode())


_PLAIN = (
    body_of({"state": {"type": {"any_": ["FAILED"]}}, "end_time": {"before_": JANUARY}}, limit=5),
    body_of({"id": {"any_": IDS[:2]}, "name": {"any_": ["é"]}, "tags": {"is_null_": True}}),
)
_SLIPS = (
    *(b"null", b"NaN", b"1e999", b"9" * 20, b"0", b".0", b"-", b"true", b"[", b"]", b"{}", b'""'),
    *(b'"', b",", b":", b" ", b"\t", b"\0", b"\\", b"\\u0000", b"\\ud800", b"\x7f", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"60", b"z", b"+", b"/*", b"any_", b"not_"),
)


@given(
    body=st.sampled_from(_PLAIN),
    slips=st.lists(
        st.tuples(st.integers(0, 120), st.integers(0, 3), st.sampled_from(_SLIPS)), max_size=3
    ),
)
def test_any_slip(body: bytes, slips: Any) -> None:
    """Whatever is put into a plain body, or taken out of it."""
    for start, length, put in slips:
        body = body[:start] + put + body[start + length :]
    is_plain(body)
