"""Parameters of flow runs: filled in, and checked against the JSON Schema of their flow.

Comes in: parameters as they were sent, and the schema of a deployment or of a work pool. Goes out:
the parameters with their templates filled in, or an error in the words of a real server.
`hydration` does the first, `schema_validation` the second, and `schema_errors` tells all errors
at once, each where its value is.
"""

from .hydration import HydrationError, hydrate, hydrate_partly
from .job_variables import check_job_variables
from .schema_errors import describe_errors
from .schema_preparation import InvalidSchema, prepare_schema
from .schema_validation import (
    CircularSchema,
    SchemaMismatch,
    UnresolvableReference,
    check_schema,
    check_values,
    check_with_schema,
    first_mismatch,
)
from .steps import checks_together
