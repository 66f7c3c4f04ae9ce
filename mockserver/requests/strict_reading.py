"""Strict reading: a body as the published document describes it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from ..errors import InvalidRequest
from ..filters import AS_DOCUMENTED
from .body_kinds import (
    BodyParameters,
    BodyT,
    check_page_limit,
    is_fully_checked,
    value_if_absent,
)
from .error_lists import tell_errors
from .json_values import is_json_encodable


def parse_strict(
    model: type[BodyT], content: bytes, *, value: Any = None, encodable: bool = False
) -> BodyT:
    """The request that JSON stands for; an empty body is `{}` where all of it is optional.

    `encodable`: a reply can surely hold `value`, which the content stands for.
    Raises InvalidRequest, and OutOfBounds for a page that is too large.
    """
    if not content:
        content = _content_if_absent(model)
    read = partial(model.model_validate_json, strict=True, context={AS_DOCUMENTED: True})
    try:
        request = read(content)
    except ValidationError as refusal:
        # Only what is JSON can have more than one error.
        if not encodable and refusal.error_count() > 1:
            value = json.loads(content)
        raise _refusal(refusal, value, read) from None
    # pydantic's JSON parser lets NaN and infinities through where a model takes any JSON.
    if not (encodable or is_fully_checked(request) or is_json_encodable(json.loads(content))):
        raise invalid_body("json_invalid", "Invalid JSON: a number that is not finite")
    return check_page_limit(request)


def _content_if_absent(model: type[BodyT]) -> bytes:
    if issubclass(model, BodyParameters):
        return b"{}"
    value = value_if_absent(model)
    if value is None:
        raise invalid_body("missing", "Field required")
    return json.dumps(value).encode()


def invalid_body(kind: str, message: str) -> InvalidRequest:
    """A refusal with one error, about the body as a whole."""
    return InvalidRequest([{"type": kind, "loc": ("body",), "msg": message}], None)


def _refusal(
    refusal: ValidationError, value: Any, read: Callable[[bytes], object]
) -> InvalidRequest:
    errors, more = tell_errors(refusal, value, lambda part: read(json.dumps(part).encode()))
    return InvalidRequest([_error(error) for error in errors], None, more=more)


def _error(error: Mapping[str, Any]) -> Mapping[str, Any]:
    reported = {"loc": ("body", *error["loc"]), "msg": error["msg"], "type": error["type"]}
    readable = error["type"] != "json_invalid"  # else the input is all that came
    return reported | {"input": error["input"]} if readable else reported
