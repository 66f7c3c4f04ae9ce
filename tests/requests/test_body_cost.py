"""What a body may cost, and how many of its errors are told."""

import gc
import json
from typing import Any

import pytest

from mockserver.errors import InvalidRequest, ServerFailure, TooLarge
from mockserver.filters.field_types import MAX_PENDULUM
from mockserver.prefect.dialects import PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC, Dialect
from mockserver.prefect.storage_limits import check_new_labels
from mockserver.requests import (
    BulkDeleteRequest,
    FlowRunCreate,
    Logs,
    Message,
    TaskRunCreate,
    read_request,
)
from mockserver.requests.body_cost import MAX_VALUES, check_cost, nesting_depth
from mockserver.requests.error_lists import MAX_ENTRIES, MAX_TOLD

FLOW_ID = "11111111-1111-4111-8111-111111111111"


def read(body: Any, model: Any = BulkDeleteRequest, dialect: Dialect = SPEC) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(Message(content, "application/json"), model, dialect).request


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"1," * (MAX_VALUES - 1) + b"1]",
        b'["' + b"," * 200_000 + b'"]',
        b'["\\"' + b"[" * 200_000 + b'\\\\"]',
        b'["' + b"7" * 200_000 + b'"]',
        b"1" * 50_000,
    ],
    ids=["most values", "commas in a text", "an escaped quote", "digits in a text", "most digits"],
)
def test_texts_and_what_is_within_the_bounds_pass(body: bytes) -> None:
    """Only what stands outside of texts counts."""
    check_cost(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[" + b"1," * MAX_VALUES + b"1]", "the body has 100,001 values; mockserver reads"),
        (b'["\\\\"' + b",[]" * 60_000, "the body has 120,001 values"),
        (b"[" + b"{}," * 25_000 + b"{}]", "the body has 25,001 objects; mockserver reads at most"),
        (b'{"a": ' + b"1" * 50_100 + b"}", "50,100 digits in numbers of over 100"),
    ],
)
def test_a_body_beyond_a_bound_is_too_large(body: bytes, says: str) -> None:
    """In every dialect, with a sentence that has the number and the bound."""
    for dialect in (SPEC, PREFECT_SQLITE, PREFECT_POSTGRESQL):
        with pytest.raises(TooLarge, match=says):
            read(body, dialect=dialect)


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        (b'{"a": [[]], "b": []}', 3),
        (b'["[[[[", "\\"[[[[", {}]', 2),
        (b"]]]][[", 0),
        (b"[[[" + b'"' + b"[" * 9, 3),
        (b"[]", 0),
    ],
)
def test_depth_is_counted_outside_of_texts(body: bytes, depth: int) -> None:
    """Zero stands for a body that has no more brackets than levels are allowed, too."""
    assert nesting_depth(body, 1) == depth


def test_of_too_many_errors_the_first_are_told_with_their_number() -> None:
    """Those of the first entries of each object; the rest is a number."""
    body = {"flow_runs": {f"k{number}": 1 for number in range(2_000)}}
    for dialect in (SPEC, PREFECT_SQLITE):
        with pytest.raises(InvalidRequest, match=r"\(and 1,999 more\)") as caught:
            read(body, dialect=dialect)
        assert [error["loc"][-1] for error in caught.value.errors] == [
            f"k{number}" for number in range(MAX_ENTRIES)
        ]
        assert caught.value.more == 2_000 - MAX_ENTRIES


def test_few_times_are_read_as_pendulum_does() -> None:
    """Each takes as long as a small request."""
    line = {"name": "", "level": 1, "message": "", "timestamp": "2024-W01-1"}
    assert len(read([line] * MAX_PENDULUM, Logs, PREFECT_SQLITE).root) == MAX_PENDULUM
    with pytest.raises(InvalidRequest, match="at most 1,000 times in unusual forms"):
        read([line] * (MAX_PENDULUM + 1), Logs, PREFECT_SQLITE)


def test_garbage_is_collected_again_after_a_long_body() -> None:
    """Also after one that is refused, and not where it was not before."""
    body = {"limit": ["x" * 50_000]}
    with pytest.raises(InvalidRequest):
        read(body)
    assert gc.isenabled()
    gc.disable()
    try:
        with pytest.raises(InvalidRequest):
            read(body)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_of_many_labels_that_are_none_some_are_told() -> None:
    """The others are counted."""
    with pytest.raises(InvalidRequest, match=r"\(and 29 more\)") as caught:
        check_new_labels(SPEC, {f"k{number}": None for number in range(30)})
    assert (len(caught.value.errors), caught.value.more) == (20, 10)


def test_a_real_server_tells_each_of_some_errors() -> None:
    """Up to as many as are made of one body."""
    body = {"flow_runs": {f"k{number}": 1 for number in range(MAX_TOLD)}}
    with pytest.raises(InvalidRequest) as caught:
        read(body, dialect=PREFECT_SQLITE)
    assert (len(caught.value.errors), caught.value.more) == (MAX_TOLD, 0)


def test_what_is_no_json_by_the_letter_has_its_errors_told_as_well() -> None:
    """Here NaN, which pydantic reads."""
    keys = b",".join(b'"k%d": 1' % number for number in range(MAX_TOLD))
    with pytest.raises(InvalidRequest) as caught:
        read(b'{"limit": NaN, "flow_runs": {' + keys + b"}}")
    assert len(caught.value.errors) == MAX_ENTRIES + 1
    assert caught.value.more == MAX_TOLD - MAX_ENTRIES


def test_errors_far_behind_are_only_counted() -> None:
    """Nothing is wrong with the first entries of each list and object."""
    constants = [{"type": ""}] * MAX_ENTRIES + [1] * 200
    body = {"task_key": "", "dynamic_key": "", "task_inputs": {"a": constants}}
    with pytest.raises(InvalidRequest, match="None of the errors is in the first 20") as caught:
        read(body, TaskRunCreate, PREFECT_SQLITE)
    assert caught.value.more == 800


@pytest.mark.parametrize(
    ("model", "body", "told"),
    [
        (FlowRunCreate, {"flow_id": FLOW_ID, "labels": {"a": [], "b": []}}, 4),
        (FlowRunCreate, {"flow_id": FLOW_ID, "empirical_policy": {"pause_keys": [1, 2]}}, 1),
        (TaskRunCreate, {"task_key": "", "dynamic_key": "", "task_inputs": {"a": [1, 2]}}, 4),
        (TaskRunCreate, {"task_key": "", "dynamic_key": "", "task_inputs": {"a": 1, "b": 2}}, 1),
    ],
)
def test_spec_tells_the_first_error_of_each_list_and_object(
    model: Any, body: Any, told: int
) -> None:
    """A value that may have several types has an error for each of them."""
    with pytest.raises(InvalidRequest) as caught:
        read(body, model)
    assert len(caught.value.errors) == told


@pytest.mark.parametrize("dialect", [PREFECT_SQLITE, PREFECT_POSTGRESQL])
def test_what_no_reply_can_show_is_not_stored(dialect: Dialect) -> None:
    """Measured on Prefect 3.9.1: 254 levels are stored, 255 are answered with 500."""

    def nested(levels: int) -> bytes:
        deep = b"[" * (levels - 2) + b"]" * (levels - 2)
        return b'{"flow_id": "%s", "parameters": {"a": %s}}' % (FLOW_ID.encode(), deep)

    assert read(nested(254), FlowRunCreate, dialect).flow_id == FLOW_ID
    with pytest.raises(ServerFailure, match="nest too deep"):
        read(nested(255), FlowRunCreate, dialect)
