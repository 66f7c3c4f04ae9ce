"""Strict reading: a body as the published document describes it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ..errors import InvalidRequest
from ..filters import AS_DOCUMENTED
from .body_kinds import BodyParameters, BodyT, check_page_limit, is_fully_checked
from .json_values import is_json_encodable


def parse_strict(model: type[BodyT], content: bytes) -> BodyT:
    """The request that JSON stands for; an empty body is `{}` where all of it is optional.

    Raises InvalidRequest, and OutOfBounds for a page that is too large.
    """
    if not content and not issubclass(model, BodyParameters):
        raise invalid_body("missing", "Field required")
    try:
        request = model.model_validate_json(
            content or b"{}", strict=True, context={AS_DOCUMENTED: True}
        )
    except ValidationError as refusal:
        raise InvalidRequest(list(_errors(refusal)), None) from None
    # pydantic's JSON parser lets NaN and infinities through where a model takes any JSON.
    if not is_fully_checked(request) and not is_json_encodable(json.loads(content or b"{}")):
        raise invalid_body("json_invalid", "Invalid JSON: a number that is not finite")
    check_page_limit(request)
    return request


def invalid_body(kind: str, message: str) -> InvalidRequest:
    """A refusal with one error, about the body as a whole."""
    return InvalidRequest([{"type": kind, "loc": ("body",), "msg": message}], None)


def _errors(refusal: ValidationError) -> Iterator[Mapping[str, Any]]:
    for error in refusal.errors(include_url=False, include_context=False):
        reported = {"loc": ("body", *error["loc"]), "msg": error["msg"], "type": error["type"]}
        readable = error["type"] != "json_invalid"  # else the input is all that came
        yield reported | {"input": error["input"]} if readable else reported
