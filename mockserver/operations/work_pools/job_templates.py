"""The defaults of a pool's job variables, checked when the pool is created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ...errors import NotFound, OutOfBounds, ServerFailure
from ...parameters import CircularSchema, InvalidSchema, SchemaMismatch, check_schema, check_values
from ...prefect.objects import BlockDocument
from .. import Context


def check_job_template(context: Context, template: Mapping[str, Any]) -> None:
    """Check the defaults in a base job template against its schema of variables.

    Raises OutOfBounds for a default that does not fit and for what is no schema, NotFound for a
    reference to a block that does not exist, ServerFailure where a real server fails. A default
    that refers to a block counts as absent.
    """
    # Prefect: api/validation.py, validate_job_variable_defaults_for_work_pool.
    schema = template.get("variables")
    if not schema:
        return
    try:
        check_schema(schema)
        defaults = dict(_defaults(context, schema))
        check_values(defaults, schema, required=False, null_for_default=True)
    except InvalidSchema as invalid:
        raise OutOfBounds(f"Invalid schema: {invalid}") from None
    except SchemaMismatch as mismatch:
        where = "Validation failed for work pool's job variable defaults"
        raise OutOfBounds(f"{where}: {mismatch}") from None
    except CircularSchema:
        raise ServerFailure("a schema that refers to itself", retryable=False) from None


def _defaults(context: Context, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The defaults by the names of the variables, without references to blocks."""
    for name, variable in schema.get("properties", {}).items():
        if not isinstance(variable, Mapping):  # true and false are schemas, too
            raise ServerFailure("a variable that is no object", retryable=False)
        default = variable.get("default", ...)
        if isinstance(default, Mapping) and "$ref" in default:
            _check_block(context, default["$ref"])
        elif default is not ...:
            yield name, default


def _check_block(context: Context, reference: Any) -> None:
    if not isinstance(reference, Mapping):
        raise ServerFailure("a reference that is no object", retryable=False)
    given = reference.get("block_document_id")
    if given is None:
        return
    try:
        block_id = str(UUID(given))
    except ValueError:
        block_id = None
    except (AttributeError, TypeError):
        raise ServerFailure("an id that is no text", retryable=False) from None
    if context.store.objects(BlockDocument).get(block_id) is None:
        raise NotFound("Block not found.")
