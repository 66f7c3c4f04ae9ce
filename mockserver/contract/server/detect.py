"""Detecting which dialect a server speaks, by requests that change nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ...prefect import PREFECT_POSTGRESQL, PREFECT_SQLITE, RELEASES, SPEC, Dialect
from .target import HTTPStatusError, Target, TargetError

# Real servers read "1" as 1 (deviation `lax-coercion`); the document allows no string there.
_LIMIT_AS_STRING = b'{"limit": "1"}'
# PostgreSQL cannot store NUL and answers 503 (deviation `nul-in-text`); SQLite finds nothing.
_NUL_NAME_FILTER = {"flow_runs": {"name": {"any_": ["\0"]}}}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server seems to be.

    `version` is its own reply to /admin/version. `dialect_evidence` says how the dialect was
    recognised. `is_mock`: it sent a header that only mockserver sends.
    """

    dialect: Dialect
    version: str
    dialect_evidence: str
    is_mock: bool = False

    @property
    def measured(self) -> bool:
        """Whether the dialects were measured on this version."""
        return self.version in RELEASES


def identify(target: Target, dialect: Dialect | None = None) -> Identity:
    """Identify a server. A given `dialect` is not checked, only whether it is a mock.

    Raises TargetError if it does not answer as a Prefect API.
    """
    version = _version(target)
    answer = target.send("POST", "/flow_runs/filter", _LIMIT_AS_STRING)
    is_mock = "x-mockserver-warning" in answer.headers
    if dialect is not None:
        return Identity(dialect, version, "chosen with --dialect", is_mock)
    if answer.status == 422:
        return Identity(SPEC, version, 'it rejects the limit "1", as the document does', is_mock)
    if answer.status != 200:
        raise TargetError(f"POST /flow_runs/filter answered {answer}; is this a Prefect API?")
    answer = target.send("POST", "/flow_runs/count", json.dumps(_NUL_NAME_FILTER).encode())
    if answer.status == 503:
        return Identity(PREFECT_POSTGRESQL, version, "it answers 503 to NUL in a name", is_mock)
    return Identity(PREFECT_SQLITE, version, "it accepts NUL in a name", is_mock)


def _version(target: Target) -> str:
    try:
        return str(target.request_json("GET", "/admin/version"))
    except HTTPStatusError as refused:
        raise TargetError(f"{target.url} is not a complete Prefect API: {refused}") from None
    except ValueError:
        raise TargetError(f"{target.url} does not answer JSON: is it the URL of an API?") from None
