"""Every reply in the dialect `spec` is one that openapi.yaml describes."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from mockserver.prefect import openapi

BEYOND_THE_DOCUMENT = frozenset({307, 403, 405, 408, 413, 501})
"""What HTTP itself, the guard and an endpoint that is not modelled answer."""


def faults(method: str, path: str, status: int, body: bytes) -> list[str]:
    """What a reply has that the document does not say, or lacks."""
    plain = path.partition("?")[0].removeprefix("/api")
    replies = _replies(method, plain)
    if replies is None or status in BEYOND_THE_DOCUMENT:
        return []
    if str(status) not in replies:
        return [f"{method} {plain} is not documented to answer {status}: {body[:300]!r}"]
    content = replies[str(status)].get("content", {}).get("application/json")
    if content is None:
        return [f"{method} {plain} {status} has a body: {body[:300]!r}"] if body else []
    found = _validator(json.dumps(content["schema"])).iter_errors(json.loads(body))
    return [f"{method} {plain} {status}{fault.json_path[1:]}: {fault.message}" for fault in found]


def _replies(method: str, path: str) -> Any:
    for pattern, operations in _patterns():
        if method in operations and pattern.fullmatch(path):
            return operations[method]
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Paths as patterns; those without parameters first."""
    paths = sorted(openapi.document()["paths"].items(), key=lambda item: "{" in item[0])
    return [
        (
            re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))),
            {method.upper(): operation["responses"] for method, operation in item.items()},
        )
        for path, item in paths
    ]


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {**json.loads(schema), "components": openapi.document()["components"]}
    checker = openapi.component_validator("ErrorDetail").format_checker
    return Draft202012Validator(whole, format_checker=checker)
