"""From a message to a request model, under a dialect: one way down.

Nearly every request takes the fast path: pydantic's own JSON parser, strictly. What the document
takes a real server takes too, with the same values (a property test holds that), but for leap
seconds. Any other request is decoded once and read in both ways; the dialect says which counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

from pydantic import ValidationError

from ..errors import InvalidRequest, RefusedRequest, UnreadableRequest, UnsupportedApiVersion
from ..prefect import PREFECT_SQLITE, Dialect
from .body_cost import LONG_BODY, check_cost, collection_paused
from .body_kinds import BodyParameters, BodyT, is_fully_checked, is_read_back
from .json_values import UndecodableBody, check_storable_depth, echoed_body
from .lax_reading import every_key_missing, parse_lax
from .message import JSON_MEDIA_TYPE, Message, api_version_error, effective_body, media_type
from .older_bodies import model_under
from .request_warnings import request_warnings
from .strict_reading import invalid_body, parse_strict
from .two_readings import BothWays, is_utf8, read_both_ways

# RFC 3339 has the second 60, and the document's date-time is RFC 3339; real servers refuse it.
# Any other text with these bytes only misses the fast path.
_LEAP_SECOND = b":60"
_UNREADABLE = "There was an error parsing the body"  # FastAPI's words
# Warnings are about the newest server, whatever the dialect. On which database does not matter:
# every real server reads alike, and what its database does comes later.
_REAL_SERVER = PREFECT_SQLITE


@dataclass(frozen=True, slots=True)
class ParsedRequest(Generic[BodyT]):
    """A request, and the ids of the warnings that the way it was written earns."""

    request: BodyT
    warnings: frozenset[str] = frozenset()


def read_request(
    message: Message,
    model: type[BodyT],
    dialect: Dialect,
    now: datetime | None = None,
    path_errors: Sequence[Mapping[str, Any]] = (),
) -> ParsedRequest[BodyT]:
    """Read a request's body, as `model` or as the release of the dialect has it.

    `now` is what a lax dialect takes the time `now` for; without it, the clock's. `path_errors`
    are what is wrong with the path, in pydantic's form: one refusal tells both.

    Raises TooLarge; InvalidRequest, OutOfBounds, UnreadableRequest, UnsupportedApiVersion or
    ServerFailure, each with the ids of its warnings.
    """
    if len(message.body) <= LONG_BODY:
        return _read(message, model, dialect, now, path_errors)
    check_cost(message.body)
    with collection_paused():
        return _read(message, model, dialect, now, path_errors)


def _read(
    message: Message,
    model: type[BodyT],
    dialect: Dialect,
    now: datetime | None,
    path_errors: Sequence[Mapping[str, Any]],
) -> ParsedRequest[BodyT]:
    model = model_under(model, dialect)
    taken: BodyT | None = None
    # A wrong version goes the slow way, which looks at it after the syntax of the body.
    if (
        not path_errors
        and not api_version_error(message.api_version)
        and _LEAP_SECOND not in message.body
        and message.body
        and (
            message.content_type == JSON_MEDIA_TYPE
            or media_type(message.content_type) in (JSON_MEDIA_TYPE, None)
        )
    ):
        try:
            taken = model.model_validate_json(message.body, strict=True)
        except ValidationError:
            pass
        else:
            if is_fully_checked(taken):
                return ParsedRequest(taken)
    return _read_slow(message, model, dialect, now or datetime.now(UTC), path_errors, taken)


def _read_slow(
    message: Message,
    model: type[BodyT],
    dialect: Dialect,
    now: datetime,
    path_errors: Sequence[Mapping[str, Any]],
    taken: BodyT | None,
) -> ParsedRequest[BodyT]:
    """`taken` is what the fast path made of the body, where that is not all there is to check."""
    content = effective_body(message, _REAL_SERVER)
    read = read_both_ways(message, content, model, dialect, now, taken)
    warned = frozenset(request_warnings(read, model, dialect))
    try:
        return ParsedRequest(_as_dialect(read, model, dialect, now, path_errors), warned)
    except RefusedRequest as refusal:
        refusal.warnings = tuple(warned)
        raise


def _as_dialect(
    read: BothWays[BodyT],
    model: type[BodyT],
    dialect: Dialect,
    now: datetime,
    path_errors: Sequence[Mapping[str, Any]],
) -> BodyT:
    """The request as the dialect reads it: syntax first, then the version, then the content."""
    content = effective_body(read.message, dialect)
    if content != read.content:  # an older server reads what the newest ignores
        read = read_both_ways(read.message, content, model, dialect, now)
    if dialect.lax_coercion:
        _check_syntax(read, dialect)
    if dialect.api_version_400:
        problem = api_version_error(read.message.api_version)
        if problem:
            raise UnsupportedApiVersion(problem)
    # A body that is ignored is, to FastAPI, bytes that are no JSON.
    value = read.message.body or None if not content else read.value
    # FastAPI: dependencies/utils.py, solve_dependencies has the errors of the path first.
    try:
        request = _read_content(read, model, dialect, now, content, value)
    except InvalidRequest as refusal:
        errors = [*path_errors, *refusal.errors]
        raise InvalidRequest(errors, refusal.body, more=refusal.more) from None
    if dialect.lax_coercion and is_read_back(model):
        check_storable_depth(content)
    if path_errors:
        echoed = dialect.lax_coercion or not content
        raise InvalidRequest(path_errors, echoed_body(value) if echoed else None)
    return request


def _check_syntax(read: BothWays[BodyT], dialect: Dialect) -> None:
    """Raises what makes the body no JSON: InvalidRequest, UnreadableRequest or ServerFailure."""
    if isinstance(read.undecoded, UndecodableBody):
        if dialect.unreadable_400:
            raise UnreadableRequest(_UNREADABLE)
        raise invalid_body("json_invalid", _UNREADABLE)
    if read.undecoded is not None:
        raise read.undecoded


def _read_content(
    read: BothWays[BodyT],
    model: type[BodyT],
    dialect: Dialect,
    now: datetime,
    content: bytes,
    value: Any,
) -> BodyT:
    if dialect.lax_coercion:
        if read.lax is not None:
            return read.lax.result()
        if (
            isinstance(value, bytes)
            and not dialect.body_ignored
            and issubclass(model, BodyParameters)
        ):
            raise every_key_missing(model, value)
        return parse_lax(model, value, now, all_errors=True)
    if read.strict is not None and is_utf8(content):
        return read.strict.result()
    return parse_strict(model, content)
