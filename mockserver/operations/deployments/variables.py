"""The variables of a store, as templates in parameters name them."""

from __future__ import annotations

from typing import Any

from ...prefect.objects import Variable
from .. import Context


class VariableValues:
    """The values of variables by their names. A view: few parameters have templates."""

    def __init__(self, context: Context) -> None:
        self.variables = context.store.objects(Variable)

    def __getitem__(self, name: str) -> Any:
        for variable in self.variables:
            if variable.name == name:
                return variable.value
        raise KeyError(name)
