"""Pairing the alternatives of two schemas, so that each pair can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import to_single_line
from .schemas import Alternative, canonical_json, expect_object, format_value

_NUMBERS = ("integer", "number")


def pair_alternatives(
    ours: Sequence[Alternative], theirs: Sequence[Alternative]
) -> tuple[list[tuple[Alternative, Alternative]], list[Alternative], list[Alternative]]:
    """Pair alternatives: by component name, else by structure, by type, and by kind of number.

    Only unambiguous pairs count: one candidate on each side. Returns the pairs, and what is left
    of ours and of theirs.
    """
    left, right = list(ours), list(theirs)
    pairs: list[tuple[Alternative, Alternative]] = []
    # The surest key first: a pair that it finds is out of the way of the vaguer ones.
    for key in (_by_name, _by_structure, _by_type, _by_kind):
        if not (left and right):
            break
        mine, other = _by_key(key, left), _by_key(key, right)
        for value, ones in mine.items():
            matches = other.get(value, ())
            if value is not None and len(ones) == len(matches) == 1:
                pairs.append((ones[0], matches[0]))
                left.remove(ones[0])
                right.remove(matches[0])
    return pairs, left, right


def _by_key(
    key: Callable[[Alternative], object], alternatives: Sequence[Alternative]
) -> Mapping[object, Sequence[Alternative]]:
    groups: dict[object, list[Alternative]] = {}
    for one in alternatives:
        groups.setdefault(key(one), []).append(one)
    return groups


def _by_name(one: Alternative) -> object:
    return one.name and (one.name, one.type, one.values is None)


def _by_structure(one: Alternative) -> object:
    keywords = one.keywords
    fields = frozenset(expect_object(keywords.get("properties", {})))
    inner = canonical_json(keywords.get("items")) if "items" in keywords else None
    return (one.type, one.values is None, format_keyword(keywords.get("format")), inner, fields)


def _by_type(one: Alternative) -> object:
    return (one.type, one.values is None)


def _by_kind(one: Alternative) -> object:
    """Integers pair with numbers: a change between them widens or narrows."""
    return "number" if one.type in _NUMBERS and one.values is None else None


def format_keyword(value: Any) -> str:
    """The value of a keyword for a sentence: text as it is, anything else as JSON; one line."""
    return to_single_line(value, 80) if isinstance(value, str) else format_value(value)
