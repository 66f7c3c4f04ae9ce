"""A request to an endpoint, and how requests with odd bodies are made from a valid one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.support.endpoint_requests.odd_values import (
    API_VERSIONS,
    BROKEN_JSON,
    CONTENT_TYPES,
    INVALID_BODY,
    NON_OBJECT_BODIES,
    ODD_VALUES,
    Json,
)

NO_HEADERS: Mapping[str, str] = {}

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}

FUTURE_TIME = "2091-02-03T04:05:06Z"


@dataclass(frozen=True)
class ApiRequest:
    """A request. `<flow>` in its path or body stands for the id or text with that name.

    The id in its reply gets the name `save_id_as`. A body that is not bytes is sent as JSON; `...`
    means no body.
    """

    method: str
    path: str
    body: Json = ...
    headers: Mapping[str, str] = field(default_factory=lambda: JSON_HEADERS)
    save_id_as: str = ""

    def content(self, names: Mapping[str, str]) -> bytes:
        """The body to send, with `names` put in."""
        if self.body is ...:
            return b""
        sent = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        for name, value in names.items() if b"<" in sent else ():
            sent = sent.replace(f"<{name}>".encode(), value.encode())
        return sent

    def rendered_path(self, names: Mapping[str, str]) -> str:
        """The path to send, below `/api`, with `names` put in and quoted."""
        path = self.path
        for name, value in names.items():
            path = path.replace(f"<{name}>", quote(value))
        return path

    def __str__(self) -> str:
        headers = "" if self.headers is JSON_HEADERS else f" {dict(self.headers)}"
        body = "" if self.body is ... else repr(self.body)
        return f"{self.method} {self.path}{headers} {body[:300]}"


RequestGroups = Mapping[str, Iterable[ApiRequest]]
"""Requests by the name of their group; those of a group are sent in order."""


def post_requests(path: str, *bodies: Json, method: str = "POST") -> Iterator[ApiRequest]:
    """A request for each of the bodies."""
    return (ApiRequest(method, path, body) for body in bodies)


def with_odd_values(
    path: str, base: Json, keys: Iterable[str], values: Iterable[Json] = ODD_VALUES, **given: Any
) -> Iterator[ApiRequest]:
    """One request for each key and value: the base body with that value under that key.

    Keys may be nested: `a.b` is the key of `{"a": {"b": 1}}`. `given` goes to `ApiRequest`.
    """
    values = tuple(values)
    for key in keys:
        for value in values:
            yield ApiRequest("POST", path, with_value_at(base, key.split("."), value), **given)


def with_each_key_missing(path: str, base: Json, keys: Iterable[str]) -> Iterator[ApiRequest]:
    """One request for each key: the base body without it."""
    return post_requests(path, *({k: v for k, v in base.items() if k != key} for key in keys))


def with_value_at(base: Json, path: Sequence[str], value: Json) -> Json:
    """The base body with a value at the end of a path of keys."""
    key, *rest = path
    return {**base, key: with_value_at(base.get(key, {}), rest, value) if rest else value}


def as_patch(requests: Iterable[ApiRequest]) -> Iterator[ApiRequest]:
    """The same requests with the method PATCH."""
    return (ApiRequest("PATCH", one.path, one.body, one.headers) for one in requests)


def malformed_bodies(method: str, path: str, valid: Json) -> Iterator[ApiRequest]:
    """Bodies that no endpoint accepts, and bodies with odd headers."""
    yield from post_requests(path, *NON_OBJECT_BODIES, method=method)
    for body in (valid, BROKEN_JSON):
        yield from (
            ApiRequest(method, path, body, {"Content-Type": kind}) for kind in CONTENT_TYPES
        )
        yield ApiRequest(method, path, body, NO_HEADERS)
    for version in API_VERSIONS:
        yield ApiRequest(
            method, path, INVALID_BODY, {**JSON_HEADERS, "x-prefect-api-version": version}
        )
    for body in (BROKEN_JSON, b"\xff", b"", valid):
        yield ApiRequest(method, path, body, {**JSON_HEADERS, "x-prefect-api-version": "x"})


def few_malformed_bodies(path: str) -> Iterator[ApiRequest]:
    """A few of these, for an endpoint that shares its code with a fully tested one."""
    yield from post_requests(path, *NON_OBJECT_BODIES[:13])
    yield ApiRequest("POST", path, INVALID_BODY, {"Content-Type": "text/plain"})
    yield ApiRequest("POST", path, INVALID_BODY, {**JSON_HEADERS, "x-prefect-api-version": "x"})
