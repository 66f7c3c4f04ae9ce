"""The errors of a refused body, as many as a reply can show.

pydantic counts errors quickly but tells either all of them or none, ten microseconds for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from pydantic import ValidationError

MAX_TOLD = 500
"""A real server tells all of them."""

MAX_ENTRIES = 20
"""Of each list and object, where there are too many errors to tell."""

Errors = list[Mapping[str, Any]]


def tell_errors(
    refusal: ValidationError, value: Any, read: Callable[[Any], object]
) -> tuple[Errors, int]:
    """The errors in pydantic's form, at least one, and how many more there are.

    All are told if they are at most `MAX_TOLD`, else those of the first entries of each list and
    object in `value`, which `read` reads as it was read when it was refused.
    """
    count = refusal.error_count()
    if count <= MAX_TOLD:
        return _details(refusal), 0
    try:
        read(_first_entries(value))
    except ValidationError as first:
        errors = _details(first)[:MAX_TOLD]
        return errors, max(count - len(errors), 0)
    msg = f"None of the errors is in the first {MAX_ENTRIES} entries of each list and object"
    return [{"type": "many_errors", "loc": (), "msg": msg, "input": None}], count


def _details(refusal: ValidationError) -> Errors:
    return list(refusal.errors(include_url=False))


def _first_entries(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _first_entries(inner) for key, inner in islice(value.items(), MAX_ENTRIES)}
    if isinstance(value, list):
        return [_first_entries(inner) for inner in value[:MAX_ENTRIES]]
    return value
