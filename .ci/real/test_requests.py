# Whatever the bytes: the mock answers what a real server without flow runs answers.

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

import pytest
from pydantic import TypeAdapter, ValidationError

from bodies import ODD_TIMES, ODD_UUIDS, draw_body
from conftest import Pair
from exchange import BULK_DELETE, NOTHING, Request

BODIES = 1000
RECORDED = json.loads(
    (Path(__file__).parents[2] / "tests/data/requests-prefect-3.8.8.json").read_text("utf-8")
)
TIME: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)
NO_RUN = b'{"flow_runs":{"id":{"any_":[]}}}'
WRONG = b'{"limit":0}'
TORN = b"{bad"
NOT_TEXT = b'{"flow_runs":{"end_time":{"before_":"\\ud800"}}}'


def check(pair: Pair, requests: Iterable[Request]) -> None:
    """Fails with every request that the two servers do not answer alike."""
    found = []
    for request in requests:
        if sys.version_info >= (3, 13) and needs_pendulum(request.body):
            continue
        real, mock = pair.real.send(request), pair.mock.send(request)
        if real != mock:
            found.append(f"{request}\n  real: {real}\n  mock: {mock}")
    if found:
        pytest.fail(f"{len(found)} answers differ:\n" + "\n".join(found), pytrace=False)


def needs_pendulum(body: bytes) -> bool:
    """Whether it has a time that pydantic refuses.

    Servers on Python 3.12 and older, which the dialects describe, then try pendulum.
    """
    try:
        return any(map(refused, times(json.loads(body))))
    except ValueError:
        return False


def times(value: Any) -> Iterator[object]:
    for key, item in value.items() if isinstance(value, dict) else ():
        if key in ("before_", "after_"):
            yield item
        else:
            yield from times(item)


def refused(time: object) -> bool:
    try:
        TIME.validate_python(time)
    except ValidationError:
        return True
    return False


def as_json(value: Any) -> Request:
    return Request(json.dumps(value).encode())


def body_of(recorded: dict[str, Any]) -> bytes:
    if "body" in recorded:
        return str(recorded["body"]).encode()
    return base64.b64decode(recorded["body_base64"])


def test_recorded_requests(pair: Pair) -> None:
    """The requests that were recorded once are answered alike."""
    check(
        pair,
        (
            Request(body_of(each), {"Content-Type": each["content_type"]})
            if each["content_type"]
            else Request(body_of(each), NOTHING)
            for each in RECORDED
        ),
    )


def test_versions_of_the_client(pair: Pair) -> None:
    """`x-prefect-api-version` is checked alike: after the syntax, before the content."""
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
    check(
        pair,
        (
            Request(body, {"Content-Type": kind, "x-prefect-api-version": version})
            for version in versions
            for body in (NO_RUN, WRONG, TORN, b"\xff", b"", NOT_TEXT)
            for kind in ("application/json", "text/plain")
        ),
    )


def test_content_types(pair: Pair) -> None:
    """A body is read, or ignored, by the same content types."""
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
    bodies = (WRONG, TORN, b"", b"{}", b"\xff")
    check(pair, (Request(body, {"Content-Type": kind}) for kind in kinds for body in bodies))
    check(pair, (Request(body, NOTHING) for body in bodies))
    check(pair, [Request(WRONG, {"Content-Encoding": coding}) for coding in ("gzip", "br", "x")])


def test_encodings(pair: Pair) -> None:
    """UTF-8, 16 and 32 are read alike, with and without a byte order mark; nothing else is."""
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
    check(pair, (Request(text.encode(encoding)) for encoding in encodings for text in texts))
    check(pair, (Request(text.encode("cp037")) for text in texts[:6]))
    check(
        pair, map(Request, (*odd, b"\xc0\x80", b"\xed\xa0\x80", b"\xff\xfe{\0\0\xd8}\0", b'"\xe9"'))
    )


def test_paths_and_methods(pair: Pair) -> None:
    """Other methods are 405 with `Allow`, other paths 404, a trailing slash 307."""
    paths = (
        *(BULK_DELETE, f"{BULK_DELETE}/", f"{BULK_DELETE}?a=b", f"{BULK_DELETE}/?a=b", "/nope"),
        *(f"{BULK_DELETE}//", f"/{BULK_DELETE}", f"{BULK_DELETE}s", "/FLOW_RUNS/bulk_delete"),
        *("/flow_runs/bulk%5Fdelete", "/health", "/health/"),
    )
    methods = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
    check(pair, (Request(NO_RUN, path=path, method=method) for path in paths for method in methods))
    check(pair, (Request(b"", NOTHING, path, method) for path in paths for method in methods))


def test_times_and_uuids(pair: Pair) -> None:
    """Times and uuids in unusual forms are taken, or refused with the same words."""
    check(pair, (as_json({"flow_runs": {"end_time": {"after_": time}}}) for time in ODD_TIMES))
    check(pair, (as_json({"flow_runs": {"id": {"not_any_": [uuid]}}}) for uuid in ODD_UUIDS))


def test_long_numbers_and_deep_nesting(pair: Pair) -> None:
    """Numbers of thousands of digits and brackets within hundreds of others are answered alike."""
    shapes = ("%s", '{"x":%s}', '{"limit":%s}', '{"limit":0,"x":%s}', '{"flow_runs":{"x":%s}}')
    lists = ("[" * depth + "]" * depth for depth in (1, 50, 200, 300, 500))
    objects = ('{"a":' * depth + "1" + "}" * depth for depth in (1, 50, 200, 300, 500))
    numbers = (f"{sign}{'7' * digits}" for sign in ("", "-") for digits in (19, 20, 4300, 4301))
    others = ("7" * 5000 + ".5", "7." + "5" * 5000, "1e9999", "-1e9999", "1e-9999", "-0", "-0.0")
    values = (*lists, *objects, *numbers, *others)
    check(pair, (Request((shape % value).encode()) for shape in shapes for value in values))


def test_what_a_database_refuses(pair: Pair) -> None:
    """What a database cannot run fails alike, unless the condition never gets into the query."""
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
    check(pair, (as_json({"flow_runs": {**one, **other}}) for one in refusals for other in beside))
    for count in (32_766, 32_767):
        check(pair, [as_json({"flow_runs": {"name": {"any_": ["x"] * count}}})])


def test_nearly_valid_bodies(pair: Pair) -> None:
    """Random bodies that are nearly valid requests are answered alike, to the last word."""
    random = Random(4)
    check(pair, (Request(draw_body(random)) for _ in range(BODIES)))


def test_connections(pair: Pair) -> None:
    """A connection can be used again after the same answers: not after a 5xx."""
    requests = (
        *map(Request, (NO_RUN, WRONG, TORN, b"\xff", b'{"limit":NaN}')),
        as_json({"flow_runs": {"name": {"like_": "\ud800"}}}),
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
