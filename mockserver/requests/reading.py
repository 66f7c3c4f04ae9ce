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
    RefusedRequest,
    ServerFailure,
    UnreadableRequest,
    UnsupportedApiVersion,
)
from ..prefect import PREFECT_SQLITE, Dialect
from .body_models import BodyParameters
from .decoding import (
    JSON_MEDIA_TYPE,
    BodyT,
    Message,
    api_version_error,
    decode_json,
    echoed_body,
    effective_body,
    is_fully_checked,
    is_json_encodable,
    media_type,
    missing_error,
    parse_lax,
    parse_strict,
    require_api_version,
)

MAX_BYTES_LISTING_ALL_ERRORS = (
    32 << 10
)  # bytes of a body of which every error is told, as a real server does
_LEAP_SECOND = b":60"
_REAL_SERVER = PREFECT_SQLITE  # every real server reads alike; what its database does comes later


@dataclass(frozen=True, slots=True)
class ParsedRequest(Generic[BodyT]):
    """What was read, and the ids of the warnings that the way it was written earns."""

    request: BodyT
    warnings: frozenset[str] = frozenset()


def read_request(
    message: Message,
    body: type[BodyT],
    dialect: Dialect,
    now: datetime | None = None,
    wrong: Sequence[Mapping[str, Any]] = (),
) -> ParsedRequest[BodyT]:
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
        and (
            message.content_type == JSON_MEDIA_TYPE
            or media_type(message.content_type) in (JSON_MEDIA_TYPE, None)
        )
    ):
        try:
            request = body.model_validate_json(message.body, strict=True)
        except ValidationError:
            pass
        else:
            if is_fully_checked(request):
                return ParsedRequest(request)
    return _read_slow(message, body, dialect, now or datetime.now(UTC), wrong)


def check_api_version(version: str | None, dialect: Dialect) -> None:
    """What comes before every request that has no body. Raises OutdatedClient."""
    problem = api_version_error(version)
    if problem and dialect.api_version_400:
        raise UnsupportedApiVersion(problem, warnings=("api-version-400",))


def parse_api_version(version: str | None) -> tuple[int, ...] | None:
    """The version that a client says it is written for; None where it says none that can be
    read.
    """
    if not version or api_version_error(version):
        return None
    return tuple(int(part) for part in version.split("."))


_UUID_VALIDATOR = SchemaValidator(core_schema.uuid_schema())


def read_uuid(text: str | None, *loc: str) -> str:
    """An id of a path or query, in the form in which ids are kept. Raises InvalidRequest."""
    if text is None:
        raise InvalidRequest([{**missing_error(), "loc": loc}], None)
    try:
        return str(_UUID_VALIDATOR.validate_python(text))
    except ValidationError as refusal:
        (error,) = refusal.errors(include_url=False)
        raise InvalidRequest([{**error, "loc": loc}], None) from None


def _read_slow(
    message: Message,
    body: type[BodyT],
    dialect: Dialect,
    now: datetime,
    wrong: Sequence[Mapping[str, Any]],
) -> ParsedRequest[BodyT]:
    warned = frozenset(_request_warnings(message, body, dialect, now))
    try:
        return ParsedRequest(_read_as_dialect(message, body, dialect, now, wrong), warned)
    except RefusedRequest as refusal:
        refusal.warnings = tuple(warned)
        raise


def _read_as_dialect(
    message: Message,
    body: type[BodyT],
    dialect: Dialect,
    now: datetime,
    wrong: Sequence[Mapping[str, Any]],
) -> BodyT:
    """As the dialect reads it: syntax first, then the version header, then the content."""
    content = effective_body(message, dialect)
    value = decode_json(content, dialect) if dialect.lax_coercion and content else None
    if dialect.api_version_400:
        require_api_version(message.api_version)
    if not content and message.body:
        value = message.body  # bytes, which are no JSON
    try:
        if dialect.lax_coercion:
            request = parse_lax(
                body, value, now, every_error=len(content) <= MAX_BYTES_LISTING_ALL_ERRORS
            )
        else:
            request = parse_strict(body, content)
    except InvalidRequest as refusal:
        raise InvalidRequest([*wrong, *refusal.errors], refusal.body) from None
    if wrong:
        raise InvalidRequest(wrong, echoed_body(value))
    return request


def _request_warnings(
    message: Message, model: type[BaseModel], dialect: Dialect, now: datetime
) -> Iterator[str]:
    if api_version_error(message.api_version):
        yield "api-version-400"
    if message.body and media_type(message.content_type) not in (JSON_MEDIA_TYPE, None):
        yield "body-ignored"
    body = effective_body(message, _REAL_SERVER)
    if body:
        yield from _body_warnings(body, model, dialect, now)


def _body_warnings(
    body: bytes, model: type[BaseModel], dialect: Dialect, now: datetime
) -> Iterator[str]:
    if json.detect_encoding(body) != "utf-8":
        yield "unreadable-400"
    try:
        value = decode_json(body, _REAL_SERVER)
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
        and issubclass(model, BodyParameters)
        and value.keys() - model.model_fields.keys() - model.passed_over
    ):
        yield "unknown-key"
    yield from _value_warnings(value, model, dialect, now)


def _value_warnings(
    value: Any, model: type[BaseModel], dialect: Dialect, now: datetime
) -> Iterator[str]:
    repeatable = is_json_encodable(value)
    if not repeatable:
        yield "undocumented-5xx"
    taken = _accepts(parse_lax, model, value, now)
    if repeatable and taken != _accepts(parse_strict, model, json.dumps(value).encode()):
        yield "lax-coercion"
    if dialect.lax_coercion and taken and any(_iter_is_numeric_time(value)):
        yield "date-read-as-unix"


def _accepts(read: Any, *arguments: Any) -> bool:
    try:
        read(*arguments)
    except RefusedRequest:
        return False
    return True


_NUMERIC_TEXT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)


def _iter_is_numeric_time(value: Any) -> Iterator[bool]:
    """Of each time in the filters of a body, and beside them, whether it is a number."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key in _TIME_KEYS and isinstance(inner, str):
            yield _NUMERIC_TEXT.fullmatch(inner) is not None
        elif key in _TIME_KEYS:
            yield isinstance(inner, int | float)
        else:
            yield from _iter_is_numeric_time(inner)


_TIME_KEYS = frozenset({"before_", "after_", "history_start", "history_end"})
