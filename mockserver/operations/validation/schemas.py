"""Values checked against a schema, as the UI asks while a user fills in a form."""

from __future__ import annotations

from ...errors import OutOfBounds, ServerFailure
from ...parameters import (
    CircularSchema,
    InvalidSchema,
    UnresolvableReference,
    check_schema,
    describe_errors,
    hydrate_partly,
    prepare_schema,
)
from ...requests.objects import ValuesToValidate
from .. import Context, Outcome
from ..deployments import VariableValues


def validate_values(context: Context, body: ValuesToValidate) -> Outcome:
    """What a schema refuses in values, after templates are filled in as far as they are known.

    Raises OutOfBounds for a schema that is none, ServerFailure where a real server fails.
    """
    # Prefect: api/ui/schemas.py, validate_obj.
    try:
        schema = prepare_schema(body.json_schema, null_for_default=False)
    except InvalidSchema as problem:
        raise ServerFailure(str(problem), retryable=False) from None
    try:
        check_schema(schema)
        values = hydrate_partly(body.values, VariableValues(context), context.dialect)
        return Outcome(describe_errors(values, schema))
    except InvalidSchema as problem:
        raise OutOfBounds(f"Invalid schema: {problem}") from None
    except CircularSchema:
        raise OutOfBounds(
            "Invalid schema: Unable to validate schema with circular references."
        ) from None
    except UnresolvableReference as problem:
        if context.dialect.schema_references_refused:
            raise OutOfBounds(f"Invalid schema: {problem}") from None
        raise ServerFailure(str(problem), retryable=False) from None
