"""Reading a file of requests. Claim: nothing is passed over, and a problem has its place."""

import json
from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.insight import recorded_requests
from mockserver.insight.recorded_requests import (
    JOURNAL_BODY_BYTES,
    RecordedRequest,
    parse_requests,
)
from mockserver.worlds import MAX_KEPT_BODY
from mockserver.worlds.settings import MAX_BODY

DELETE, COUNT = "POST /flow_runs/bulk_delete", "POST /flow_runs/count"
BODY = {"flow_runs": {"name": {"like_": "etl"}}, "limit": 5}
PRETTY = json.dumps(BODY, indent=2)


def shown(request: RecordedRequest) -> tuple[str, str, Any]:
    body = request.message.body
    return request.where, request.title, json.loads(body) if body else None


def text_of(*values: Any) -> str:
    return "\n".join(json.dumps(value) for value in values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", [("f", DELETE, {})]),
        (PRETTY, [("f", DELETE, BODY)]),
        (text_of(BODY) + "\n", [("f", DELETE, BODY)]),
        (text_of(BODY, {}), [("f:1", DELETE, BODY), ("f:2", DELETE, {})]),
        ("\n\n" + text_of(BODY, BODY) + "\n\r\n", [("f:3", DELETE, BODY), ("f:4", DELETE, BODY)]),
        (text_of([BODY, {}]), [("f[0]", DELETE, BODY), ("f[1]", DELETE, {})]),
        (text_of([BODY], {}), [("f:1[0]", DELETE, BODY), ("f:2", DELETE, {})]),
        (text_of({"path": "/flow_runs/count", "body": {}}), [("f", COUNT, {})]),
        (text_of({"body": BODY}), [("f", DELETE, BODY)]),
        (text_of({"method": "POST", "path": "/flow_runs/bulk_delete"}), [("f", DELETE, None)]),
        (text_of({"method": "get", "path": "/x?y"}), [("f", "GET /x", None)]),
        # A body may have any other key; those of a request make it one only alone.
        (text_of({"flow_run": {}}), [("f", DELETE, {"flow_run": {}})]),
        (text_of({"limit": 1, "path": "x"}), [("f", DELETE, {"limit": 1, "path": "x"})]),
        (
            text_of({"exchanges": [{"method": "POST", "path": "/flow_runs/count", "body": {}}]}),
            [("f, exchanges[0]", COUNT, {})],
        ),
        (
            text_of([{"exchanges": [BODY]}], {"exchanges": [BODY]}),
            [("f:1[0], exchanges[0]", DELETE, BODY), ("f:2, exchanges[0]", DELETE, BODY)],
        ),
        # A line separator of Unicode is an ordinary character of JSON texts.
        ('{"a": "\u2028"}\n{}', [("f:1", DELETE, {"a": "\u2028"}), ("f:2", DELETE, {})]),
    ],
)
def test_requests_come_in_many_forms(text: str, expected: list[Any]) -> None:
    """Bodies, requests, journals and lists of them; one document, or one a line."""
    assert list(map(shown, parse_requests(text.encode(), "f"))) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_of_unicode_are_read(encoding: str) -> None:
    """PowerShell writes UTF-16, other programs a byte order mark."""
    text = '{"flow_runs": {"name": {"like_": "Ü"}}}\n{}'
    first, second = parse_requests(text.encode(encoding), "f")
    assert shown(first)[2] == {"flow_runs": {"name": {"like_": "Ü"}}}
    assert second.where == "f:2"


def test_values_that_only_real_servers_take_are_kept() -> None:
    """NaN and lone surrogates reach the reading of the request as they were sent."""
    (request,) = parse_requests(b'{"limit": NaN, "x": "\\ud800"}', "f")
    assert request.message.body == b'{"limit": NaN, "x": "\\ud800"}'


@pytest.mark.parametrize(
    ("body", "sent"),
    [(None, b""), ("{bad", b"{bad"), ("\ud800", b"\xed\xa0\x80"), ([], b"[]"), (0, b"0")],
)
def test_a_body_in_a_journal_is_what_was_sent(body: Any, sent: bytes) -> None:
    """The journal has null for no body, and a text for one that is no JSON."""
    text = text_of({"path": "/flow_runs/bulk_delete", "body": body})
    assert parse_requests(text.encode(), "f")[0].message.body == sent


@pytest.mark.parametrize("warnings", [{"body-ignored": "a sentence"}, ["body-ignored"]])
def test_a_body_of_another_type_is_known_by_its_warning(warnings: Any) -> None:
    """The journal has no headers, but it has the warning."""
    exchange = {"path": "/flow_runs/bulk_delete", "body": {}, "warnings": warnings}
    (request,) = parse_requests(text_of(exchange).encode(), "f")
    assert request.message.content_type == "text/plain"
    (request,) = parse_requests(text_of({**exchange, "warnings": {}}).encode(), "f")
    assert request.message.content_type == "application/json"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "f has no request; expected a body such as"),
        (b" \n\n", "f has no request"),
        (b"[]", "f has no request"),
        (b'{"exchanges": [], "dropped": 0}', "f has no request"),
        (b'{"a": 1,\n "b" 2}', "f:2:6: Expecting ':' delimiter; expected JSON: one document"),
        (b'{}\n{"a": }\n', "f:2:7: Expecting value; expected a line of JSON"),
        (b"{}\n[1]", "f:2[0]: 1; expected a body such as"),
        (b'"x"', 'f: "x"; expected a body such as'),
        (b'{"exchanges": [null]}', "f, exchanges[0]: null; expected a body"),
        (b'{"method": 1, "path": [], "body": {}}', "f, path: []; expected a text"),
        (b"\x7fELF\xff\x00\x01\n\xfe", "f:1: byte 0xff is no UTF-8 text; expected a body"),
        (b"{}\n{}\n\xff", "f:3: byte 0xff is no UTF-8 text"),
        (b"[" * 100_000, "f:1:1: nested too deep"),
        (b"{}\n" + b"[" * 100_000, "f:2:1: nested too deep; expected a line of JSON"),
        (b'{"limit": ' + b"1" * 5000 + b"}", "f:1:1: Exceeds the limit"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(content: bytes, problem: str) -> None:
    """File and line, what came, and what was expected."""
    with pytest.raises(UsageError) as caught:
        parse_requests(content, "f")
    assert problem in str(caught.value)


def test_problems_are_listed_up_to_a_bound() -> None:
    """The others are counted."""
    lines = ["{}", *["x"] * 25]
    with pytest.raises(UsageError) as caught:
        parse_requests("\n".join(lines).encode(), "f")
    listed = str(caught.value).splitlines()
    assert len(listed) == recorded_requests.MAX_PROBLEMS + 1
    assert listed[0].startswith("f:2:1: ")
    assert listed[-1] == "... and 5 more"


def test_a_line_is_as_long_as_a_body_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer one, in characters or in bytes, is a problem; a document may be longer."""
    assert recorded_requests.MAX_LINE_BYTES == MAX_BODY
    monkeypatch.setattr(recorded_requests, "MAX_LINE_BYTES", 20)
    parse_requests(b'{"x": "0123456789a"}\n{}', "f")
    parse_requests(b'{"x": "0123456789a",\n "y": "0123456789"}', "f")
    for line in ('{"x": "0123456789ab"}', '{"x": "012345678ää"}'):
        with pytest.raises(UsageError, match=r"f:2: a line of 2\d characters; expected at most"):
            parse_requests(f"{{}}\n{line}".encode(), "f")


def test_a_file_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read any further."""
    monkeypatch.setattr(recorded_requests, "MAX_FILE_BYTES", 1 << 20)
    with pytest.raises(UsageError, match="f is larger than 1 MiB; split it"):
        parse_requests(b" " * (1 << 20) + b" ", "f")


def test_a_body_that_the_journal_cut_is_a_problem() -> None:
    """What it would delete is not known. Of a request that selects no runs it does not matter."""
    assert JOURNAL_BODY_BYTES == MAX_KEPT_BODY
    cut = "[" * JOURNAL_BODY_BYTES
    with pytest.raises(UsageError, match="f: a body that the journal cut after 64 KiB"):
        parse_requests(text_of({"path": "/flow_runs/bulk_delete", "body": cut}).encode(), "f")
    parse_requests(text_of({"path": "/flow_runs/bulk_delete", "body": cut[1:]}).encode(), "f")
    parse_requests(text_of({"path": "/logs/", "body": cut}).encode(), "f")


@pytest.mark.parametrize(
    ("method", "target", "title"),
    [
        ("POST", "/flow_runs/bulk_delete", DELETE),
        ("post", "/api/flow_runs/bulk_delete/", DELETE),
        ("POST", "https://api.prefect.cloud/api/accounts/a/flow_runs/count?x=1", COUNT),
        ("POST", "flow_runs/count", None),
        ("GET", "/flow_runs/count", None),
        ("POST", "/ui/flow_runs/history", None),
        ("POST", "/flow_runs/count/x", None),
        ("POST", "/x_flow_runs/count", None),
        ("POST", "/flow_runs/bulk_set_state", "POST /flow_runs/bulk_set_state"),
    ],
)
def test_an_endpoint_is_known_by_the_end_of_its_path(
    method: str, target: str, title: str | None
) -> None:
    """Whatever is before it: /api, a session, or a host. Prefect's own pages have others."""
    text = text_of({"method": method, "path": target, "body": {}})
    (request,) = parse_requests(text.encode(), "f")
    assert (request.endpoint and request.endpoint.title) == title


def test_other_requests_are_titled_without_ids() -> None:
    """So that they can be counted."""
    path = "/api/flow_runs/3C90C3CC-0d44-4b50-8888-8dd25736052a/set_state"
    (request,) = parse_requests(text_of({"method": "post", "path": path}).encode(), "f")
    assert request.title == "POST /api/flow_runs/{id}/set_state"
