"""Ids in a path or a query, which are read as pydantic reads uuids."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from ..errors import InvalidRequest
from .lax_reading import missing_error

_UUID_VALIDATOR = SchemaValidator(core_schema.uuid_schema())


def read_uuid(text: str | None, *loc: str) -> str:
    """An id as lower-case text with hyphens, which is how ids are kept.

    `loc` says where it stood, such as ("query", "flow_run_id"). Raises InvalidRequest, with one
    error in pydantic's form, for a text that is no uuid and for None.
    """
    if text is None:
        raise InvalidRequest([{**missing_error(), "loc": loc}], None)
    try:
        return str(_UUID_VALIDATOR.validate_python(text))
    except ValidationError as refusal:
        (error,) = refusal.errors(include_url=False)
        raise InvalidRequest([{**error, "loc": loc}], None) from None
