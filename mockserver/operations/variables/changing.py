"""Operations that create, change and delete variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import Conflict
from ...prefect import check_storable, in_json_column
from ...prefect.objects import Variable
from ...requests.objects import VariableCreate, VariableUpdate
from .. import CONFLICT, Context, Outcome
from .reading import find_variable, require_variable, require_variable_named, variable_reply


def create_variable(context: Context, body: VariableCreate) -> Outcome:
    """Create a variable.

    Raises Conflict where another one has the name, ServerFailure for values that the dialect's
    database cannot hold.
    """
    check_storable(context.dialect, texts=(body.name,), values=(body.value, body.tags))
    if find_variable(context, body.name) is not None:
        raise Conflict(f"A variable with the name {body.name!r} already exists.")
    now = context.now
    variable = Variable(context.new_id(), body.name, body.value, tuple(body.tags), now, now)
    # Only this reply has the value as it was sent.
    stored = replace(variable, value=in_json_column(context.dialect, body.value))
    context.store.objects(Variable).put(stored)
    return Outcome(variable_reply(variable), made=True)


def update_variable(context: Context, variable_id: str, body: VariableUpdate) -> Outcome:
    """Change the fields of a variable that the body has.

    Raises NotFound; Conflict for a name that another variable has and for null as a name;
    ServerFailure for values that the dialect's database cannot hold.
    """
    return _update(context, require_variable(context, variable_id), body)


def update_variable_by_name(context: Context, name: str, body: VariableUpdate) -> Outcome:
    """Change the variable with a name; raises as `update_variable`."""
    return _update(context, require_variable_named(context, name), body)


def delete_variable(context: Context, variable_id: str) -> Outcome:
    """Delete a variable. Raises NotFound."""
    return _delete(context, require_variable(context, variable_id))


def delete_variable_by_name(context: Context, name: str) -> Outcome:
    """Delete the variable with a name; raises as `require_variable_named`."""
    return _delete(context, require_variable_named(context, name))


def _update(context: Context, variable: Variable, body: VariableUpdate) -> Outcome:
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    name = changes.get("name", variable.name)
    check_storable(context.dialect, texts=(name,), values=changes)
    other = find_variable(context, name) if name != variable.name else variable
    # The columns of names and tags are NOT NULL (Prefect: orm_models.py, Variable).
    if name is None or changes.get("tags", ()) is None or other not in (None, variable):
        raise Conflict(CONFLICT)
    if "value" in changes:
        changes["value"] = in_json_column(context.dialect, changes["value"])
    if "tags" in changes:
        changes["tags"] = tuple(changes["tags"])
    context.store.objects(Variable).put(replace(variable, **changes, updated=context.now))
    return Outcome(None)


def _delete(context: Context, variable: Variable) -> Outcome:
    context.store.objects(Variable).drop([variable.id])
    return Outcome(None)
