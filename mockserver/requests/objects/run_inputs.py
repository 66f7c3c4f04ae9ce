"""The bodies of requests about the inputs of flow runs, and of resuming a run with one."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from ...filters import JsonInteger, Texts, strict_union
from .. import BodyParameters


def _as_text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()


# A real server reads bytes, which shows in its errors (Prefect: api/flow_runs.py,
# create_flow_run_input).
TextOfBytes = Annotated[bytes, strict_union(str), AfterValidator(_as_text)]


class InputCreateRequest(BodyParameters):
    """The body of /flow_runs/{id}/input."""

    key: str
    value: TextOfBytes
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
