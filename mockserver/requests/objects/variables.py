"""The bodies of requests about variables."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BeforeValidator, Field

from ...filters import FilterModel, OperatorFilter, Texts, Uuids
from .. import BodyParameters, ClosedObject, Offset, PageParameters

# Prefect: types/names.py and types/__init__.py.
MAX_NAME_LENGTH = 255
MAX_VALUE_BYTES = 5_000  # as JSON in UTF-8, without spaces
_NAME = re.compile(r"^[a-z0-9-_]*$")


def _check_name(name: str | None) -> str | None:
    # `$` also matches before a last line break, and so does Prefect's.
    if name is not None and not _NAME.match(name):
        raise ValueError(
            "Variable name must only contain lowercase letters, numbers, and dashes or underscores."
        )
    return name


def _check_value(value: Any) -> Any:
    try:
        size = len(orjson.dumps(value))
    except orjson.JSONEncodeError:  # a lone surrogate, an integer of more than 64 bits, too deep
        raise ValueError("Variable value must be serializable to JSON") from None
    if value is not None and size > MAX_VALUE_BYTES:
        raise ValueError(f"Variable value must be less than {MAX_VALUE_BYTES} characters")
    return value


# In this order, as on a real server: the length of a name is looked at last.
VariableName = Annotated[str, AfterValidator(_check_name), Field(max_length=MAX_NAME_LENGTH)]
VariableValue = Annotated[Any, BeforeValidator(_check_value)]


class VariableCreate(ClosedObject):
    """A variable to create."""

    name: VariableName
    value: VariableValue
    tags: Texts = []


class VariableUpdate(ClosedObject):
    """Changes of a variable: the keys that are given replace the old values."""

    name: VariableName | None = None
    value: VariableValue = None
    tags: Texts | None = None


class VariableSort(StrEnum):
    """The orders in which variables can be listed."""

    CREATED_DESC = "CREATED_DESC"
    UPDATED_DESC = "UPDATED_DESC"
    NAME_DESC = "NAME_DESC"
    NAME_ASC = "NAME_ASC"


class VariableFilterId(FilterModel):
    any_: Uuids | None = None


class VariableFilterName(FilterModel):
    any_: Texts | None = None
    like_: str | None = None


class VariableFilterTags(OperatorFilter):
    all_: Texts | None = None
    is_null_: bool | None = None


class VariableFilter(OperatorFilter):
    """A filter on variables."""

    id: VariableFilterId | None = None
    name: VariableFilterName | None = None
    tags: VariableFilterTags | None = None


class VariableCountRequest(BodyParameters):
    """The body of /variables/count."""

    variables: VariableFilter | None = None


class _OffsetPage(PageParameters):
    offset: Offset = 0


class VariableFilterRequest(VariableCountRequest, _OffsetPage):
    """The body of /variables/filter."""

    sort: VariableSort = VariableSort.NAME_ASC
