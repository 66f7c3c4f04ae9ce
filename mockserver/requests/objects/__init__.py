"""The bodies of requests about objects, the records of `prefect.objects`: a file for each family.

Comes in: nothing; `requests` reads them. Goes out: pydantic models such as `VariableCreate`, which
an endpoint names as "objects.VariableCreate".
"""

from .variables import (
    VariableCountRequest,
    VariableCreate,
    VariableFilterRequest,
    VariableUpdate,
)
