"""The variables of a store, as templates in parameters name them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ...prefect.objects import Variable
from .. import Context


class VariableValues:
    """The values of variables by their names, which are read when the first is asked for."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    @cached_property
    def _values(self) -> Mapping[str, Any]:
        return {variable.name: variable.value for variable in self._store.objects(Variable)}
