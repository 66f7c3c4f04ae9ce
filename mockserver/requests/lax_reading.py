"""Lax reading: a decoded body as a real server reads it.

That is FastAPI's body parameters and pydantic's lax mode, as Prefect runs them, with their errors
(deviations `lax-coercion` and `error-shape`; measured with FastAPI 0.129 to 0.150, pydantic 2.14).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator, core_schema

from ..errors import InvalidRequest, ServerFailure
from ..filters import without_fail_fast
from .body_kinds import (
    NOT_AN_OBJECT,
    BodyParameters,
    BodyT,
    PageParameters,
    body_keys,
    check_page_limit,
    value_if_absent,
)
from .error_lists import tell_errors
from .json_values import bytes_to_text, echoed_body

_UUID_VALIDATOR = SchemaValidator(core_schema.uuid_schema())
_BOOLEAN_VALIDATOR = SchemaValidator(core_schema.bool_schema())


def parse_lax(
    model: type[BodyT],
    value: Any,
    now: datetime,
    *,
    all_errors: bool = False,
    encodable: bool = False,
) -> BodyT:
    """The request that a value stands for: as a whole or, where keys are parameters, key by key.

    Bytes are a body whose type makes a server ignore it: no key can be found in them, and an
    error shows them as text. `now` is what the time `now` means. Without `all_errors` a list is
    refused with its first error, which bounds the work and the reply. `encodable`: a reply can
    surely hold the value.

    Raises InvalidRequest, OutOfBounds, and ServerFailure where a real server fails.
    """
    given = _pick_parameters(model, value) if issubclass(model, BodyParameters) else value
    if given is None:
        given = value_if_absent(model)
    if given is None:
        raise InvalidRequest([missing_error()], None)
    # FastAPI validates so, which shows in errors: model_attributes_type, not model_type.
    as_fastapi: dict[str, Any] = {"from_attributes": True, "context": {"now": now}}
    teller: type[BaseModel] = model
    try:
        return model.model_validate(given, **as_fastapi)
    except ValidationError as error:
        refusal = error
    except UnicodeEncodeError:  # a lone surrogate where a date-time belongs
        raise ServerFailure("a lone surrogate in a date-time", retryable=False) from None
    echoed = value if encodable else echoed_body(value)
    if all_errors:
        teller = without_fail_fast(model)
        try:
            teller.model_validate(given, **as_fastapi)
        except ValidationError as error:
            refusal = error
    told, more = tell_errors(refusal, given, partial(teller.model_validate, **as_fastapi))
    errors = [_error(error, model) for error in told]
    if any(error["type"] == NOT_AN_OBJECT for error in errors):
        raise ServerFailure("a policy that is no object", retryable=False)
    raise InvalidRequest(errors, echoed, more=more)


def missing_error(*key: str) -> dict[str, Any]:
    """FastAPI's error for a body, or a key of it, that is required and not there."""
    return {"type": "missing", "loc": ("body", *key), "msg": "Field required", "input": None}


def read_value(model: type[BodyT], value: object) -> BodyT:
    """A JSON value that is no body of a request, such as a message of a websocket.

    Raises InvalidRequest.
    """
    try:
        return model.model_validate(value)
    except ValidationError as refusal:
        raise InvalidRequest(refusal.errors(include_url=False, include_context=False)) from None


def read_uuid(text: str | None, *loc: str) -> str:
    """An id in a path or a query, as lower-case text with hyphens, which is how ids are kept.

    `loc` says where it stood, such as ("query", "flow_run_id"). Raises InvalidRequest, with one
    error in pydantic's form, for a text that is no uuid and for None.
    """
    if text is None:
        raise InvalidRequest([{**missing_error(), "loc": loc}], None)
    return str(_validate_parameter(_UUID_VALIDATOR, text, loc))


def read_boolean(text: str, *loc: str) -> bool:
    """A boolean in a query, such as "true" or "1"; raises as `read_uuid`."""
    found: bool = _validate_parameter(_BOOLEAN_VALIDATOR, text, loc)
    return found


def read_parameters(model: type[BodyT], path: Mapping[str, str], query: Mapping[str, str]) -> BodyT:
    """The parameters of a model in a path and a query; other ones are ignored.

    Raises InvalidRequest as `read_uuid`, with an error for each that is wrong.
    """
    try:
        return model.model_validate({**query, **path})
    except ValidationError as refusal:
        errors = refusal.errors(include_url=False)
        where = [("path" if error["loc"][0] in path else "query") for error in errors]
        found = [{**e, "loc": (at, *e["loc"])} for e, at in zip(errors, where, strict=True)]
        raise InvalidRequest(found, None) from None


def _validate_parameter(validator: SchemaValidator, text: str, loc: tuple[str, ...]) -> Any:
    try:
        return validator.validate_python(text)
    except ValidationError as refusal:
        (error,) = refusal.errors(include_url=False)
        raise InvalidRequest([{**error, "loc": loc}], None) from None


def every_key_missing(model: type[BaseModel], value: object) -> InvalidRequest:
    """The refusal of a value that has no keys. Raises ServerFailure where no reply can show it.

    FastAPI's request_body_to_args has an error for each parameter, required or not.
    """
    return InvalidRequest([missing_error(key) for key in body_keys(model)], echoed_body(value))


def _pick_parameters(model: type[BodyParameters], value: Any) -> dict[str, Any]:
    """The keys that are parameters; null is absent, and other keys are never looked at."""
    if value is None or isinstance(value, bytes):
        return {}
    if not isinstance(value, dict):
        raise every_key_missing(model, value)
    given = {key: value[key] for key in body_keys(model) if value.get(key) is not None}
    if model.is_page and "limit" in given:
        # A real server looks at the page first, whatever else is wrong: LimitBody is a dependency,
        # and FastAPI runs those before it reads the parameters of the endpoint itself.
        with suppress(ValidationError):
            check_page_limit(PageParameters.model_validate({"limit": given["limit"]}))
    return given


def _error(error: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """An error of pydantic in the form in which a real server tells it."""
    reported = dict(error)
    if error["type"] == "missing" and len(error["loc"]) == 1 and issubclass(model, BodyParameters):
        return missing_error(str(error["loc"][0]))
    reported["loc"] = ("body", *error["loc"])
    reported["input"] = bytes_to_text(error["input"])
    if "error" in error.get("ctx", ()) and isinstance(error["ctx"]["error"], Exception):
        # FastAPI's jsonable_encoder makes an exception an object of its attributes.
        reported["ctx"] = {"error": {}}
    return reported
