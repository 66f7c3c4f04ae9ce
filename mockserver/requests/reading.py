"""Bytes -> request: what a body, its type and its version header say, under a dialect.

Nearly every request takes the short road: pydantic's own JSON parser, strictly. What the document
takes a real server takes too, with the same values (a property test holds that), but for leap
seconds. Any other request is read once as the dialect reads it, and looked at for what there is
to warn about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator, core_schema

from ..errors import (
    InvalidRequest,
    OutdatedClient,
    RefusedRequest,
    ServerFailure,
    UnreadableRequest,
)
from ..prefect import PREFECT_SQLITE, Dialect
from .body_models import Parameters
from .decoding import (
    JSON,
    B,
    Message,
    body_of,
    check_version,
    decode,
    is_plain,
    is_repeatable,
    media_type,
    missing,
    read_laxly,
    read_strictly,
    told_body,
    version_problem,
)

MOST_LISTED = 32 << 10  # bytes of a body of which every error is told, as a real server does
_LEAP_SECOND = b":60"
_REAL = PREFECT_SQLITE  # every real server reads alike; what its database does comes later


@dataclass(frozen=True, slots=True)
class Reading(Generic[B]):
    """What was read, and the ids of the warnings that the way it was written earns."""

    request: B
    warnings: frozenset[str] = frozenset()


def read_request(
    message: Message,
    body: type[B],
    dialect: Dialect,
    now: datetime | None = None,
    wrong: Sequence[Mapping[str, Any]] = (),
) -> Reading[B]:
    """Read a request's body; `now` is what a lax dialect takes the time `now` for, `wrong` what is
    wrong with its path, in pydantic's form, which is told with what is wrong with its body.

    Raises InvalidRequest, OutOfBounds, UnreadableRequest, OutdatedClient or ServerFailure, each
    with the ids of its warnings.
    """
    if (
        not wrong
        and message.api_version is None
        and _LEAP_SECOND not in message.body
        and message.body
        and (message.content_type == JSON or media_type(message.content_type) in (JSON, None))
    ):
        try:
            request = body.model_validate_json(message.body, strict=True)
        except ValidationError:
            pass
        else:
            if is_plain(request):
                return Reading(request)
    return _read_unusual(message, body, dialect, now or datetime.now(UTC), wrong)


def check_api_version(version: str | None, dialect: Dialect) -> None:
    """What comes before every request that has no body. Raises OutdatedClient."""
    problem = version_problem(version)
    if problem and dialect.api_version_400:
        raise OutdatedClient(problem, warnings=("api-version-400",))


def api_version(version: str | None) -> tuple[int, ...] | None:
    """The version that a client says it is written for; None where it says none that can be
    read.
    """
    if not version or version_problem(version):
        return None
    return tuple(int(part) for part in version.split("."))


_UUID = SchemaValidator(core_schema.uuid_schema())


def read_uuid(text: str | None, *loc: str) -> str:
    """An id of a path or query, in the form in which ids are kept. Raises InvalidRequest."""
    if text is None:
        raise InvalidRequest([{**missing(), "loc": loc}], None)
    try:
        return str(_UUID.validate_python(text))
    except ValidationError as refusal:
        (error,) = refusal.errors(include_url=False)
        raise InvalidRequest([{**error, "loc": loc}], None) from None


def _read_unusual(
    message: Message,
    body: type[B],
    dialect: Dialect,
    now: datetime,
    wrong: Sequence[Mapping[str, Any]],
) -> Reading[B]:
    warned = frozenset(_warnings(message, body, dialect, now))
    try:
        return Reading(_read(message, body, dialect, now, wrong), warned)
    except RefusedRequest as refusal:
        refusal.warnings = tuple(warned)
        raise


def _read(
    message: Message,
    body: type[B],
    dialect: Dialect,
    now: datetime,
    wrong: Sequence[Mapping[str, Any]],
) -> B:
    """As the dialect reads it: syntax first, then the version header, then the content."""
    content = body_of(message, dialect)
    value = decode(content, dialect) if dialect.lax_coercion and content else None
    if dialect.api_version_400:
        check_version(message.api_version)
    if not content and message.body:
        value = message.body  # bytes, which are no JSON
    try:
        if dialect.lax_coercion:
            request = read_laxly(body, value, now, every_error=len(content) <= MOST_LISTED)
        else:
            request = read_strictly(body, content)
    except InvalidRequest as refusal:
        raise InvalidRequest([*wrong, *refusal.errors], refusal.body) from None
    if wrong:
        raise InvalidRequest(wrong, told_body(value))
    return request


def _warnings(
    message: Message, model: type[BaseModel], dialect: Dialect, now: datetime
) -> Iterator[str]:
    if version_problem(message.api_version):
        yield "api-version-400"
    if message.body and media_type(message.content_type) not in (JSON, None):
        yield "body-ignored"
    body = body_of(message, _REAL)
    if body:
        yield from _of_body(body, model, dialect, now)


def _of_body(body: bytes, model: type[BaseModel], dialect: Dialect, now: datetime) -> Iterator[str]:
    if json.detect_encoding(body) != "utf-8":
        yield "unreadable-400"
    try:
        value = decode(body, _REAL)
    except UnreadableRequest:
        yield "unreadable-400"
        return
    except ServerFailure:
        yield "undocumented-5xx"
        return
    except InvalidRequest:
        return
    if (
        isinstance(value, dict)
        and issubclass(model, Parameters)
        and value.keys() - model.model_fields.keys() - model.passed_over
    ):
        yield "unknown-key"
    yield from _of_value(value, model, dialect, now)


def _of_value(value: Any, model: type[BaseModel], dialect: Dialect, now: datetime) -> Iterator[str]:
    repeatable = is_repeatable(value)
    if not repeatable:
        yield "undocumented-5xx"
    taken = _accepts(read_laxly, model, value, now)
    if repeatable and taken != _accepts(read_strictly, model, json.dumps(value).encode()):
        yield "lax-coercion"
    if dialect.lax_coercion and taken and any(_unix_times(value)):
        yield "date-read-as-unix"


def _accepts(read: Any, *arguments: Any) -> bool:
    try:
        read(*arguments)
    except RefusedRequest:
        return False
    return True


_DIGITS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)


def _unix_times(value: Any) -> Iterator[bool]:
    """Of each time in the filters of a body, and beside them, whether it is a number."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key in _TIMES and isinstance(inner, str):
            yield _DIGITS.fullmatch(inner) is not None
        elif key in _TIMES:
            yield isinstance(inner, int | float)
        else:
            yield from _unix_times(inner)


_TIMES = frozenset({"before_", "after_", "history_start", "history_end"})
