"""Lower and upper bounds of a schema in one form, however they are written."""

from __future__ import annotations

from typing import NamedTuple

from .schemas import Alternative, canonical_json, expect_number


class Bound(NamedTuple):
    """A bound of values. `offset` is 1 just above `value`, -1 just below it, 0 at it.

    Bounds compare as their values do: `minimum: 1` is below `exclusiveMinimum: 1`.
    """

    value: float
    offset: int


_OFFSET_WORDS = {-1: "below ", 0: "", 1: "above "}


def size_bound(side: Alternative, key: str) -> Bound | None:
    """The bound of a size keyword such as maxLength or minItems; a minimum of 0 is no bound."""
    is_minimum = key.startswith("min")
    value = side.keywords.get(key, 0 if is_minimum else None)
    if value is None or (value == 0 and is_minimum):
        return None
    return Bound(expect_number(value, key), 0)


def numeric_bound(side: Alternative, key: str, lower: bool) -> Bound | None:
    """The bound of a number: `key` is `minimum` (then `lower`) or `maximum`.

    The exclusive keyword is a number since OpenAPI 3.1 and a boolean beside `key` in 3.0. The
    exclusive bound of an integer is the inclusive one of its neighbour.
    """
    exclusive = side.keywords.get("exclusive" + key.capitalize())
    inclusive = side.keywords.get(key)
    step = 1 if lower else -1
    # JSON Schema 2020-12 allows both keywords at once: the stricter one counts.
    bounds: list[Bound] = []
    if inclusive is not None:
        bounds.append(Bound(expect_number(inclusive, key), step if exclusive is True else 0))
    # False, as in OpenAPI 3.0, adds nothing to `minimum`.
    if exclusive is not None and not isinstance(exclusive, bool):
        bounds.append(Bound(expect_number(exclusive, key), step))
    if side.type == "integer":
        bounds = [Bound(value + offset, 0) for value, offset in bounds]
    return (max if lower else min)(bounds, default=None)


def format_bound(bound: Bound | None) -> str | None:
    """A bound in words, such as "above 0". None for None."""
    if bound is None:
        return None
    return f"{_OFFSET_WORDS[bound.offset]}{canonical_json(bound.value)}"
