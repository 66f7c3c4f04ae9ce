"""Kinds of request bodies: base classes for the models, and what no schema tells.

A body is either `BodyParameters`, each key a parameter of its own and other keys ignored, or a
`ClosedObject`, one value as a whole. The models are in `bulk_delete_body`, `query_bodies` and
`write_bodies`; a bulk_delete needs neither of the last two.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from ..errors import OutOfBounds
from ..filters import JsonInteger, json_integer

# Prefect: api/flow_runs.py, BULK_OPERATION_LIMIT.
MAX_LIMIT = 50  # of one bulk_delete, as openapi.yaml says
MAX_PAGE_LIMIT = 200  # a real server's PREFECT_API_DEFAULT_LIMIT

NOT_AN_OBJECT = "no_object"
"""The type of an error that a real server answers with 500: it looks into what is no object."""

BodyT = TypeVar("BodyT", bound=BaseModel)


class BodyParameters(BaseModel):
    """A body whose keys are parameters. Other keys are allowed and ignored."""

    # Not "ignore", which does the same on a real server: `is_fully_checked` has to see other keys.
    model_config = ConfigDict(extra="allow", frozen=True)

    is_page: ClassVar[bool] = False  # `limit` has the bounds of a page, which no schema tells
    accepts_any_json: ClassVar[bool] = False  # some key takes any JSON value
    ignored_keys: ClassVar[frozenset[str]] = frozenset()  # sent by clients, without a meaning


class ClosedObject(BaseModel):
    """A body that is one object, with nothing but what the document names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenObject(BaseModel):
    """An object in a body; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PageParameters(BodyParameters):
    """A part of a list: an absent limit is `MAX_PAGE_LIMIT`, and a limit above it is refused."""

    is_page = True

    limit: JsonInteger | None = MAX_PAGE_LIMIT


Limit = Annotated[int, json_integer(ge=1, le=MAX_LIMIT)]
Offset = Annotated[int, json_integer(ge=0)]


@cache
def body_keys(model: type[BaseModel]) -> Iterable[str]:
    """The keys of a body, which are the names of its fields where these have no other name."""
    return {field.alias or name: None for name, field in model.model_fields.items()}


def value_if_absent(model: type[BaseModel]) -> Any:
    """What a server reads where there is no body, or null; None where a body is required."""
    return getattr(model, "if_absent", None)


def keeps_any_json(model: type[BaseModel]) -> bool:
    """Whether a body may hold, in some place, any JSON value that is then stored."""
    return getattr(model, "accepts_any_json", True)


def is_read_back(model: type[BaseModel]) -> bool:
    """Whether any JSON value in a body is stored, and shown by the reply or by a later one."""
    return keeps_any_json(model) and getattr(model, "is_read_back", True)


def is_fully_checked(request: BaseModel) -> bool:
    """Whether pydantic's strict reading left nothing to look at: no ignored key, no page out of
    bounds, and no value of which the schema does not tell whether JSON can hold it.
    """
    if keeps_any_json(type(request)):
        return False
    if not isinstance(request, BodyParameters):
        return True
    if request.model_extra and not request.model_extra.keys() <= request.ignored_keys:
        return False
    return not (request.is_page and _page_limit_error(request))


def check_page_limit(request: BodyT) -> BodyT:
    """The request itself. Raises OutOfBounds, in its words, where a real server refuses a page."""
    if isinstance(request, BodyParameters) and request.is_page:
        problem = _page_limit_error(request)
        if problem:
            raise OutOfBounds(problem)
    return request


def _page_limit_error(page: BaseModel) -> str | None:
    # Prefect: api/dependencies.py, LimitBody. No schema has the bound: it is a server's setting.
    limit: int | None = getattr(page, "limit", None)
    if limit is None:
        return None
    if limit < 0:
        return "Invalid limit: must be greater than or equal to 0."
    if limit > MAX_PAGE_LIMIT:
        return f"Invalid limit: must be less than or equal to {MAX_PAGE_LIMIT}."
    return None
