"""The endpoints of variables."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_BY_ID = f"/variables/{UUID_SEGMENT}"
_BY_NAME = f"/variables/name/{{name:{TEXT_SEGMENT}}}"

VARIABLES = (
    Endpoint(
        "POST",
        "/variables/",
        "variables.changing.create_variable",
        "objects.VariableCreate",
    ),
    Endpoint(
        "POST",
        "/variables/filter",
        "variables.reading.filter_variables",
        "objects.VariableFilterRequest",
    ),
    Endpoint(
        "POST",
        "/variables/count",
        "variables.reading.count_variables",
        "objects.VariableCountRequest",
    ),
    Endpoint("GET", _BY_ID, "variables.reading.read_variable"),
    Endpoint(
        "PATCH",
        _BY_ID,
        "variables.changing.update_variable",
        "objects.VariableUpdate",
        status=204,
    ),
    Endpoint("DELETE", _BY_ID, "variables.changing.delete_variable", status=204),
    Endpoint("GET", _BY_NAME, "variables.reading.read_variable_by_name"),
    Endpoint(
        "PATCH",
        _BY_NAME,
        "variables.changing.update_variable_by_name",
        "objects.VariableUpdate",
        status=204,
    ),
    Endpoint("DELETE", _BY_NAME, "variables.changing.delete_variable_by_name", status=204),
)
