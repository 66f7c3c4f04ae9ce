"""The bodies of requests about the inputs of flow runs, and of resuming a run with one."""

from __future__ import annotations

from typing import Any, ClassVar

from ...filters import JsonInteger, TextAsBytes, Texts
from .. import BodyParameters


class InputCreateRequest(BodyParameters):
    """The body of /flow_runs/{id}/input."""

    key: str
    value: TextAsBytes  # Prefect: api/flow_runs.py, create_flow_run_input
    sender: str | None = None


class InputFilterRequest(BodyParameters):
    """The body of /flow_runs/{id}/input/filter."""

    prefix: str
    limit: JsonInteger = 1
    exclude_keys: Texts = []


class ResumeRequest(BodyParameters):
    """The body of /flow_runs/{id}/resume."""

    accepts_any_json: ClassVar[bool] = True

    run_input: dict[str, Any] | None = None
