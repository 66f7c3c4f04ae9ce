"""Schemas as Prefect reads them: what pydantic 1 wrote otherwise, and blocks that have an id."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

Schema = Mapping[str, Any]


class InvalidSchema(Exception):
    """What should be a JSON Schema is none; the text is jsonschema's."""


def prepare_schema(schema: Schema, *, null_for_default: bool) -> dict[str, Any]:
    """A schema with what pydantic 1 wrote differently: nulls of optional values, and tuples.

    `null_for_default`: a value that has a default can be null, too. Raises InvalidSchema for
    properties that are no objects.
    """
    # Prefect: utilities/schema_tools/validation.py, preprocess_schema.
    prepared = deepcopy(dict(schema))
    _prepare_properties(prepared, null_for_default)
    definitions = prepared.get("definitions", {})
    for one in [*_objects_in(definitions)]:
        _prepare_properties(one, null_for_default)
        if "block_type_slug" in one:
            definitions[_title(one)] = {"oneOf": [one, deepcopy(_BLOCK_REFERENCE)]}
    return prepared


# A block that is named by its id instead of given (the same).
_BLOCK_REFERENCE: Schema = {
    "type": "object",
    "properties": {
        "$ref": {
            "oneOf": [
                {"type": "string", "format": "uuid"},
                {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "minProperties": 1,
                },
            ]
        }
    },
    "required": ["$ref"],
}


def _title(definition: Schema) -> Any:
    title = definition.get("title", {})
    if isinstance(title, dict | list):  # which cannot be a key
        raise InvalidSchema(f"{title!r} is not of type 'string'")
    return title


def _prepare_properties(schema: dict[str, Any], null_for_default: bool) -> None:
    required = schema.get("required", [])
    if schema.get("properties") and not isinstance(required, Collection):
        raise InvalidSchema(f"{required!r} is not of type 'array'")
    for key, one in _named_objects(schema.get("properties", {})):
        optional = "default" not in one or null_for_default
        if key not in required and one.get("type", "null") != "null" and optional:
            one["anyOf"] = [{"type": one.pop("type")}, {"type": "null"}]
        items = one.get("items")
        if isinstance(items, list) and items and not one.get("prefixItems"):
            one["prefixItems"] = one.pop("items")
        _prepare_properties(one, null_for_default)


def _objects_in(value: Any) -> Iterator[dict[str, Any]]:
    return (one for _, one in _named_objects(value))


def _named_objects(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        raise InvalidSchema(f"{value!r} is not of type 'object'")
    for key, one in value.items():
        if not isinstance(one, dict):
            raise InvalidSchema(f"{one!r} is not of type 'object'")
        yield key, one
