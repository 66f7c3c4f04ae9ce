"""Requests that a user kept in a file: bodies, requests, or a journal that the mock returned.

Invariant: nothing is passed over. What cannot be read is a problem with its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import SeedProblem, UsageError, to_single_line
from ..prefect import BULK_DELETE
from ..requests import JSON_MEDIA_TYPE, Message
from .selecting_endpoints import SelectingEndpoint, describe_endpoint, find_endpoint

MAX_LINE_BYTES = 4 << 20
"""The longest line of a file with a request a line: the longest body that the mock takes."""
# A saved journal is one document. Of 1,000 requests, the most that the control API returns, it has
# about 20 MB: 8 MiB of bodies, escaped, and the names of what they deleted.
MAX_FILE_BYTES = 256 << 20
"""The largest file of requests."""
MAX_PROBLEMS = 20
"""How many problems are listed; the others are counted."""
_EXPECTED = (
    'a body such as {"flow_runs": {...}, "limit": 50}, a request {"method", "path", "body"}, or a '
    "journal as /_mock/journal returns it"
)
_REQUEST_KEYS = frozenset({"method", "path", "body"})
_BODY_KEYS = frozenset({"flow_runs", "limit"})


# mockserver.worlds, which keeps the journal, is above this folder; a test compares the two.
JOURNAL_BODY_BYTES = 64 << 10
"""How much of a body the mock's journal keeps."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that was sent or could be. `where` is its place in the file: `clean-up.jsonl:3`.

    `title` is method and path, such as `POST /flow_runs/bulk_delete`. `endpoint` is None if it
    selects no flow runs.
    """

    where: str
    title: str
    endpoint: SelectingEndpoint | None
    message: Message


def parse_requests(content: bytes, name: str) -> list[RecordedRequest]:
    """The requests in a file of this name, in order.

    It holds one JSON document, or one on each line: a body of bulk_delete, a request as an object
    with a path, a journal, or a list of these. Raises UsageError, which lists what is wrong.
    """
    if len(content) > MAX_FILE_BYTES:
        raise UsageError(f"{name} is larger than {MAX_FILE_BYTES >> 20} MiB; split it")
    problems: list[SeedProblem] = []
    requests = list(_read_documents(_decode(content, name), name, problems))
    if problems:
        listed = [str(problem) for problem in problems[:MAX_PROBLEMS]]
        more = len(problems) - len(listed)
        raise UsageError("\n".join([*listed, *([f"... and {more:,} more"] if more else [])]))
    if not requests:
        raise UsageError(f"{name} has no request; expected {_EXPECTED}")
    return requests


def _decode(content: bytes, name: str) -> str:
    """The text of a file. JSON may be UTF-16, which is what PowerShell writes."""
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        came = f"byte 0x{content[error.start]:02x} is no {encoding.upper()} text"
        raise UsageError(str(SeedProblem(f"{name}:{line}", came, _EXPECTED))) from None


def _read_documents(text: str, name: str, problems: list[SeedProblem]) -> Iterator[RecordedRequest]:
    """The requests of one document that fills the file, or else of a document on each line."""
    if not text.strip():
        return
    whole = _parse_json(text)
    if not isinstance(whole, _NotJson):
        yield from _read_value(whole, name, "", problems)
        return
    lines = text.split("\n")  # not splitlines: JSON texts may hold U+2028
    if isinstance(_parse_json(next(filter(str.strip, lines))), _NotJson):
        expected = "JSON: one document, or one on each line"
        problems.append(SeedProblem(f"{name}:{whole.line}:{whole.column}", whole.reason, expected))
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield from _read_line(line, f"{name}:{number}", problems)


def _read_line(line: str, where: str, problems: list[SeedProblem]) -> Iterator[RecordedRequest]:
    # A text has no more characters than bytes.
    if len(line) > MAX_LINE_BYTES or len(line.encode(errors="replace")) > MAX_LINE_BYTES:
        expected = f"at most {MAX_LINE_BYTES >> 20} MiB, as much as the mock takes"
        problems.append(SeedProblem(where, f"a line of {len(line):,} characters", expected))
        return
    value = _parse_json(line)
    if isinstance(value, _NotJson):
        problems.append(SeedProblem(f"{where}:{value.column}", value.reason, "a line of JSON"))
        return
    yield from _read_value(value, where, "", problems)


@dataclass(frozen=True, slots=True)
class _NotJson:
    """Why a text is no JSON, and where in it."""

    reason: str
    line: int = 1
    column: int = 1


def _parse_json(text: str) -> Any:
    """The JSON value of a text, or `_NotJson`. Like a real server it takes NaN and any text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return _NotJson(error.msg, error.lineno, error.colno)
    except RecursionError:
        return _NotJson("nested too deep")
    except ValueError as error:  # an integer of more digits than Python converts
        return _NotJson(str(error))


def _read_value(
    value: Any, where: str, place: str, problems: list[SeedProblem]
) -> Iterator[RecordedRequest]:
    """The requests of a JSON value: an object, a journal, or a list of them.

    `place` is the value's place in the document, such as `[3]`.
    """
    if isinstance(value, dict) and isinstance(value.get("exchanges"), list):
        value, place = value["exchanges"], f"{place} exchanges"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _read_value(item, where, f"{place}[{index}]", problems)
    elif isinstance(value, dict):
        yield from _read_object(value, where + place.replace(" ", ", "), problems)
    else:
        came = to_single_line(json.dumps(value), 80)
        problems.append(SeedProblem(where + place.replace(" ", ", "), came, _EXPECTED))


def _read_object(
    value: Mapping[str, Any], where: str, problems: list[SeedProblem]
) -> Iterator[RecordedRequest]:
    """A body, or a request with a path."""
    method, target = BULK_DELETE.split(" ")
    if not _REQUEST_KEYS & value.keys() or _BODY_KEYS & value.keys():
        message = Message(_to_bytes(value), JSON_MEDIA_TYPE)
        yield RecordedRequest(where, BULK_DELETE, find_endpoint(method, target), message)
        return
    given = {
        key: value.get(key, default) for key, default in (("method", method), ("path", target))
    }
    wrong = [key for key, text in given.items() if not isinstance(text, str)]
    for key in wrong:
        came = to_single_line(json.dumps(given[key]), 80)
        problems.append(SeedProblem(f"{where}, {key}", came, "a text"))
    if wrong:
        return
    body = value.get("body")
    endpoint = find_endpoint(given["method"], given["path"])
    if endpoint and _is_cut(body):
        came = f"a body that the journal cut after {JOURNAL_BODY_BYTES >> 10} KiB"
        problems.append(SeedProblem(where, came, "the whole body: put it here, or leave it out"))
        return
    title = endpoint.title if endpoint else describe_endpoint(given["method"], given["path"])
    # The journal keeps no headers, but it knows whether the body was of another type.
    warnings = value.get("warnings")
    is_ignored = isinstance(warnings, dict | list) and "body-ignored" in warnings
    message = Message(_to_bytes(body), "text/plain" if is_ignored else JSON_MEDIA_TYPE)
    yield RecordedRequest(where, title, endpoint, message)


def _is_cut(body: Any) -> bool:
    """Whether a body from a journal is not all of what was sent: it is text then, and long."""
    return isinstance(body, str) and len(_to_bytes(body)) >= JOURNAL_BODY_BYTES


def _to_bytes(body: Any) -> bytes:
    """A body as it was sent. The journal has null for none, and text for what is no JSON."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode(errors="surrogatepass")
    return json.dumps(body).encode()
