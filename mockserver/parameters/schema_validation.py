"""Values checked against a JSON Schema, as Prefect does it and with its errors.

jsonschema does the work, so that its messages are those of a real server. What a hostile schema
could make slow is bounded: the number of steps, and the patterns, which pydantic's engine searches
in linear time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

from ..errors import ServerFailure, TooLarge
from .hydration import HydrationError
from .schema_preparation import InvalidSchema, Schema, prepare_schema
from .steps import allow_steps, take_steps

MAX_SCHEMA_PARTS = 3_000
"""Objects, lists and values of one schema; jsonschema takes 0.04 ms for each (measured)."""
_CHARACTERS_A_PART = 25
"""Of a pattern, of which Python reads one in 1.5 us (measured)."""
_PARTS_A_STEP = 5
"""Of a schema, which is copied and written out for each check: 2 us for a part (measured)."""
_CHARACTERS_A_STEP = 1_000
"""Of an error, which has the text of the value that is wrong."""
PLACEHOLDERS = "_placeholders"
"""The keyword that every part of a schema has beside its own: what is an error is wrong."""


class SchemaMismatch(Exception):
    """Values are not as their schema says; the text is that of a real server."""


class UnresolvableReference(SchemaMismatch):
    """A schema refers to what is not there; the text is that of a real server."""


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


def list_errors(values: Any, schema: Schema) -> list[Any]:
    """All that a prepared schema refuses in values, formats too, as errors of jsonschema.

    Raises UnresolvableReference, CircularSchema or TooLarge.
    """
    from referencing.exceptions import Unresolvable

    from .formats import FORMATS

    try:
        return list(_errors(values, schema, FORMATS))
    except RecursionError:
        raise CircularSchema from None
    except Unresolvable as unresolvable:
        raise _unresolvable(unresolvable) from None


def check_schema(schema: Any) -> None:
    """Raise InvalidSchema for what is no JSON Schema; TooLarge for one of too many parts.

    Raises ServerFailure where a real server fails.
    """
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
    except (OverflowError, RecursionError):  # of Python, which reads the patterns
        raise ServerFailure("a schema cannot be checked", retryable=False) from None
    return None


def _count_parts(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        count += 1
        if isinstance(one, dict):
            waiting += one.values()
            count += len(str(one.get("pattern", ""))) // _CHARACTERS_A_PART
        elif isinstance(one, list):
            waiting += one
    return count


def _check(values: Any, schema: Any) -> None:
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        error = best_match(_errors(values, schema))
    except Unresolvable as unresolvable:
        raise _unresolvable(unresolvable) from None
    if error is not None:
        field = error.json_path.replace("$.", "")
        where = "" if error.json_path == "$" else f" for field {field!r}"
        raise SchemaMismatch(f"Validation failed{where}. Failure reason: {error.message}")


def _unresolvable(error: Exception) -> UnresolvableReference:
    return UnresolvableReference(f"Validation failed. Failure reason: {error}")


def _errors(values: Any, schema: Any, formats: Any = None) -> Iterator[Any]:
    from referencing import Registry

    allow_steps()
    take_steps(_count_parts(schema) // _PARTS_A_STEP)
    # An empty registry: no reference is fetched from elsewhere.
    validator = _validator_class()(schema, registry=Registry(), format_checker=formats)
    found: Iterator[Any] = validator.iter_errors(values)
    return found


@cache
def _validator_class() -> Any:
    """jsonschema's validator of the newest draft, which is Prefect's, with bounds.

    A schema that names an older draft is read as this one.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import create

    keywords = {
        **Draft202012Validator.VALIDATORS,
        "pattern": _pattern,
        "uniqueItems": _unique,
        PLACEHOLDERS: _placeholders,
    }
    # Without a version: with one, jsonschema would take it for the validator of the draft.
    return create(
        meta_schema=Draft202012Validator.META_SCHEMA,
        validators={name: _bounded(keyword) for name, keyword in keywords.items()},
        type_checker=Draft202012Validator.TYPE_CHECKER,
        id_of=Draft202012Validator.ID_OF,  # type: ignore[arg-type]  # its stub is wrong
        applicable_validators=_counted,
    )


def _counted(schema: Any) -> Iterable[tuple[str, Any]]:
    """The keywords of a part of a schema; raises TooLarge once there were too many."""
    enum = schema.get("enum")
    take_steps(1 + len(schema) + (len(enum) if isinstance(enum, list) else 0))
    return {**schema, PLACEHOLDERS: None}.items()


def _bounded(keyword: Any) -> Any:
    """A keyword that counts the texts of its errors: each has that of a value, however large."""

    def bounded(*args: Any) -> Iterator[Any]:
        for error in keyword(*args) or ():
            take_steps(len(error.message) // _CHARACTERS_A_STEP)
            yield error

    return bounded


def _placeholders(_validator: Any, _: None, value: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError as Mismatch

    if isinstance(value, HydrationError):
        yield Mismatch(str(value))


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
        distinct = {json.dumps(one, sort_keys=True, default=str) for one in value}
        if len(distinct) < len(value):
            yield Mismatch(f"{value!r} has non-unique elements")


def _without_required(schema: Any) -> Any:
    """A schema without its `required`; in lists they stay (Prefect: remove_nested_keys)."""
    if not isinstance(schema, dict):
        return schema
    return {key: _without_required(one) for key, one in schema.items() if key != "required"}
