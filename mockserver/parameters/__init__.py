"""Parameters of flow runs: filled in, and checked against the JSON Schema of their flow.

Comes in: parameters as they were sent, and the schema of a deployment or of a work pool. Goes out:
the parameters with their templates filled in, or an error in the words of a real server.
`hydration` does the first, `schema_validation` the second.
"""

from .hydration import HydrationError, hydrate
from .job_variables import check_job_variables
from .schema_validation import (
    CircularSchema,
    InvalidSchema,
    SchemaMismatch,
    check_schema,
    check_values,
    check_with_schema,
    first_mismatch,
)
