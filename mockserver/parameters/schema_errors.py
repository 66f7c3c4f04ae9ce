"""What is wrong with values, as the page of a real server shows it beside each of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import ServerFailure
from .hydration import HydrationError, Placeholder
from .schema_preparation import Schema
from .schema_validation import PLACEHOLDERS, list_errors


def describe_errors(values: Any, schema: Schema) -> dict[str, Any]:
    """Whether a prepared schema takes values, and else the errors in the shape of the values.

    Values may have placeholders: one of an error is wrong, others are right. Raises
    UnresolvableReference, CircularSchema, TooLarge, and ServerFailure where a real server fails.
    """
    # Prefect: utilities/schema_tools/validation.py, build_error_obj.
    found: list[Any] = []
    for error in _without_repeats(list_errors(values, schema)):
        value = error.instance
        if not isinstance(value, Placeholder) or isinstance(value, HydrationError):
            _add(found, error)
    return {"errors": found, "valid": not found}


def _without_repeats(errors: Iterable[Any]) -> Iterator[Any]:
    """The errors of each place in turn; only that of the placeholder where there is one."""
    by_place: dict[str, list[Any]] = {}
    for error in errors:
        by_place.setdefault("->".join(map(str, error.relative_path)), []).append(error)
    for found in by_place.values():
        yield from [one for one in found if one.validator == PLACEHOLDERS] or found


def _add(found: list[Any], error: Any) -> None:
    """Add the message of an error where its value is."""
    path = deque(error.relative_path)
    if error.validator == "required":
        # Told where the value would be. Its name is taken out of the message, as there.
        path.append(error.message.partition(" ")[0].strip("'"))
    if not path:
        found.append(error.message)
        return
    last = path.pop()
    for part in path:
        found = _errors_at(found, part)
    found.append({_kind(last): last, "errors": [error.message]})


def _errors_at(found: list[Any], part: str | int) -> list[Any]:
    """The errors below a part of a path; an empty list is put there if there are none yet."""
    kind = _kind(part)
    for one in found:
        if isinstance(one, str):  # in which a real server looks for a key
            raise ServerFailure("an error of a value, and of one in it", retryable=False)
        if one.get(kind) == part:
            errors: list[Any] = one["errors"]
            return errors
    made: dict[str, Any] = {kind: part, "errors": []}
    found.append(made)
    return made["errors"]  # type: ignore[no-any-return]  # just made


def _kind(part: str | int) -> str:
    return "index" if isinstance(part, int) else "property"
