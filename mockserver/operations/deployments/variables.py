"""The variables of a store, as templates in parameters name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...prefect.objects import Variable
from .. import Context


def variables_of(context: Context) -> Mapping[str, Any]:
    """The values of all variables by their names, looked up once a template asks for one."""
    return _Variables(context)


class _Variables(Mapping[str, Any]):
    """A view, as few parameters have templates and there can be many variables."""

    def __init__(self, context: Context) -> None:
        self.variables = context.store.objects(Variable)

    def __getitem__(self, name: str) -> Any:
        for variable in self.variables:
            if variable.name == name:
                return variable.value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (variable.name for variable in self.variables)

    def __len__(self) -> int:
        return len(self.variables)
