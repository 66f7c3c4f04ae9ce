"""Values that are not the body of a request: messages of websockets, and tokens."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ...errors import InvalidRequest

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_value(model: type[ModelT], value: object) -> ModelT:
    """A JSON value as a model, read as a real server reads it. Raises InvalidRequest."""
    try:
        return model.model_validate(value)
    except ValidationError as refusal:
        raise InvalidRequest(refusal.errors(include_url=False, include_context=False)) from None
