"""How requests are read: by recorded bodies, and by comparing models with openapi.yaml."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from mockserver.errors import (
    InvalidRequest,
    RefusedRequest,
    ServerFailure,
    UnreadableRequest,
    UnsupportedApiVersion,
)
from mockserver.prefect import openapi
from mockserver.prefect.dialects import (
    PREFECT_POSTGRESQL,
    PREFECT_SQLITE,
    SPEC,
    Dialect,
    dialect_for,
)
from mockserver.prefect.instants import fits_utc_range
from mockserver.requests import BulkDeleteRequest, FlowCreate, LabelsUpdate, Message
from mockserver.requests.json_values import MAX_DEPTH
from mockserver.requests.lax_reading import parse_lax
from mockserver.requests.reading import ParsedRequest, read_request
from tests.support.paths import DATA
from tests.support.strategies import bodies

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
BODY = "Body_bulk_delete_flow_runs_flow_runs_bulk_delete_post"
SAMPLE = json.loads((DATA / "sample-request.json").read_text())


def message(value: Any, content_type: str | None = "application/json") -> Message:
    return Message(value if isinstance(value, bytes) else json.dumps(value).encode(), content_type)


def outcome(sent: Message, dialect: Dialect) -> ParsedRequest[BulkDeleteRequest] | RefusedRequest:
    try:
        return read_request(sent, BulkDeleteRequest, dialect, NOW)
    except RefusedRequest as refusal:
        return refusal


def warnings_of(sent: Message, dialect: Dialect = SPEC) -> set[str]:
    return set(outcome(sent, dialect).warnings)


# Bodies that are valid, nearly valid, or JSON at all.

odd_values = st.sampled_from(
    [
        None, True, 0, 1, 10.0, 1.5, "10", "yes", "", [], {}, [None], ["a"], [1], {"any_": None},
        "2026-01-31T12:00:00Z", "2026-01-31T12:00:00", "2026-01-31", "now", 1769860800,
        "1998-12-31T23:59:60Z", "9999-12-31T23:59:59-05:00", "2023-11-07T05:31:56.123456789+01:00",
        "3c90c3cc-0d44-4b50-8888-8dd25736052a", "3C90C3CC-0D44-4B50-8888-8DD25736052A",
        "3c90c3cc0d444b5088888dd25736052a", "urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a",
        "and_", "AND", "COMPLETED", "completed", "\u0000", 51, -1, 10**30, 1e300,
    ]
)  # fmt: skip
wild_json = st.recursive(
    odd_values
    | st.text(max_size=3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> Any:
    """The sample or a drawn body with one place changed: another value, another key, or removed."""
    body = draw(st.just(SAMPLE) | bodies)
    body = json.loads(json.dumps(body))
    places = list(walk(body))
    holder, key = draw(st.sampled_from(places)) if places else (body, "limit")
    change = draw(st.sampled_from(["value", "key", "drop"]))
    if change == "drop" and places:
        del holder[key]
    elif change == "key" and isinstance(holder, dict):
        other = draw(st.sampled_from(["any_", "not_any_", "operator", "limit", "extra"]))
        holder[other] = draw(odd_values)
    else:
        holder[key] = draw(odd_values)
    return body


def walk(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from walk(inner)


@given(body=bodies | nearly_valid() | wild_json)
@example(body={"limit": 10.0})
@example(body={"flow_runs": {"end_time": {"before_": "1998-12-31T23:59:60Z"}}})
@example(body={"x": 1e300, "limit": 50.0})
@example(body=SAMPLE)
def test_models_accept_exactly_what_openapi_accepts(body: Any) -> None:
    """In spec the pydantic models accept the same bodies as openapi.yaml under jsonschema."""
    read = outcome(message(body), SPEC)
    faults = [error.message for error in openapi.component_validator(BODY).iter_errors(body)]
    assert isinstance(read, ParsedRequest) == (not faults), (read, faults)


@given(body=bodies | nearly_valid())
def test_documented_bodies_read_the_same_in_every_dialect(body: Any) -> None:
    """A body that spec accepts has the same meaning in every dialect, except leap seconds."""
    documented = outcome(message(body), SPEC)
    if isinstance(documented, ParsedRequest) and ":60" not in json.dumps(body):
        real = parse_lax(BulkDeleteRequest, body, NOW)
        assert real.flow_runs == documented.request.flow_runs
        assert real.limit == documented.request.limit


@pytest.mark.parametrize(
    "body",
    [b'{"x": NaN}', b'{"x": [Infinity]}', b'{"x": 1e999}', b'{"limit": -Infinity}',
     b'{"x": "\\ud800"}', b'{"x": "\xff"}', b'{"x": "\xed\xa0\x80"}', b"{bad", b" ", b"{} x",
     b"\xef\xbb\xbf{}", '{"limit": 1}'.encode("utf-16"), b'{"x":' + b"9" * 4301 + b"}",
     b"[" * 100_000, b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}"],
)  # fmt: skip
def test_spec_refuses_what_is_not_json(body: bytes) -> None:
    """In spec NaN, infinities, lone surrogates, other encodings and deep nesting are 422."""
    assert isinstance(outcome(message(body), SPEC), InvalidRequest)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"x": NaN}', ParsedRequest),
        (b'{"limit": NaN}', ServerFailure),
        (b'{"limit": 0, "x": 1e999}', ServerFailure),
        (b'{"limit": 0, "x": "\\ud800"}', ServerFailure),
        (b'{"x": "\xed\xa0\x80"', ServerFailure),
        (b"NaN", ServerFailure),
        (b'["\\ud800"]', ServerFailure),
        (b'{"flow_runs": {"end_time": {"before_": "\\ud800"}}}', ServerFailure),
        (b'{"x": "\xff"}', UnreadableRequest),
        (b'{"x":' + b"9" * 4301 + b"}", UnreadableRequest),
        (b'{"x":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", UnreadableRequest),
        (b'{"x":' + b"[" * 300 + b"]" * 300 + b"}", ParsedRequest),
        (b'{"x": "' + b"[" * 2000 + b'"}', ParsedRequest),
        (b"\xef\xbb\xbf{}", ParsedRequest),
        ('{"limit": 1}'.encode("utf-16"), ParsedRequest),
        (b"null", ParsedRequest),
    ],
)
def test_prefect_dialects_distinguish_400_500_and_422(body: bytes, kind: type) -> None:
    """400 for bodies that cannot be read, 500 for those that an error reply cannot repeat."""
    assert isinstance(outcome(message(body), PREFECT_SQLITE), kind)


@pytest.mark.parametrize(
    ("version", "detail"),
    [
        ("1.2", "Invalid X-PREFECT-API-VERSION header format.Expected header in format 'x.y.z' "
                "but received 1.2"),
        ("0.7.9", "The request specified API version 0.7.9 but this server requires version "
                  "0.8.0 or higher."),
        ("-1.0.0", "The request specified API version -1.0.0 but this server requires version "
                   "0.8.0 or higher."),
    ],
)  # fmt: skip
def test_prefect_dialects_refuse_an_outdated_client(version: str, detail: str) -> None:
    """400 with the recorded message, after the syntax and before the content; not in spec."""
    sent = Message(b'{"limit": 0}', "application/json", version)
    refusal = outcome(sent, PREFECT_SQLITE)
    assert isinstance(refusal, UnsupportedApiVersion)
    assert str(refusal) == detail
    assert isinstance(outcome(Message(b"{bad", None, version), PREFECT_SQLITE), InvalidRequest)
    documented = outcome(Message(b"", None, version), SPEC)
    assert isinstance(documented, ParsedRequest)
    assert documented.warnings == {"api-version-400"}


@pytest.mark.parametrize("version", ["", "0.8.0", "1_0.0.0", " 1.0.0", "1.+2.3"])
def test_versions_that_python_reads_as_integers_pass(version: str) -> None:
    """A real server accepts whatever int() accepts as the three parts of a version."""
    sent = Message(b"{}", "application/json", version)
    assert isinstance(outcome(sent, PREFECT_SQLITE), ParsedRequest)


@pytest.mark.parametrize(
    ("content_type", "real", "spec"),
    [
        ("application/json", 1, 1),
        ("APPLICATION/JSON; charset=utf-8", 1, 1),
        ("application/vnd.api+json", 1, None),
        ("application/+json", 1, None),
        (None, 1, 1),
        ("", 50, None),
        ("text/plain", 50, None),
        ("application/x-www-form-urlencoded", 50, None),
        ("application/json, text/plain", 50, None),
        ("application/json/x", 50, None),
        (";application/json", 50, None),
    ],
)
def test_content_type_decides_whether_a_body_is_read(
    content_type: str | None, real: int, spec: int | None
) -> None:
    """body-ignored: the limit is that of the body, or 50 if the body is ignored."""
    sent = message({"limit": 1}, content_type)
    for dialect, limit in ((PREFECT_SQLITE, real), (PREFECT_POSTGRESQL, real), (SPEC, spec)):
        read = outcome(sent, dialect)
        assert (read.request.limit if isinstance(read, ParsedRequest) else None) == limit
        assert ("body-ignored" in read.warnings) == (spec is None)


@pytest.mark.parametrize(
    ("content_type", "until_3_7_2", "until_3_7_7", "since"),
    [
        ("application/json", 1, 1, 1),
        ("application/vnd.api+json", 1, 1, 1),
        (None, 1, 1, 1),
        ("", 1, None, 50),
        ("text/plain", None, None, 50),
        (";application/json", None, None, 50),
    ],
)
def test_before_3_7_8_a_body_of_another_type_is_refused(
    content_type: str | None, until_3_7_2: int | None, until_3_7_7: int | None, since: int
) -> None:
    """With the FastAPI of such a release; None is a refusal. The warning is the same in all."""
    sent = message({"limit": 1}, content_type)
    for release, limit in (("3.7.2", until_3_7_2), ("3.7.7", until_3_7_7), ("3.7.8", since)):
        read = outcome(sent, dialect_for("sqlite", release))
        assert (read.request.limit if isinstance(read, ParsedRequest) else None) == limit
        assert set(read.warnings) == warnings_of(sent, PREFECT_SQLITE)


@pytest.mark.parametrize("content", [b'{"limit": 1}', b"{bad", b'{"limit": 0, "x": NaN}'])
def test_each_key_of_a_body_that_is_refused_is_missing(content: bytes) -> None:
    """Also those that are optional, and whatever the body holds: it is bytes that have no keys."""
    refusal = outcome(Message(content, "text/plain"), dialect_for("sqlite", "3.7.2"))
    assert isinstance(refusal, InvalidRequest)
    missing = {"type": "missing", "msg": "Field required", "input": None}
    assert refusal.errors == tuple(
        {**missing, "loc": ("body", key)} for key in ("flow_runs", "limit")
    )
    assert refusal.body == content.decode()


def test_a_refused_body_that_no_reply_can_repeat_is_a_failure() -> None:
    """Here bytes that are not UTF-8."""
    sent = Message(b"\xff", "text/plain")
    assert isinstance(outcome(sent, dialect_for("sqlite", "3.7.2")), ServerFailure)


@pytest.mark.parametrize("release", ["3.7.2", "3.9.1"])
@pytest.mark.parametrize(
    ("model", "kind"), [(FlowCreate, "model_attributes_type"), (LabelsUpdate, "dict_type")]
)
def test_a_body_that_is_one_value_is_refused_as_a_whole(
    model: type[BaseModel], kind: str, release: str
) -> None:
    """In every release: the bytes are that value, and no object."""
    with pytest.raises(InvalidRequest) as refused:
        read_request(Message(b"{}", "text/plain"), model, dialect_for("sqlite", release), NOW)
    (error,) = refused.value.errors
    assert (error["type"], error["loc"], error["input"]) == (kind, ("body",), "{}")


def test_an_empty_body_needs_no_content_type() -> None:
    """An empty body means no filter and limit 50, whatever the content type."""
    for content_type in (None, "text/plain", "application/json"):
        for dialect in (SPEC, PREFECT_SQLITE):
            assert outcome(Message(b"", content_type), dialect) == ParsedRequest(
                BulkDeleteRequest()
            )


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", NOW),
        ("2023-W45", datetime(2023, 11, 6, tzinfo=UTC)),
        ("20231107T053156Z", datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)),
        ("2023-11-07", datetime(2023, 11, 7, tzinfo=UTC)),
        ("2023-11-07T05:31:56", datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)),
        ("12:00", NOW),
        (1699335116, datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)),
        ("1699335116000", datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)),
    ],
)
def test_prefect_dialects_read_unusual_times(text: Any, instant: datetime) -> None:
    """lax-coercion: times that pydantic or else pendulum accepts, relative to the frozen clock."""
    sent = message({"flow_runs": {"end_time": {"before_": text}}})
    read = outcome(sent, PREFECT_SQLITE)
    assert isinstance(read, ParsedRequest)
    assert read.request.flow_runs is not None
    assert read.request.flow_runs.end_time is not None
    assert read.request.flow_runs.end_time.before_ == instant
    assert isinstance(outcome(sent, SPEC), InvalidRequest)
    assert "lax-coercion" in warnings_of(sent)


@pytest.mark.parametrize("offset", ["+24:00", "-24:00", "+2400", "+23:60", "-30:00"])
def test_an_offset_of_a_day_fails_only_in_the_database(offset: str) -> None:
    """pendulum accepts it, but such a time is out of range for the databases."""
    read = outcome(
        message({"flow_runs": {"end_time": {"before_": f"2023-11-07T05:31:56{offset}"}}}),
        PREFECT_SQLITE,
    )
    assert isinstance(read, ParsedRequest)
    assert read.request.flow_runs is not None
    assert read.request.flow_runs.end_time is not None
    moment = read.request.flow_runs.end_time.before_
    assert moment is not None
    assert not fits_utc_range(moment)


def test_invalid_times_are_refused_with_recorded_messages() -> None:
    """The message quotes a text, but no other value; a duration is not a time."""
    texts = {}
    odd: list[Any] = ["yesterday", True, [], "P1D"]
    for value in odd:
        refusal = outcome(message({"flow_runs": {"end_time": {"after_": value}}}), PREFECT_SQLITE)
        assert isinstance(refusal, InvalidRequest)
        texts[str(value)] = refusal.errors[0]["msg"]
    duration = "<class 'pendulum.duration.Duration'>"
    assert texts == {
        "yesterday": "Value error, Unable to parse string [yesterday]",
        "True": "value is not a valid datetime",
        "[]": "value is not a valid datetime",
        "P1D": f"Value error, value is not a valid datetime it is a {duration}",
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"limit": 51}, set()),
        ({"limit": "10"}, {"lax-coercion"}),
        ({"flow_run": {}}, {"unknown-key"}),
        (b'{"x": NaN}', {"unknown-key", "undocumented-5xx"}),
        (b'{"limit": "\\ud800"}', {"undocumented-5xx"}),
        (b"\xef\xbb\xbf{}", {"unreadable-400"}),
        (b'{"x": "\xff"}', {"unreadable-400"}),
        ({"flow_runs": {"end_time": {"before_": "1998-12-31T23:59:60Z"}}}, {"lax-coercion"}),
        ({"flow_runs": {"name": {"any_": ["0:60"]}}}, set()),
    ],
)
def test_unusual_bodies_get_warnings(body: Any, expected: set[str]) -> None:
    """The same warnings in spec and the prefect dialects, whether the body is accepted or not."""
    assert warnings_of(message(body), SPEC) == expected
    assert warnings_of(message(body), PREFECT_SQLITE) == expected


@pytest.mark.parametrize("value", [12345, 1.5, "1699335116", "-12.", ".5"])
def test_unix_times_get_a_warning_where_they_are_accepted(value: Any) -> None:
    """date-read-as-unix: only in the prefect dialects; spec refuses such a time."""
    sent = message({"flow_runs": {"start_time": {"after_": value}}})
    assert warnings_of(sent, PREFECT_SQLITE) >= {"date-read-as-unix", "lax-coercion"}
    assert "date-read-as-unix" not in warnings_of(sent, SPEC)


def test_each_deviation_is_a_field_of_the_dialect() -> None:
    """Without unreadable_400 a body is 422; without api_version_400 the version is ignored."""
    unreadable = message(b'{"x": "\xff"}')
    assert isinstance(outcome(unreadable, PREFECT_SQLITE), UnreadableRequest)
    readable = replace(PREFECT_SQLITE, unreadable_400=False)
    assert isinstance(outcome(unreadable, readable), InvalidRequest)
    outdated = Message(b"{}", "application/json", "1")
    assert isinstance(
        outcome(outdated, replace(PREFECT_SQLITE, api_version_400=False)), ParsedRequest
    )
    typeless = message({"limit": 1}, "text/plain")
    assert isinstance(
        outcome(typeless, replace(PREFECT_SQLITE, body_ignored=False)), InvalidRequest
    )


@pytest.mark.parametrize(
    ("dialect", "count", "listed"),
    [(SPEC, 500, 1), (PREFECT_SQLITE, 500, 500), (PREFECT_SQLITE, 50_000, 1)],
)
def test_errors_are_bounded_and_repeat_the_input(dialect: Dialect, count: int, listed: int) -> None:
    """Only the first error of each list; in the prefect dialects all, unless the body is long."""
    refusal = outcome(message({"flow_runs": {"id": {"any_": ["no"] * count}}}), dialect)
    assert isinstance(refusal, InvalidRequest)
    assert len(refusal.errors) == listed
    assert refusal.errors[-1]["loc"] == ("body", "flow_runs", "id", "any_", listed - 1)
    assert refusal.errors[-1]["input"] == "no"
    assert len(str(refusal)) < 300
