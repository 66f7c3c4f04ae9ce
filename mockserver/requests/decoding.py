"""Bytes -> values: as the document says it, strictly, or as a real server does it.

A real server is Starlette's JSON, FastAPI's body parameters and pydantic's lax mode, as Prefect
3.8.8 runs them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import (
    InvalidRequest,
    OutOfBounds,
    RefusedRequest,
    ServerFailure,
    UnreadableRequest,
    UnsupportedApiVersion,
)
from ..filters import AS_DOCUMENTED, without_fail_fast
from ..prefect import Dialect
from .body_models import MAX_PAGE_LIMIT, NOT_AN_OBJECT, BodyParameters, PageParameters

MAX_DEPTH = 953  # of JSON; a real server (Python 3.11) answers 400 to what is deeper
MINIMUM_API_VERSION = (0, 8, 0)
JSON_MEDIA_TYPE = "application/json"
BodyT = TypeVar("BodyT", bound=BaseModel)


class Message(NamedTuple):
    """What came: the body, and the two headers that matter, decoded as Latin-1 as a real server
    does it; None where there was none.
    """

    body: bytes = b""
    content_type: str | None = None
    api_version: str | None = None


def is_fully_checked(request: BaseModel) -> bool:
    """Whether nothing in it needs a second look: an ignored key, a page out of bounds, anything
    of which the schema does not tell whether JSON can hold it.
    """
    if not isinstance(request, BodyParameters) or request.holds_anything:
        return False
    if request.model_extra and not request.model_extra.keys() <= request.passed_over:
        return False
    return not (request.pages and _page_limit_error(request))


def media_type(content_type: str | None) -> str | None:
    """The type without its parameters, in lower case; None where there is no header."""
    return None if content_type is None else content_type.partition(";")[0].strip().lower()


def effective_body(message: Message, dialect: Dialect) -> bytes:
    """The body to read; empty where there is none or where its type makes a server ignore it."""
    kind = media_type(message.content_type)
    if not message.body or kind is None or kind == JSON_MEDIA_TYPE:
        return message.body
    if not dialect.body_ignored:
        raise _invalid_request(
            "content_type", ("header", "content-type"), f"{kind!r}, not {JSON_MEDIA_TYPE}"
        )
    suffixed = re.fullmatch(r"application/[^/]*\+json", kind, re.DOTALL)
    return message.body if suffixed else b""


def _invalid_request(kind: str, loc: tuple[str | int, ...], msg: str) -> InvalidRequest:
    return InvalidRequest([{"type": kind, "loc": loc, "msg": msg}], None)


def parse_strict(body: type[BodyT], content: bytes) -> BodyT:
    if not content and not issubclass(body, BodyParameters):
        raise _invalid_request("missing", ("body",), "Field required")
    try:
        request = body.model_validate_json(
            content or b"{}", strict=True, context={AS_DOCUMENTED: True}
        )
    except ValidationError as refusal:
        raise InvalidRequest(list(_strict_errors(refusal)), None) from None
    if not is_fully_checked(request) and not is_json_encodable(json.loads(content or b"{}")):
        raise _invalid_request(
            "json_invalid", ("body",), "Invalid JSON: a number that is not finite"
        )
    if isinstance(request, BodyParameters) and request.pages:
        _raise_out_of_bounds(_page_limit_error(request))
    return request


def _page_limit_error(request: Any) -> str | None:
    """What a real server says of a page's limit; None where it is good. No schema tells it."""
    if request.limit is None:
        return None
    if request.limit < 0:
        return "Invalid limit: must be greater than or equal to 0."
    if request.limit > MAX_PAGE_LIMIT:
        return f"Invalid limit: must be less than or equal to {MAX_PAGE_LIMIT}."
    return None


def _raise_out_of_bounds(problem: str | None) -> None:
    if problem:
        raise OutOfBounds(problem)


def _strict_errors(refusal: ValidationError) -> Iterator[Mapping[str, Any]]:
    for error in refusal.errors(include_url=False, include_context=False):
        told = {"loc": ("body", *error["loc"]), "msg": error["msg"], "type": error["type"]}
        readable = error["type"] != "json_invalid"  # else the input is all that came
        yield told | {"input": error["input"]} if readable else told


def decode_json(body: bytes, dialect: Dialect) -> Any:
    """Starlette's `request.json()`, with FastAPI's errors."""
    if _nests_too_deep(body):
        raise _unreadable_error(dialect)
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        _require_json_encodable(error.doc)
        problem = {
            "type": "json_invalid",
            "loc": ("body", error.pos),
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        raise InvalidRequest([problem], error.doc) from None
    except (ValueError, RecursionError):  # not UTF-8, 16 or 32; too many digits; too deep
        raise _unreadable_error(dialect) from None


def _unreadable_error(dialect: Dialect) -> RefusedRequest:
    text = "There was an error parsing the body"
    if dialect.unreadable_400:
        return UnreadableRequest(text)
    return _invalid_request("json_invalid", ("body",), text)


_DEPTH_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|[\]}]', re.DOTALL)


def _nests_too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for token in _DEPTH_TOKENS.finditer(body):
        if token[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif not token[0].startswith(b'"'):
            depth -= 1
    return deepest > MAX_DEPTH


def require_api_version(version: str | None) -> None:
    problem = api_version_error(version)
    if problem:
        raise UnsupportedApiVersion(problem)


def api_version_error(version: str | None) -> str | None:
    """What a real server says of the header; None where it is absent, empty or good."""
    if not version:
        return None
    try:
        major, minor, patch = (int(part) for part in version.split("."))
    except ValueError:
        return (
            "Invalid X-PREFECT-API-VERSION header format."
            f"Expected header in format 'x.y.z' but received {version}"
        )
    if (major, minor, patch) < MINIMUM_API_VERSION:
        lowest = ".".join(map(str, MINIMUM_API_VERSION))
        return (
            f"The request specified API version {version} but this "
            f"server requires version {lowest} or higher."
        )
    return None


def parse_lax(body: type[BodyT], value: Any, now: datetime, *, every_error: bool = False) -> BodyT:
    """FastAPI's body: as a whole or, where keys are parameters, key by key. Bytes are a body whose
    type makes a server ignore it: no key can be found in them, and an error tells them as text.
    """
    given = _pick_parameters(body, value) if issubclass(body, BodyParameters) else value
    if given is None:
        raise InvalidRequest([missing_error()], None)
    context = {"now": now}
    try:
        return body.model_validate(given, from_attributes=True, context=context)
    except ValidationError as error:
        refusal = error
    except UnicodeEncodeError:  # a lone surrogate where a date-time belongs
        raise ServerFailure("a lone surrogate in a date-time", retryable=False) from None
    told = echoed_body(value)
    if every_error:
        try:
            without_fail_fast(body).model_validate(given, from_attributes=True, context=context)
        except ValidationError as error:
            refusal = error
    errors = [_lax_error(error, body) for error in refusal.errors()]
    if any(error["type"] == NOT_AN_OBJECT for error in errors):
        raise ServerFailure("a policy that is no object", retryable=False)
    raise InvalidRequest(errors, told)


def echoed_body(value: Any) -> Any:
    """A body as a refusal repeats it: bytes as text. Raises ServerFailure where it cannot."""
    _require_json_encodable(value)
    return _bytes_to_text(value)


def _bytes_to_text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _pick_parameters(body: type[BodyParameters], value: Any) -> dict[str, Any]:
    """The keys that are parameters; null is absent, and others are never looked at."""
    if value is None or isinstance(value, bytes):
        return {}
    if not isinstance(value, dict):
        _require_json_encodable(value)
        raise InvalidRequest([missing_error(key) for key in body.model_fields], value)
    given = {key: value[key] for key in body.model_fields if value.get(key) is not None}
    if body.pages and "limit" in given:
        # A real server looks at the page first, whatever else is wrong.
        with suppress(ValidationError):
            _raise_out_of_bounds(
                _page_limit_error(PageParameters.model_validate({"limit": given["limit"]}))
            )
    return given


def missing_error(*key: str) -> dict[str, Any]:
    return {"type": "missing", "loc": ("body", *key), "msg": "Field required", "input": None}


def _lax_error(error: Mapping[str, Any], body: type[BaseModel]) -> dict[str, Any]:
    told = {key: value for key, value in error.items() if key != "url"}
    if error["type"] == "missing" and len(error["loc"]) == 1 and issubclass(body, BodyParameters):
        return missing_error(str(error["loc"][0]))
    told["loc"] = ("body", *error["loc"])
    told["input"] = _bytes_to_text(error["input"])
    if "error" in error.get("ctx", ()) and isinstance(error["ctx"]["error"], Exception):
        told["ctx"] = {"error": {}}
    return told


def _require_json_encodable(value: object) -> None:
    if not is_json_encodable(value):
        raise ServerFailure("the reply would repeat what JSON lacks", retryable=False)


def is_json_encodable(value: object) -> bool:
    """Whether a reply can hold it: no NaN, no infinity, no lone surrogate, not too deep; of bytes,
    whether they are text.
    """
    try:
        if isinstance(value, bytes):
            value.decode()
        else:
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True
