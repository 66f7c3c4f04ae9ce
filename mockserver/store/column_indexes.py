"""Columns of a base as bitmaps: of which runs a test on one is true.

Runs stand in id order, highest first; a run's place is its ordinal, and a set of runs a bitmap of
ordinals. Nothing here decides what a test means.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Protocol

from pyroaring import BitMap

from ..filters import (
    AT_OR_AFTER,
    AT_OR_BEFORE,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    IS_NOT_NULL,
    IS_NULL,
    NONE_OF,
    ONE_OF,
    Comparison,
    Relation,
)
from .ordinal_sets import EMPTY_SET, BitmapSet, Difference, Intersection, OrdinalSet, make_union

MAX_CACHED_RANGES = 16  # ranges of times


class ColumnIndex(Protocol):
    """One column of a base: the ordinals of which a test on it is true."""

    def look_up(self, test: Comparison) -> OrdinalSet: ...


class ValueIndex:
    """A column of single values: of each, the ordinals, or the only one that has it."""

    def __init__(self, values: Iterable[Any], all_ordinals: BitMap) -> None:
        ordinals_by_value: dict[Any, int | list[int]] = {}
        for ordinal, value in enumerate(values):
            earlier = ordinals_by_value.setdefault(value, ordinal)
            if isinstance(earlier, list):
                earlier.append(ordinal)
            elif earlier != ordinal:
                ordinals_by_value[value] = [earlier, ordinal]
        nulls = ordinals_by_value.pop(None, [])
        null_ordinals = BitMap(nulls if isinstance(nulls, list) else [nulls])
        self.nulls, self.not_null = (
            BitmapSet(null_ordinals),
            BitmapSet(all_ordinals - null_ordinals),
        )
        self.by_value: dict[Any, int | BitMap] = {
            value: BitMap(ordinals) if isinstance(ordinals, list) else ordinals
            for value, ordinals in ordinals_by_value.items()
        }

    def look_up(self, test: Comparison) -> OrdinalSet:
        return VALUE_RELATIONS[test.relation](self, test.operand)

    def one_of(self, values: AbstractSet[Any]) -> OrdinalSet:
        ordinals = [self.by_value[value] for value in values if value in self.by_value]
        return make_union(ordinals)

    def values_of(self, ordinals: BitMap) -> set[Any]:
        """The values that some of these ordinals have."""
        return {
            value
            for value, having_value in self.by_value.items()
            if (
                having_value in ordinals
                if isinstance(having_value, int)
                else having_value.intersect(ordinals)
            )
        }


VALUE_RELATIONS: Mapping[Relation, Callable[[ValueIndex, Any], OrdinalSet]] = {
    ONE_OF: ValueIndex.one_of,
    NONE_OF: lambda column, unwanted: Difference(column.not_null, column.one_of(unwanted)),
    IS_NULL: lambda column, _: column.nulls,
    IS_NOT_NULL: lambda column, _: column.not_null,
}


class TagIndex:
    """Tags: a bitmap for each."""

    def __init__(self, values: Iterable[tuple[str, ...]], all_ordinals: BitMap) -> None:
        by_tag: dict[str, list[int]] = {}
        for ordinal, tags in enumerate(values):
            for tag in tags:
                by_tag.setdefault(tag, []).append(ordinal)
        self.by_tag = {tag: BitMap(ordinals) for tag, ordinals in by_tag.items()}
        tagged = BitMap.union(*self.by_tag.values()) if self.by_tag else BitMap()
        self.tagged, self.untagged = BitmapSet(tagged), BitmapSet(all_ordinals - tagged)
        self.all_ordinals = BitmapSet(all_ordinals)

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TAG_RELATIONS[test.relation](self, test.operand)

    def any_of(self, tags: frozenset[str]) -> OrdinalSet:
        return make_union([self.by_tag[tag] for tag in self.by_tag.keys() & tags])

    def all_of(self, tags: frozenset[str]) -> OrdinalSet:
        if not tags <= self.by_tag.keys():
            return EMPTY_SET
        return Intersection([BitmapSet(self.by_tag[tag]) for tag in tags] or [self.all_ordinals])


TAG_RELATIONS: Mapping[Relation, Callable[[TagIndex, Any], OrdinalSet]] = {
    HAS_ALL: TagIndex.all_of,
    HAS_ANY: TagIndex.any_of,
    IS_EMPTY: lambda column, _: column.untagged,
    IS_NOT_EMPTY: lambda column, _: column.tagged,
}


class TimeIndex:
    """Instants in order, with the ordinals that have them; the nulls apart.

    The first and the last of each `block` of the order are kept as bitmaps, so that a range costs
    at most a block, however many runs lie in it. Blocks grow with the runs: 256 such bitmaps of a
    million runs take 20 bytes a run. The ranges asked for last are kept: a drain asks for one.
    """

    def __init__(self, values: Iterable[datetime | None], all_ordinals: BitMap) -> None:
        moments: list[Any] = list(values)
        nulls = BitMap(ordinal for ordinal, moment in enumerate(moments) if moment is None)
        not_null = all_ordinals - nulls
        self.nulls, self.not_null = BitmapSet(nulls), BitmapSet(not_null)
        self.ordinals_by_time = array("I", sorted(not_null, key=moments.__getitem__))
        self.instants = list(map(moments.__getitem__, self.ordinals_by_time))
        self.block_size = max(1024, len(self.ordinals_by_time) // 256)
        self._cached_ranges: OrderedDict[int, BitMap] = OrderedDict()
        self.before_block = [BitMap()]
        for start in range(0, len(self.ordinals_by_time) - self.block_size + 1, self.block_size):
            block = BitMap(self.ordinals_by_time[start : start + self.block_size])
            self.before_block.append(self.before_block[-1] | block)

    def earliest(self, count: int) -> BitMap:
        """The `count` earliest."""
        block, rest = divmod(count, self.block_size)
        if not rest:
            return self.before_block[block]
        found = self._cached_ranges.get(count)
        if found is None:
            found = self.before_block[block] | BitMap(self.ordinals_by_time[count - rest : count])
            self._cached_ranges[count] = found
            if len(self._cached_ranges) > MAX_CACHED_RANGES:
                self._cached_ranges.popitem(last=False)
        return found

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TIME_RELATIONS[test.relation](self, test.operand)

    def at_or_before(self, moment: datetime) -> OrdinalSet:
        return BitmapSet(self.earliest(bisect_right(self.instants, moment)))

    def at_or_after(self, moment: datetime) -> OrdinalSet:
        earlier = self.earliest(bisect_left(self.instants, moment))
        return Difference(self.not_null, BitmapSet(earlier))


TIME_RELATIONS: Mapping[Relation, Callable[[TimeIndex, Any], OrdinalSet]] = {
    AT_OR_BEFORE: TimeIndex.at_or_before,
    AT_OR_AFTER: TimeIndex.at_or_after,
    IS_NULL: lambda column, _: column.nulls,
    IS_NOT_NULL: lambda column, _: column.not_null,
}
