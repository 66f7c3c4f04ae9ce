"""One endpoint: which operation answers a method and path, and with which status."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ...prefect import Dialect
    from .. import Deletion, Outcome, Plan

# What FastAPI's `{id:uuid}` takes, with or without hyphens (Starlette: UUIDConvertor).
UUID_SEGMENT = r"{id:[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}}"
# What its `{name}` takes: any text without a slash, however that is written, and without a line
# break, which ends a path for its pattern (measured, 3.9.1). aiohttp's own would take no braces.
TEXT_SEGMENT = r"(?:(?!%2[Ff])[^/\n])+"


# No slots: cached_property needs a __dict__.
@dataclass(frozen=True)
class Endpoint:
    """One method and path of the API.

    `operation` is a function of `mockserver.operations`, as "file.function". It is called with a
    `Context`, the parameters of the path, those of the query and of the headers, and the body if
    there is one; it returns an `Outcome`. `body` is a request model of `mockserver.requests`, as
    "Model" or, in a folder of it, as "objects.Model".

    A bulk delete also has `plan`, a function that makes a `Plan` of its body under a dialect. Its
    operation is called with the plan and the store, and returns a `Deletion`. Plans of bodies that
    come again are kept: that is what a drain consists of.

    `plain_plan` is a function that makes the same plan of most bodies in a third of the time: of
    their bytes, or None where it has to be made with the model.

    Operations and models are named, and imported when they are first asked for: a server that is
    only asked to bulk_delete starts without the others, a fifth sooner.
    """

    method: str
    path: str
    operation: str
    body: str | None = None
    plan: str | None = None
    plain_plan: str | None = None
    status: int = 200
    created_status: int = 201  # where the operation made something new
    query: tuple[str, ...] = ()  # a name that ends in "id" is a uuid
    optional: tuple[str, ...] = ()  # texts of the query that need not be there
    flags: tuple[str, ...] = ()  # booleans of the query, false where they are not there
    header_flags: tuple[str, ...] = ()  # likewise of the headers
    # A model of parameters with types of their own, named as `body` is; it is given as one value.
    parameters_model: str | None = None
    body_since: str | None = None  # the field of Dialect of the releases that read the body at all
    # Prefect writes these two lists with orjson itself (api/flow_runs.py).
    int64_only: bool = False  # a real server fails to list larger integers (`huge-integers`)
    since: str | None = None  # the field of Dialect that says which releases have it; None: all
    may_delete: bool = False  # it can delete flow runs, although it is neither DELETE nor a plan
    links: bool = False  # its reply has a link to another path of the API
    # /health and /version lie outside the routers that check it (Prefect: create_api_app).
    checks_api_version: bool = True  # a real server checks it everywhere but in two places

    @cached_property
    def deletes(self) -> bool:
        """Whether it can delete flow runs."""
        return self.plan is not None or self.method == "DELETE" or self.may_delete

    @cached_property
    def template(self) -> str:
        """The path as openapi.yaml has it: `/flow_runs/{id}`."""
        # The braces of a pattern stand in pairs, so the name ends at its colon.
        return re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", self.path)

    @cached_property
    def parameters(self) -> bool:
        """Whether the path, the query or the headers have parameters to be read."""
        more = self.query or self.optional or self.flags or self.parameters_model
        more = more or self.header_flags
        return "{" in self.path or bool(more)

    @cached_property
    def call(self) -> Callable[..., Outcome]:
        """The function that `operation` names."""
        found: Callable[..., Outcome] = _function(self.operation)
        return found

    @cached_property
    def delete(self) -> Callable[..., Deletion]:
        """The same, where there is a `plan`."""
        found: Callable[..., Deletion] = _function(self.operation)
        return found

    @cached_property
    def model(self) -> type[BaseModel] | None:
        """The model that `body` names; None where there is none."""
        return None if self.body is None else _model(self.body)

    @cached_property
    def typed(self) -> type[BaseModel] | None:
        """The model that `parameters_model` names; None where there is none."""
        return None if self.parameters_model is None else _model(self.parameters_model)

    def reads_body(self, dialect: Dialect) -> bool:
        """Whether the servers that a dialect stands for read a body."""
        if self.body_since is None:
            return self.body is not None
        return bool(getattr(dialect, self.body_since))

    @cached_property
    def make_plan(self) -> Callable[[Any, Dialect], Plan]:
        """The function that `plan` names."""
        found: Callable[[Any, Dialect], Plan] = _function(self.plan or "")
        return found

    @cached_property
    def make_plain_plan(self) -> Callable[[bytes], Plan | None] | None:
        """The function that `plain_plan` names; None where there is none."""
        found: Callable[[bytes], Plan | None] | None = (
            None if self.plain_plan is None else _function(self.plain_plan)
        )
        return found


def _model(name: str) -> type[BaseModel]:
    """A model of `mockserver.requests`, named as "Model" or "folder.Model"."""
    folder, _, of_folder = f"requests.{name}".rpartition(".")
    found: type[BaseModel] = getattr(import_module(f"...{folder}", __package__), of_folder)
    return found


def _function(name: str) -> Any:
    """A function of `mockserver.operations`, named as "file.function" or "folder.file.function"."""
    file, _, function = name.rpartition(".")
    return getattr(import_module(f"..{file}", __package__), function)
