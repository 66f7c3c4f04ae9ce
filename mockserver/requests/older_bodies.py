"""Bodies as older releases of Prefect have them: a key with another type, or without a bound.

The models say what the newest release has. Where an older one differs, the type of the key is
annotated with what it was before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from pydantic import create_model

from ..prefect import Dialect
from .body_kinds import BodyT


@dataclass(frozen=True, slots=True)
class Before:
    """An annotation of a key's type: the type that it has in releases without a change.

    `change` is the field of `Dialect` that says which releases have it.
    """

    change: str
    type: Any


def model_under(model: type[BodyT], dialect: Dialect) -> type[BodyT]:
    """The model of a body as the release of a dialect has it; the model itself in the newest."""
    changes = _changes_of(model)
    if not changes:  # as of bulk_delete's; this is asked for every request
        return model
    missing = [change for change in changes if not getattr(dialect, change)]
    return cast(type[BodyT], _without(model, *missing)) if missing else model


@cache
def _changes_of(model: type[BodyT]) -> tuple[str, ...]:
    """The changes that the keys of a model depend on, each once."""
    return tuple({before.change: None for before in _annotations(model).values()})


@cache
def _without(model: type[BodyT], *changes: str) -> type[BodyT]:
    older: dict[str, Any] = {
        key: (before.type, ... if field.is_required() else field.default)
        for key, before in _annotations(model).items()
        if before.change in changes
        for field in (model.model_fields[key],)
    }
    return create_model(model.__name__, __base__=model, **older)


def _annotations(model: type[BodyT]) -> dict[str, Before]:
    return {
        key: annotation
        for key, field in model.model_fields.items()
        for annotation in field.metadata
        if isinstance(annotation, Before)
    }
