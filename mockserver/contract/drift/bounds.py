"""Least and most: the bounds of a schema, however they are written."""

from __future__ import annotations

from .schemas import Alternative, canonical_json, expect_number

Bound = tuple[float, int]
"""A bound, and -1 or 1 where it is just below or above that number."""
_OFFSET_WORDS = {-1: "below ", 0: "", 1: "above "}


def size_bound(side: Alternative, key: str) -> Bound | None:
    """A length or a number of items or keys; at least 0 is no bound."""
    said = side.keywords.get(key, 0 if key.startswith("min") else None)
    if said is None or (said == 0 and key.startswith("min")):
        return None
    return expect_number(said, key), 0


def numeric_bound(side: Alternative, key: str, lower: bool) -> Bound | None:
    """The bound of a number, whichever of its four ways it is written in."""
    exclusive = side.keywords.get("exclusive" + key.capitalize())
    said = side.keywords.get(key)
    step = 1 if lower else -1
    edges: list[Bound] = []
    if said is not None:
        edges.append((expect_number(said, key), step if exclusive is True else 0))
    if exclusive is not None and not isinstance(exclusive, bool):
        edges.append((expect_number(exclusive, key), step))
    if side.type == "integer":
        edges = [(value + beside, 0) for value, beside in edges]
    return (max if lower else min)(edges, default=None)


def format_bound(found: Bound | None) -> str | None:
    """A bound in words. None where there is none."""
    if found is None:
        return None
    value, beside = found
    return f"{_OFFSET_WORDS[beside]}{canonical_json(value)}"
