"""Kinds of bodies of requests, as pydantic models; and the body of bulk_delete.

A body is either `BodyParameters`, each key a parameter of its own and other keys ignored, or a
`ClosedObject`, one value as a whole. `bodies` has all the others: a server that is only asked to
bulk_delete does without them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict

from ..filters import FlowRunFilter, JsonInteger, json_integer

MAX_LIMIT = 50
MAX_PAGE_LIMIT = 200

NOT_AN_OBJECT = "no_object"
"""The type of an error that a real server does not survive: it looks into what is no object."""


class BodyParameters(BaseModel):
    """A body whose keys are parameters. Others are allowed and mean nothing."""

    model_config = ConfigDict(extra="allow", frozen=True)

    pages: ClassVar[bool] = False  # whether `limit` is held to the bounds of a page
    holds_anything: ClassVar[bool] = False  # whether some key takes any JSON
    passed_over: ClassVar[frozenset[str]] = frozenset()  # what a client sends that means nothing


class ClosedObject(BaseModel):
    """A body that is one object, with nothing but what the document names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenObject(BaseModel):
    """An object in a body; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PageParameters(BodyParameters):
    """A part of a list: an absent limit is `MAX_PAGE_LIMIT`, and a limit above it is refused."""

    pages = True

    limit: JsonInteger | None = MAX_PAGE_LIMIT


Limit = Annotated[int, json_integer(ge=1, le=MAX_LIMIT)]


class BulkDeleteRequest(BodyParameters):
    """The body of bulk_delete."""

    flow_runs: FlowRunFilter | None = None
    limit: Limit = MAX_LIMIT
