"""Index of a column with one value per run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, Protocol

from pyroaring import BitMap

from ...filters import IS_NOT_NULL, IS_NULL, NONE_OF, ONE_OF, Comparison, Relation
from .caches import add_bounded
from .grouping import Ordinals, find_values, group_values
from .ordinal_sets import BitmapSet, Difference, LargeLookUps, OrdinalSet, make_union
from .preparation import Prepared

# A script names the same few states each time, whatever else it asks for. Uniting them was a tenth
# of such a request (measured).
MAX_CACHED_UNIONS = 16  # of one ValueIndex
MAX_UNITED = 16  # values of a union that is cached
MAX_SEARCHED = 8
"""How many times a large column is searched for values before it is indexed."""


class ColumnIndex(Protocol):
    """The index of one column."""

    def look_up(self, test: Comparison) -> OrdinalSet:
        """The ordinals of the runs for which the comparison is true."""
        ...


class ValueIndex:
    """Index of a column with one value per run.

    A large column is searched for the first values that are asked for: that takes 2 to 50 ms at a
    million runs, and to find the runs of each value up to 0.5 s (measured).
    """

    def __init__(
        self, values: Iterable[Any], all_ordinals: BitMap, prepared: Prepared | None = None
    ) -> None:
        """`values`: those of the runs, by ordinal; fastest as a DictionaryColumn."""
        self._large = LargeLookUps()
        self._cached_unions: OrderedDict[frozenset[Any], OrdinalSet] = OrderedDict()
        self._prepared = prepared or Prepared(0)
        self._values = values
        self._searches = 0
        self._by_value: Mapping[Any, Ordinals] | None = None
        if self._prepared.is_large and not isinstance(values, Iterator):
            nulls = find_values(values, {None})
            self._least_cached = 1  # how many values are worth a place in the cache
        else:
            self._by_value, nulls = self._group()
            self._least_cached = 2
        self.nulls, self.not_null = BitmapSet(nulls), BitmapSet(all_ordinals - nulls)

    @property
    def by_value(self) -> Mapping[Any, Ordinals]:
        """The ordinals of each value that is not null."""
        if self._by_value is None:
            self._by_value = self._prepared.get("by value", lambda: self._group()[0])
            self._least_cached = 2
        return self._by_value

    def _group(self) -> tuple[Mapping[Any, Ordinals], BitMap]:
        by_value = group_values(self._values)
        nulls = by_value.pop(None, BitMap())
        return by_value, BitMap((nulls,)) if isinstance(nulls, int) else nulls

    def look_up(self, test: Comparison) -> OrdinalSet:
        return VALUE_RELATIONS[test.relation](self, test.operand)

    def one_of(self, values: AbstractSet[Any]) -> OrdinalSet:
        if not self._least_cached <= len(values) <= MAX_UNITED or not isinstance(values, frozenset):
            return self._large.get(values, lambda: self._one_of(values))
        found = self._cached_unions.get(values)
        if found is None:
            found = self._one_of(values)
            add_bounded(self._cached_unions, values, found, MAX_CACHED_UNIONS)
        return found

    def _one_of(self, values: AbstractSet[Any]) -> OrdinalSet:
        if self._by_value is None and self._searches < MAX_SEARCHED:
            self._searches += 1
            return BitmapSet(find_values(self._values, values))
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
