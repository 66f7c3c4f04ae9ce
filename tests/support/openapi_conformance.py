"""Check replies in the dialect `spec` against openapi.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from mockserver.prefect import openapi

UNDOCUMENTED_STATUSES = frozenset({307, 403, 405, 408, 413, 501})
"""Statuses of HTTP itself, the origin guard and endpoints that are not modelled."""


def find_violations(method: str, path: str, status: int, body: bytes) -> list[str]:
    """How a reply differs from what openapi.yaml documents; empty if it conforms."""
    route = path.partition("?")[0].removeprefix("/api")
    replies = _documented_responses(method, route)
    if replies is None or status in UNDOCUMENTED_STATUSES:
        return []
    if str(status) not in replies:
        return [f"{method} {route} is not documented to answer {status}: {body[:300]!r}"]
    content = replies[str(status)].get("content", {}).get("application/json")
    if content is None:
        return [f"{method} {route} {status} has a body: {body[:300]!r}"] if body else []
    errors = schema_validator(content["schema"]).iter_errors(json.loads(body))
    return [f"{method} {route} {status}{error.json_path[1:]}: {error.message}" for error in errors]


def _documented_responses(method: str, path: str) -> Any:
    for pattern, operations in _path_patterns():
        if method in operations and pattern.fullmatch(path):
            return operations[method]
    return None


@cache
def _path_patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Path patterns with the responses of each method; paths without parameters come first."""
    paths = sorted(openapi.document()["paths"].items(), key=lambda item: "{" in item[0])
    return [
        (
            re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))),
            {method.upper(): operation["responses"] for method, operation in item.items()},
        )
        for path, item in paths
    ]


def schema_validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A validator, with format checks, of a schema that may refer to components of openapi.yaml."""
    return _validator(json.dumps(schema))


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {**json.loads(schema), "components": openapi.document()["components"]}
    checker = openapi.component_validator("ErrorDetail").format_checker
    return Draft202012Validator(whole, format_checker=checker)
