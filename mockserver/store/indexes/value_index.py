"""Index of a column with one value per run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, Protocol

from pyroaring import BitMap

from ...filters import IS_NOT_NULL, IS_NULL, NONE_OF, ONE_OF, Comparison, Relation
from .caches import add_bounded
from .ordinal_sets import BitmapSet, Difference, LargeLookUps, OrdinalSet, make_union

# A script names the same few states each time, whatever else it asks for. Uniting them was a tenth
# of such a request (measured).
MAX_CACHED_UNIONS = 16  # of one ValueIndex
MAX_UNITED = 16  # values of a union that is cached


class ColumnIndex(Protocol):
    """The index of one column."""

    def look_up(self, test: Comparison) -> OrdinalSet:
        """The ordinals of the runs for which the comparison is true."""
        ...


class ValueIndex:
    """Index of a column with one value per run.

    `by_value` has the ordinals of each value that is not null: a bitmap, or a plain int where
    only one run has the value.
    """

    def __init__(self, values: Iterable[Any], all_ordinals: BitMap) -> None:
        # Most values of columns such as idempotency_key belong to one run, and a bitmap of one
        # ordinal takes 200 bytes (measured).
        ordinals_by_value: dict[Any, int | list[int]] = {}
        for ordinal, value in enumerate(values):
            earlier = ordinals_by_value.setdefault(value, ordinal)
            if isinstance(earlier, list):
                earlier.append(ordinal)
            elif earlier != ordinal:
                ordinals_by_value[value] = [earlier, ordinal]
        self._large = LargeLookUps()
        self._cached_unions: OrderedDict[frozenset[Any], OrdinalSet] = OrderedDict()
        nulls = ordinals_by_value.pop(None, [])
        null_ordinals = BitMap(nulls if isinstance(nulls, list) else [nulls])
        self.nulls = BitmapSet(null_ordinals)
        self.not_null = BitmapSet(all_ordinals - null_ordinals)
        self.by_value: dict[Any, int | BitMap] = {
            value: BitMap(ordinals) if isinstance(ordinals, list) else ordinals
            for value, ordinals in ordinals_by_value.items()
        }

    def look_up(self, test: Comparison) -> OrdinalSet:
        return VALUE_RELATIONS[test.relation](self, test.operand)

    def one_of(self, values: AbstractSet[Any]) -> OrdinalSet:
        if not 1 < len(values) <= MAX_UNITED or not isinstance(values, frozenset):
            return self._large.get(values, lambda: self._one_of(values))
        found = self._cached_unions.get(values)
        if found is None:
            found = self._one_of(values)
            add_bounded(self._cached_unions, values, found, MAX_CACHED_UNIONS)
        return found

    def _one_of(self, values: AbstractSet[Any]) -> OrdinalSet:
        ordinals = map(self.by_value.get, values)
        return make_union([having_it for having_it in ordinals if having_it is not None])

    def values_of(self, ordinals: BitMap) -> frozenset[Any]:
        """The values that at least one of these runs has."""
        if self.not_null.ordinals <= ordinals:
            return self._all_values
        return frozenset(
            [
                value
                for value, having_it in self.by_value.items()
                if (
                    having_it in ordinals
                    if isinstance(having_it, int)
                    else having_it.intersect(ordinals)
                )
            ]
        )

    @cached_property
    def _all_values(self) -> frozenset[Any]:
        # One object, whose hash is worked out once.
        return frozenset(self.by_value)


VALUE_RELATIONS: Mapping[Relation, Callable[[ValueIndex, Any], OrdinalSet]] = {
    ONE_OF: ValueIndex.one_of,
    # Rule M4 (filters/predicates.py): a null satisfies no not_any_.
    NONE_OF: lambda index, unwanted: Difference(index.not_null, index.one_of(unwanted)),
    IS_NULL: lambda index, _: index.nulls,
    IS_NOT_NULL: lambda index, _: index.not_null,
}
