"""Values checked against a JSON Schema, as Prefect does it and with its errors.

jsonschema does the work, so that its messages are those of a real server. What a hostile schema
could make slow is bounded: the number of steps, and the patterns, which pydantic's engine searches
in linear time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from copy import deepcopy
from functools import cache, lru_cache
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

from ..errors import TooLarge

MAX_SCHEMA_PARTS = 3_000
"""Objects, lists and values of one schema; jsonschema takes 0.04 ms for each (measured)."""
MAX_STEPS = 20_000
"""Comparisons of values with a part of their schema; each takes 10 us (measured)."""

Schema = Mapping[str, Any]


class SchemaMismatch(Exception):
    """Values are not as their schema says; the text is that of a real server."""


class InvalidSchema(Exception):
    """What should be a JSON Schema is none; the text is jsonschema's."""


class CircularSchema(Exception):
    """A schema refers to itself without end."""


def check_with_schema(values: Any, schema: Any) -> None:
    """Check parameters before a deployment is created. Required ones may be missing.

    Raises SchemaMismatch or InvalidSchema; TypeError for a schema that has no keys at all.
    """
    # Prefect: _internal/schemas/validators.py, validate_values_conform_to_schema.
    if not isinstance(schema, bool):
        "$schema" in schema  # noqa: B015  # jsonschema's validator_for: TypeError for a number
    relaxed = _without_required(schema)
    if values is not None:
        check_schema(relaxed)
        _check(values, relaxed)


def check_values(
    values: Any,
    schema: Schema,
    *,
    required: bool = True,
    null_for_default: bool = False,
    prepared: bool = False,
) -> None:
    """Check values against the schema of a deployment or of a work pool.

    `required`: values that the schema requires must be there. `null_for_default`: one that has a
    default can be null. `prepared`: the schema is read as it is, not as one of pydantic 1. Raises
    SchemaMismatch, InvalidSchema or CircularSchema.
    """
    if not prepared:
        schema = prepare_schema(schema, null_for_default=null_for_default)
    if not required:
        schema = _without_required(schema)
    check_schema(schema)
    try:
        _check(values, schema)
    except RecursionError:
        raise CircularSchema from None


def first_mismatch(values: Any, schema: Schema) -> str | None:
    """The first thing in values that a schema refuses, in jsonschema's words; None for nothing.

    Values that the schema requires may be missing. Raises InvalidSchema or CircularSchema.
    """
    relaxed = _without_required(prepare_schema(schema, null_for_default=False))
    try:
        error = next(_errors(values, relaxed), None)
    except RecursionError:
        raise CircularSchema from None
    return None if error is None else str(error.message)


def check_schema(schema: Any) -> None:
    """Raise InvalidSchema for what is no JSON Schema; TooLarge for one of too many parts."""
    message = _schema_problem(json.dumps(schema))
    if message is not None:
        raise InvalidSchema(message)


@lru_cache(256)  # a deployment's schema is checked for each of its runs
def _schema_problem(text: str) -> str | None:
    from jsonschema import Draft202012Validator
    from jsonschema import SchemaError as NotASchema

    schema = json.loads(text)
    if _count_parts(schema) > MAX_SCHEMA_PARTS:
        raise TooLarge(f"mockserver reads schemas of at most {MAX_SCHEMA_PARTS:,} parts")
    try:
        Draft202012Validator.check_schema(schema)
    except NotASchema as error:
        return str(error.message)
    return None


def _count_parts(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        count += 1
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return count


def _check(values: Any, schema: Any) -> None:
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        error = best_match(_errors(values, schema))
    except Unresolvable as unresolvable:
        raise SchemaMismatch(f"Validation failed. Failure reason: {unresolvable}") from None
    if error is not None:
        field = error.json_path.replace("$.", "")
        where = "" if error.json_path == "$" else f" for field {field!r}"
        raise SchemaMismatch(f"Validation failed{where}. Failure reason: {error.message}")


def _errors(values: Any, schema: Any) -> Iterator[Any]:
    from referencing import Registry

    _steps_left.set(MAX_STEPS)
    # An empty registry: no reference is fetched from elsewhere.
    found: Iterator[Any] = _validator_class()(schema, registry=Registry()).iter_errors(values)
    return found


_steps_left: ContextVar[int] = ContextVar("steps_left")


@cache
def _validator_class() -> Any:
    """jsonschema's validator of the newest draft, which is Prefect's, with bounds.

    A schema that names an older draft is read as this one.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import create

    # Without a version: with one, jsonschema would take it for the validator of the draft.
    return create(
        meta_schema=Draft202012Validator.META_SCHEMA,
        validators={**Draft202012Validator.VALIDATORS, "pattern": _pattern, "uniqueItems": _unique},
        type_checker=Draft202012Validator.TYPE_CHECKER,
        id_of=Draft202012Validator.ID_OF,  # type: ignore[arg-type]  # its stub is wrong
        applicable_validators=_counted,
    )


def _counted(schema: Any) -> Iterable[tuple[str, Any]]:
    """The keywords of a part of a schema; raises TooLarge once there were too many."""
    enum = schema.get("enum")
    left = _steps_left.get() - 1 - len(schema) - (len(enum) if isinstance(enum, list) else 0)
    _steps_left.set(left)
    if left < 0:
        raise TooLarge(f"mockserver checks values in at most {MAX_STEPS:,} steps")
    items: Iterable[tuple[str, Any]] = schema.items()
    return items


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError as Mismatch

    if isinstance(value, str) and not _searcher(pattern)(value):
        yield Mismatch(f"{value!r} does not match {pattern!r}")


@lru_cache(256)
def _searcher(pattern: str) -> Any:
    """A function that says whether a text has a match of a pattern."""
    try:
        validator = SchemaValidator(cs.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        raise TooLarge(f"mockserver does not search for the pattern {pattern[:100]!r}") from None

    def search(text: str) -> bool:
        try:
            validator.validate_python(text)
        except ValidationError:
            return False
        return True

    return search


def _unique(_validator: Any, wanted: Any, value: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError as Mismatch

    if wanted and isinstance(value, list):
        distinct = {json.dumps(one, sort_keys=True) for one in value}
        if len(distinct) < len(value):
            yield Mismatch(f"{value!r} has non-unique elements")


def _without_required(schema: Any) -> Any:
    """A schema without its `required`; in lists they stay (Prefect: remove_nested_keys)."""
    if not isinstance(schema, dict):
        return schema
    return {key: _without_required(one) for key, one in schema.items() if key != "required"}


def prepare_schema(schema: Schema, *, null_for_default: bool) -> dict[str, Any]:
    """A schema with what pydantic 1 wrote differently: nulls of optional values, and tuples.

    `null_for_default`: a value that has a default can be null, too. Raises InvalidSchema for
    properties that are no objects.
    """
    # Prefect: utilities/schema_tools/validation.py, preprocess_schema. What it does for blocks is
    # not modelled.
    prepared = deepcopy(dict(schema))
    _prepare_properties(prepared, null_for_default)
    for one in _objects_in(prepared.get("definitions", {})):
        _prepare_properties(one, null_for_default)
    return prepared


def _prepare_properties(schema: dict[str, Any], null_for_default: bool) -> None:
    required = schema.get("required", [])
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
