"""Lists of objects, the records of `prefect.objects`: what a filter matches, and a page of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from ..filters import (
    ConditionCompiler,
    FilterModel,
    Operator,
    combine,
    compile_with,
    filter_warnings,
    find_rejection,
    measure_query,
)
from ..requests import MAX_PAGE_LIMIT
from .context import Context
from .deletion import sort_warnings
from .queries import DELETE_ONLY_WARNINGS, check_offset, sort_page

Conditions = Mapping[str, Mapping[str, ConditionCompiler]]
T = TypeVar("T")


class Matches(NamedTuple):
    """The objects that a filter matches, and the ids of the warnings that it earns."""

    objects: list[Any]
    warnings: tuple[str, ...]


def match_objects(
    context: Context,
    objects: Collection[Any],
    filter_: FilterModel | None,
    conditions: Conditions,
) -> Matches:
    """The objects that a filter matches; `conditions` says what the keys of its criteria mean.

    Raises ServerFailure where the dialect's database would not run the query.
    """
    if filter_ is None:
        return Matches(list(objects), ())
    dialect = context.dialect
    criteria = compile_with(conditions, filter_, dialect)
    size = measure_query(filter_, dialect)
    earned = filter_warnings(filter_, criteria, size, dialect)
    warnings = sort_warnings(set(earned) - DELETE_ONLY_WARNINGS)
    rejection = find_rejection(size, dialect)
    if rejection is not None:
        rejection.refuse(any_runs=len(objects) > 0)
    operator = getattr(filter_, "operator", Operator.and_)
    return Matches(list(filter(combine(operator, list(criteria.values())), objects)), warnings)


def page_of_objects(context: Context, objects: list[T], body: Any) -> list[T]:
    """The part of a list that a body's `sort`, `offset` and `limit` say."""
    offset = check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    # As for records of other kinds, equal ones come highest id first, so that pages never overlap.
    highest_first = sorted(objects, key=lambda one: str(one.id), reverse=True)  # type: ignore[attr-defined]
    return sort_page(context, highest_first, body.sort, offset + limit)[offset:]


def cut_page(context: Context, ordered: list[T], body: Any) -> list[T]:
    """The part of a sorted list that a body's `offset` and `limit` say."""
    offset = check_offset(context, body.offset)
    limit = MAX_PAGE_LIMIT if body.limit is None else body.limit
    return ordered[offset : offset + limit]
