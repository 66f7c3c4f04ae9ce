"""A predicate as a value: comparisons with columns of a record, joined by and and or.

It can be called with a flow run (or another record with the same columns) and printed as a
sentence; the store looks it up in its indexes. `AllOf(())` matches every run, `AnyOf(())` none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any

from ..errors import to_single_line
from ..prefect import format_instant
from .like import LikePattern


# Compared by identity, as functions are; indexes look their answer up by the relation.
@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A comparison of a record's value with an operand; `label` is its words in a sentence.

    `compare` is never called with a null value: `matches_null` is the answer for it (M4).
    """

    label: str
    compare: Callable[[Any, Any], bool]
    matches_null: bool = False


ONE_OF = Relation("is one of", lambda value, values: value in values)
NONE_OF = Relation("is none of", lambda value, values: value not in values)
IS_NULL = Relation("is null", lambda _value, _: False, matches_null=True)
IS_NOT_NULL = Relation("is not null", lambda _value, _: True)
AT_OR_BEFORE = Relation("is at or before", lambda value, instant: value <= instant)
AT_OR_AFTER = Relation("is at or after", lambda value, instant: value >= instant)
# The operand is a frozenset, whose methods take a tuple of tags as it is.
HAS_ALL = Relation("has all of", lambda tags, values: values.issubset(tags))
HAS_ANY = Relation("has any of", lambda tags, values: not values.isdisjoint(tags))
IS_EMPTY = Relation("is empty", lambda tags, _: not tags)
IS_NOT_EMPTY = Relation("is not empty", lambda tags, _: bool(tags))
LIKE = Relation("contains", lambda name, like: like.matches(name))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition: a column of a record, a relation, and the operand to compare with."""

    column: str
    relation: Relation
    operand: Any = None

    __test__ = False  # so that pytest does not collect it as a test

    def __call__(self, record: object) -> bool:
        value = getattr(record, self.column)
        if value is None:
            return self.relation.matches_null
        return self.relation.compare(value, self.operand)

    def __str__(self) -> str:
        words = f"{self.column} {self.relation.label}"
        return words if self.operand is None else f"{words} {_format_operand(self.operand)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if every part is; without parts, true of every run."""

    parts: tuple[Predicate, ...]

    def __call__(self, record: object) -> bool:
        return all(part(record) for part in self.parts)

    def __str__(self) -> str:
        return _format_parts(self.parts, " and ") or "every flow run"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if any part is; without parts, true of no run."""

    parts: tuple[Predicate, ...]

    def __call__(self, record: object) -> bool:
        return any(part(record) for part in self.parts)

    def __str__(self) -> str:
        return _format_parts(self.parts, " or ") or "no flow run"


Predicate = Comparison | AllOf | AnyOf
MATCH_ALL = AllOf(())


def has_condition(predicate: Predicate) -> bool:
    """Whether a predicate has any condition in it."""
    return isinstance(predicate, Comparison) or any(has_condition(part) for part in predicate.parts)


def _format_parts(parts: tuple[Predicate, ...], word: str) -> str:
    """The sentences of the parts joined by a word, with brackets where they are needed."""
    alone = len(parts) == 1
    return word.join(
        str(part) if alone or isinstance(part, Comparison) or not part.parts else f"({part})"
        for part in parts
    )


_MAX_SHOWN_ITEMS = 5  # of a list in a sentence
_MAX_SHOWN_CHARACTERS = 80  # of a text in a sentence


def _format_operand(operand: object) -> str:
    if isinstance(operand, frozenset):
        more = (
            f", ... {len(operand) - _MAX_SHOWN_ITEMS} more"
            if len(operand) > _MAX_SHOWN_ITEMS
            else ""
        )
        shown = [
            to_single_line(str(item), _MAX_SHOWN_CHARACTERS)
            # A set has no order: the smallest are the same in every process.
            for item in nsmallest(_MAX_SHOWN_ITEMS, operand)
        ]
        return f"{{{', '.join(shown)}{more}}}"
    if isinstance(operand, datetime):
        return format_instant(operand)
    return (
        f"'{to_single_line(operand.text, _MAX_SHOWN_CHARACTERS)}'"
        if isinstance(operand, LikePattern)
        else repr(operand)
    )
