"""Which dialect a server speaks, found out by requests that change nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...prefect import MEASURED_ON, PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC, Dialect
from .target import HTTPStatusError, Target, TargetError

_LIMIT_AS_STRING = b'{"limit": "1"}'
_NUL_NAME_FILTER = {"flow_runs": {"name": {"any_": ["\0"]}}}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server seems to be.

    `version` is what it says of itself; `dialect_evidence` tells how its dialect was recognised.

    `is_mock`: it answers with a header that no real server sends.
    """

    dialect: Dialect
    version: str
    dialect_evidence: str
    is_mock: bool = False

    @property
    def measured(self) -> bool:
        """Whether the dialects were measured on this version."""
        return self.version in MEASURED_ON


def identify(target: Target, dialect: Dialect | None = None) -> Identity:
    """Find out; a `dialect` that was said is taken at its word. Raises TargetError."""
    version = _version(target)
    answer = target.send("POST", "/flow_runs/filter", _LIMIT_AS_STRING)
    is_mock = "x-mockserver-warning" in answer.headers
    if dialect is not None:
        return Identity(dialect, version, "as was said", is_mock)
    if answer.status == 422:
        return Identity(SPEC, version, 'it refuses the limit "1", as the document does', is_mock)
    if answer.status != 200:
        raise TargetError(f"POST /flow_runs/filter answered {answer}; is this a Prefect API?")
    answer = target.send("POST", "/flow_runs/count", json.dumps(_NUL_NAME_FILTER).encode())
    if answer.status == 503:
        return Identity(PREFECT_POSTGRESQL, version, "NUL in a name is 503 to it", is_mock)
    return Identity(PREFECT_SQLITE, version, "it takes NUL in a name", is_mock)


def _version(target: Target) -> str:
    try:
        return str(target.request_json("GET", "/admin/version"))
    except HTTPStatusError as refused:
        raise TargetError(f"{target.url} is no Prefect API, or not all of one: {refused}") from None
    except ValueError:
        raise TargetError(f"{target.url} answers no JSON: is it the URL of an API?") from None
