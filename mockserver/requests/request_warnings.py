"""What the way a request is written earns: the warnings that do not depend on what it selects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from ..errors import ServerFailure
from ..prefect import Dialect
from .body_kinds import BodyParameters, BodyT, body_keys
from .json_values import UndecodableBody
from .message import JSON_MEDIA_TYPE, api_version_error, media_type
from .two_readings import BothWays, is_utf8

# What pydantic reads as a number of seconds or milliseconds since 1970.
_NUMERIC_TEXT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
# Filters and history have these keys for times only, so that no model is needed to find them.
_TIME_KEYS = frozenset({"before_", "after_", "history_start", "history_end"})


def request_warnings(
    read: BothWays[BodyT], model: type[BaseModel], dialect: Dialect
) -> Iterator[str]:
    """Ids of the registry of deviations; whatever the dialect, but for `date-read-as-unix`."""
    message = read.message
    if api_version_error(message.api_version):
        yield "api-version-400"
    if message.body and media_type(message.content_type) not in (JSON_MEDIA_TYPE, None):
        yield "body-ignored"
    if not read.content:
        return
    if not is_utf8(read.content) or isinstance(read.undecoded, UndecodableBody):
        yield "unreadable-400"
    if isinstance(read.undecoded, ServerFailure) or not read.encodable:
        yield "undocumented-5xx"
    if read.undecoded is None:
        yield from _value_warnings(read, model, dialect)


def _value_warnings(
    read: BothWays[BodyT], model: type[BaseModel], dialect: Dialect
) -> Iterator[str]:
    value, lax, strict = read.value, read.lax, read.strict
    if isinstance(value, dict) and issubclass(model, BodyParameters):
        known = {*body_keys(model), *model.ignored_keys}
        if any(key not in known for key in value):
            yield "unknown-key"
    if strict is not None and lax is not None and (lax.refusal is None) != (strict.refusal is None):
        yield "lax-coercion"
    taken = lax is not None and lax.refusal is None
    if dialect.lax_coercion and taken and isinstance(value, dict) and any(_are_numeric(value)):
        yield "date-read-as-unix"


def _are_numeric(value: Mapping[str, Any]) -> Iterator[bool]:
    """For each time in the filters of a body, and beside them, whether it is a number."""
    for key in _TIME_KEYS & value.keys():
        inner = value[key]
        if isinstance(inner, str):
            yield _NUMERIC_TEXT.fullmatch(inner) is not None
        else:
            yield isinstance(inner, int | float)
    for inner in [inner for inner in value.values() if isinstance(inner, dict)]:
        yield from _are_numeric(inner)
