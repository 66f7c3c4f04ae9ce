"""Comparing keywords that bound single values: sizes, ranges, formats and patterns."""

from __future__ import annotations

from typing import Protocol

from .bounds import Bound, format_bound, numeric_bound, size_bound
from .changes import ChangeKind
from .pairing import format_keyword
from .schemas import Alternative

# JSON Schema 2020-12: each is a bound by itself, and none may be exclusive.
_LOWER = ("minLength", "minItems", "minProperties")
_UPPER = ("maxLength", "maxItems", "maxProperties")


class Place(Protocol):
    """A place in both documents, to which changes belong."""

    def add_change(self, kind: ChangeKind, aspect: str, what: str) -> None:
        """Add a change that shows here."""


def compare_sizes(place: Place, one: Alternative, other: Alternative) -> None:
    """Compare the bounds of lengths, and of numbers of items and properties."""
    for lower, keys in ((True, _LOWER), (False, _UPPER)):
        for key in keys:
            _compare_bound(place, key, size_bound(one, key), size_bound(other, key), lower=lower)


def compare_range(place: Place, one: Alternative, other: Alternative) -> None:
    """Compare minimum, maximum (also exclusive ones) and multipleOf."""
    for lower, key in ((True, "minimum"), (False, "maximum")):
        _compare_bound(
            place,
            key,
            numeric_bound(one, key, lower),
            numeric_bound(other, key, lower),
            lower=lower,
        )
    _compare_keyword(place, "multipleOf", one, other)


def _compare_bound(
    place: Place, key: str, ours: Bound | None, theirs: Bound | None, *, lower: bool
) -> None:
    if ours == theirs:
        return
    # No bound at all is the widest.
    if ours is None or theirs is None:
        wider = theirs is None
    else:
        wider = theirs < ours if lower else theirs > ours
    kind = ChangeKind.WIDENED if wider else ChangeKind.NARROWED
    place.add_change(kind, key, describe_change(key, format_bound(ours), format_bound(theirs)))


def _compare_keyword(place: Place, key: str, one: Alternative, other: Alternative) -> None:
    """Compare a keyword whose values are not ordered, such as `format`."""
    # Which of two patterns or formats allows more cannot be told in general.
    ours, theirs = one.keywords.get(key), other.keywords.get(key)
    if ours == theirs:
        return
    kind = (
        ChangeKind.WIDENED
        if theirs is None
        else ChangeKind.NARROWED
        if ours is None
        else ChangeKind.CHANGED
    )
    texts = [None if text is None else format_keyword(text) for text in (ours, theirs)]
    place.add_change(kind, key, describe_change(key, *texts))


def compare_string(place: Place, one: Alternative, other: Alternative) -> None:
    """Compare the keywords of texts that are not bounds."""
    _compare_keyword(place, "format", one, other)
    _compare_keyword(place, "pattern", one, other)


def compare_format(place: Place, one: Alternative, other: Alternative) -> None:
    """Compare the format of numbers."""
    _compare_keyword(place, "format", one, other)


def describe_change(name: str, before: str | None, after: str | None) -> str:
    """A sentence about a keyword that is new, gone, or has another value."""
    if before is None:
        return f"{name} {after} is new"
    return f"{name} {before} is gone" if after is None else f"{name} {before} became {after}"
