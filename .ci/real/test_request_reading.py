"""The mock reads any request as a real server does; both hold no flow runs."""

from __future__ import annotations

import base64
import codecs
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bulk_delete_bodies import ODD_TIMES, ODD_UUIDS, draw_body
from conftest import ServerPair
from differences import fail_on_differences
from measure.http_client import BULK_DELETE, NO_HEADERS, Request

BODY_COUNT = 500
RECORDED_REQUESTS = json.loads(
    (Path(__file__).parents[2] / "tests/data/requests-prefect-3.8.8.json").read_text("utf-8")
)
TIME_ADAPTER: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)
MATCH_NO_RUN = b'{"flow_runs":{"id":{"any_":[]}}}'
INVALID_BODY = b'{"limit":0}'
BROKEN_JSON = b"{bad"
LONE_SURROGATE = b'{"flow_runs":{"end_time":{"before_":"\\ud800"}}}'


def assert_same_answers(pair: ServerPair, requests: Iterable[Request]) -> None:
    """Fail with every request that the two servers answer differently."""
    found = []
    for request in requests:
        if sys.version_info >= (3, 13) and needs_pendulum(request.body):
            continue
        real, mock = pair.real.send(request), pair.mock.send(request)
        if real != mock:
            found.append(f"{request}\n  real: {real}\n  mock: {mock}")
    fail_on_differences(found)


def needs_pendulum(body: bytes) -> bool:
    """Whether a body has a time that pydantic refuses.

    Servers on Python 3.12 and older, which the dialects describe, then try pendulum.
    """
    try:
        return any(map(pydantic_refuses, filter_times(json.loads(body))))
    except ValueError:
        return False


def filter_times(value: Any) -> Iterator[object]:
    for key, item in value.items() if isinstance(value, dict) else ():
        if key in ("before_", "after_"):
            yield item
        else:
            yield from filter_times(item)


def pydantic_refuses(time: object) -> bool:
    try:
        TIME_ADAPTER.validate_python(time)
    except ValidationError:
        return True
    return False


def json_request(value: Any) -> Request:
    return Request(json.dumps(value).encode())


def body_of(recorded: dict[str, Any]) -> bytes:
    if "body" in recorded:
        return str(recorded["body"]).encode()
    return base64.b64decode(recorded["body_base64"])


def test_recorded_requests(pair: ServerPair) -> None:
    """The recorded requests are answered alike."""
    assert_same_answers(
        pair,
        (
            Request(body_of(each), {"Content-Type": each["content_type"]})
            if each["content_type"]
            else Request(body_of(each), NO_HEADERS)
            for each in RECORDED_REQUESTS
        ),
    )


def test_api_version_header_is_checked_alike(pair: ServerPair) -> None:
    """`x-prefect-api-version` is checked alike: after the JSON syntax, before the content."""
    versions = (
        *("", "0.8.0", "0.8.4", "0.7.9", "0.8", "x", "1.2.3.4", "0.8.0a", " 0.8.4 ", "+1.0.0"),
        *(
            "1_0.0.0",
            "-1.0.0",
            "0.9.-1",
            "99.99.99",
            "00.08.00",
            "1e3.0.0",
            "1. 2 .3",
            "..",
            "0.8.",
        ),
        *("1.0.0,1.0.0", "é", "\xa01.0.0\xa0", "²", "Ã©", '"', "<&>", f"{'9' * 4301}.0.0"),
    )
    assert_same_answers(
        pair,
        (
            Request(body, {"Content-Type": kind, "x-prefect-api-version": version})
            for version in versions
            for body in (MATCH_NO_RUN, INVALID_BODY, BROKEN_JSON, b"\xff", b"", LONE_SURROGATE)
            for kind in ("application/json", "text/plain")
        ),
    )


def test_the_same_content_types_are_read(pair: ServerPair) -> None:
    """The content type decides alike whether a body is read or ignored."""
    kinds = (
        *("", "application/json", "application/json;charset=latin-1", "application/json ; a=b"),
        *("Application/JSON", "application/jsonx", "application/json,text/plain", "text/json"),
        *(
            "application/x+json",
            "application/+json",
            "application/VND.api+JSON; a",
            "json",
            "/json",
        ),
        *(
            "application/x/y+json",
            "application/x+jsonx",
            "application/a b+json",
            "application /json",
        ),
        *("text/x+json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"),
        *("*/*", "null", ";", "; a", '"application/json"', "application/json;=", "application/"),
        *("application/json\xa0", "application/jsoñ", "application/json(a)", "application//json"),
    )
    bodies = (INVALID_BODY, BROKEN_JSON, b"", b"{}", b"\xff")
    assert_same_answers(
        pair, (Request(body, {"Content-Type": kind}) for kind in kinds for body in bodies)
    )
    assert_same_answers(pair, (Request(body, NO_HEADERS) for body in bodies))
    assert_same_answers(
        pair,
        [Request(INVALID_BODY, {"Content-Encoding": coding}) for coding in ("gzip", "br", "x")],
    )


def test_encodings_are_read_alike(pair: ServerPair) -> None:
    """Only UTF-8, 16 and 32 are read, alike, with and without a byte order mark."""
    encodings = (
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
    )
    texts = ("{}", '{"limit":0}', "{bad", "{", "1", "12", '"é"', '{"limit":"\\ud800"}')
    odd = (b"\0", b"\0\0", b"{\0}\0", codecs.BOM_UTF8, codecs.BOM_UTF8 * 2, codecs.BOM_UTF16_LE)
    assert_same_answers(
        pair, (Request(text.encode(encoding)) for encoding in encodings for text in texts)
    )
    assert_same_answers(pair, (Request(text.encode("cp037")) for text in texts[:6]))
    assert_same_answers(
        pair, map(Request, (*odd, b"\xc0\x80", b"\xed\xa0\x80", b"\xff\xfe{\0\0\xd8}\0", b'"\xe9"'))
    )


def test_paths_and_methods_are_answered_alike(pair: ServerPair) -> None:
    """Other methods are 405 with `Allow`, other paths 404, a trailing slash 307."""
    paths = (
        *(BULK_DELETE, f"{BULK_DELETE}/", f"{BULK_DELETE}?a=b", f"{BULK_DELETE}/?a=b", "/nope"),
        *(f"{BULK_DELETE}//", f"/{BULK_DELETE}", f"{BULK_DELETE}s", "/FLOW_RUNS/bulk_delete"),
        *("/flow_runs/bulk%5Fdelete", "/health", "/health/"),
    )
    methods = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
    assert_same_answers(
        pair,
        (Request(MATCH_NO_RUN, path=path, method=method) for path in paths for method in methods),
    )
    assert_same_answers(
        pair, (Request(b"", NO_HEADERS, path, method) for path in paths for method in methods)
    )


def test_times_and_uuids(pair: ServerPair) -> None:
    """Times and uuids in unusual formats are accepted alike, or refused with the same words."""
    assert_same_answers(
        pair, (json_request({"flow_runs": {"end_time": {"after_": time}}}) for time in ODD_TIMES)
    )
    assert_same_answers(
        pair, (json_request({"flow_runs": {"id": {"not_any_": [uuid]}}}) for uuid in ODD_UUIDS)
    )


def test_long_numbers_and_deep_nesting(pair: ServerPair) -> None:
    """Numbers of thousands of digits and hundreds of nested brackets are answered alike."""
    shapes = ("%s", '{"x":%s}', '{"limit":%s}', '{"limit":0,"x":%s}', '{"flow_runs":{"x":%s}}')
    lists = ("[" * depth + "]" * depth for depth in (1, 50, 200, 300, 500))
    objects = ('{"a":' * depth + "1" + "}" * depth for depth in (1, 50, 200, 300, 500))
    numbers = (f"{sign}{'7' * digits}" for sign in ("", "-") for digits in (19, 20, 4300, 4301))
    others = ("7" * 5000 + ".5", "7." + "5" * 5000, "1e9999", "-1e9999", "1e-9999", "-0", "-0.0")
    values = (*lists, *objects, *numbers, *others)
    assert_same_answers(
        pair, (Request((shape % value).encode()) for shape in shapes for value in values)
    )


def test_database_errors_are_alike(pair: ServerPair) -> None:
    """What a database cannot run fails alike, unless the condition is left out of the query."""
    refusals: tuple[dict[str, Any], ...] = (
        *({"name": {"like_": text}} for text in ("\0", "a\0b", "\ud800")),
        *({"name": {"any_": [text]}} for text in ("\0", "\udfff")),
        *({"tags": {key: [text]}} for key in ("all_", "any_") for text in ("\0", "\ud800")),
        *({"tags": {key: ["x"] * count}} for key in ("all_", "any_") for count in (127, 128)),
        *({"state": {"name": {key: ["\0"]}}} for key in ("any_", "not_any_")),
        {"state": {"name": {"any_": ["\ud800"], "not_any_": ["\0"]}}},
        *({key: {"any_": ["\0"]}} for key in ("flow_version", "idempotency_key")),
        {"idempotency_key": {"not_any_": ["\ud800"]}},
        {"work_queue_name": {"any_": ["\0"], "is_null_": True, "operator": "or_"}},
        {"created_by": {"type_": ["\0"]}},
        *(
            {"end_time": {"before_": time}}
            for time in ("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01")
        ),
        {"start_time": {"after_": "2023-11-07T05:31:56+24:00"}},
    )
    beside: tuple[dict[str, Any], ...] = (
        *({}, {"operator": "or_"}, {"parent_task_run_id": {}}, {"id": {"any_": []}}),
        {"operator": "or_", "parent_task_run_id": {}},
        {"operator": "or_", "parent_task_run_id": None},
        {"operator": "or_", "id": {"any_": None, "not_any_": []}},
        {"operator": "or_", "id": {"any_": []}},
    )
    assert_same_answers(
        pair,
        (json_request({"flow_runs": {**one, **other}}) for one in refusals for other in beside),
    )
    for count in (32_766, 32_767):
        assert_same_answers(pair, [json_request({"flow_runs": {"name": {"any_": ["x"] * count}}})])


def test_nearly_valid_bodies(pair: ServerPair) -> None:
    """Random nearly valid bodies are answered alike, word for word."""
    random = Random(4)
    assert_same_answers(pair, (Request(draw_body(random)) for _ in range(BODY_COUNT)))


def test_connections_are_kept_after_the_same_answers(pair: ServerPair) -> None:
    """A connection can be used again after the same answers: after all but a 5xx."""
    requests = (
        *map(Request, (MATCH_NO_RUN, INVALID_BODY, BROKEN_JSON, b"\xff", b'{"limit":NaN}')),
        json_request({"flow_runs": {"name": {"like_": "\ud800"}}}),
        *(
            Request(path=path, method=method)
            for path in (BULK_DELETE, "/nope")
            for method in ("GET", "PUT")
        ),
        Request(path=f"{BULK_DELETE}/"),
    )
    differ = [
        str(request)
        for request in requests
        if pair.real.keeps_connection(request) != pair.mock.keeps_connection(request)
    ]
    assert differ == []
