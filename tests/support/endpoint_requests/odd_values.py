"""Values of wrong types, at the bounds of types, and in unusual notations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = Any
UNKNOWN_ID = "99999999-0000-4000-8000-000000000000"

ODD_VALUES: Sequence[Json] = (
    *(None, True, 1, 1.5, "", "x", "7", [], ["a"], {}, {"a": "b"}, 10**30),
)

TIMES_BEYOND_UTC = ("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01")

ODD_TIMES: Sequence[Json] = (
    *("2023-11-07T05:31:56+02:00", "2023-11-07T05:31:56.1234567Z", "2023-11-07T05:31:56"),
    *("2023-11-07", "2023-W45", 1699335116, "1699335116", 1e11, 1e18, -1, "nope", "", "P1D"),
    *(*TIMES_BEYOND_UTC, "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:01Z", "2023-11-07T05:31:60Z", True, [], {}),
    *("2023-11-07T05:31:56-23:59", "2023-11-07 05:31", "2016-12-31T23:59:60Z", "\ud800"),
)

ODD_IDS: Sequence[Json] = (
    *("3C90C3CC-0D44-4B50-8888-8DD25736052A", "3c90c3cc0d444b5088888dd25736052a", "nope", "", 1),
    *("urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a", "{3c90c3cc-0d44-4b50-8888-8dd25736052a}"),
    *("\ud800", "3c90c3cc-0d44-4b50-8888-8dd25736052\0", [UNKNOWN_ID], None),
)

ODD_TEXTS: Sequence[Json] = ("a\0b", "\ud800", "Ünï ❤", "\\u0000", " ")

ODD_NUMBERS: Sequence[Json] = (
    *(0, -1, 2**31, 2**31 - 1, 2**63 - 1, 2**63, -(2**63) - 1, 1e300, 10.0, -0.0, "1.0", "1e3"),
)

NON_OBJECT_BODIES: Sequence[Json] = (
    *(..., b"", None, True, 7, 1.5, "x", [], [1], [{}], {}, {"x": 1}, b"{bad", b"\xff", b"NaN"),
    *(b"[Infinity]", b'{"x": NaN}', b'{"x": "\\ud800"}', b'["\\ud800"]', b'"\\ud800"', b"[" * 2000),
    *(b'{"x": 1e999}', b"\xef\xbb\xbf{}", b" ", b"{} x", b'{"x": ' + b"9" * 4301 + b"}"),
    b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}",
)

INVALID_BODY = b'{"limit": "x", "state": 1, "name": 1, "flow_id": 1, "slots": 0}'

BROKEN_JSON = b"{bad"

CONTENT_TYPES = (
    *("", "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"),
    *("APPLICATION/JSON; charset=utf-8", "multipart/form-data"),
)

API_VERSIONS = ("", "0.8.0", "0.8.4", "0.7.9", "0.8", "x", "99.0.0", "-1.0.0", "\xe9")
