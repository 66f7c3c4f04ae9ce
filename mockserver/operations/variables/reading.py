"""Operations that read variables: one by its id or name, or those that a filter matches."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from ...filters import (
    HAS_ALL,
    IS_EMPTY,
    IS_NOT_EMPTY,
    like_condition,
    null_check,
    one_of,
    skip_if_empty,
)
from ...prefect import check_storable
from ...prefect.objects import Variable
from ...requests.objects import VariableCountRequest, VariableFilterRequest
from .. import Conditions, Context, Matches, Outcome, match_objects, page_of_objects

_CONDITIONS: Conditions = {
    "id": {"any_": one_of("id")},
    "name": {"any_": one_of("name"), "like_": like_condition("name")},
    "tags": {
        "all_": skip_if_empty("tags", HAS_ALL),
        "is_null_": null_check("tags", IS_EMPTY, IS_NOT_EMPTY),
    },
}


def read_variable(context: Context, variable_id: str) -> Outcome:
    """Read one variable. Raises NotFound."""
    return Outcome(variable_reply(require_variable(context, variable_id)))


def read_variable_by_name(context: Context, name: str) -> Outcome:
    """Read the variable with a name; raises as `require_variable_named`."""
    return Outcome(variable_reply(require_variable_named(context, name)))


def filter_variables(context: Context, body: VariableFilterRequest) -> Outcome:
    """List the variables that a filter matches: `limit` of them from `offset` on, by `sort`.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    found, warnings = _match(context, body)
    page = page_of_objects(context, found, body)
    return Outcome([variable_reply(variable) for variable in page], warnings=warnings)


def count_variables(context: Context, body: VariableCountRequest) -> Outcome:
    """Count the variables that a filter matches; raises as `filter_variables`."""
    found, warnings = _match(context, body)
    return Outcome(len(found), warnings=warnings)


def require_variable(context: Context, variable_id: str) -> Variable:
    """The variable with an id. Raises NotFound."""
    return _require(context.store.objects(Variable).get(variable_id))


def require_variable_named(context: Context, name: str) -> Variable:
    """The variable with a name.

    Raises NotFound, and ServerFailure for a name that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(name,))
    return _require(find_variable(context, name))


def find_variable(context: Context, name: str) -> Variable | None:
    """The variable with a name, or None."""
    return next((one for one in context.store.objects(Variable) if one.name == name), None)


def variable_reply(variable: Variable) -> dict[str, Any]:
    """A variable as the schema Variable has it."""
    return {
        "id": variable.id,
        "created": variable.created,
        "updated": variable.updated,
        "name": variable.name,
        "value": variable.value,
        "tags": variable.tags,
    }


def _require(variable: Variable | None) -> Variable:
    if variable is None:
        raise NotFound("Variable not found.")
    return variable


def _match(context: Context, body: VariableCountRequest) -> Matches:
    return match_objects(context, context.store.objects(Variable), body.variables, _CONDITIONS)
