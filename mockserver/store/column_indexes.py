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

    def __init__(self, values: Iterable[Any], every: BitMap) -> None:
        places: dict[Any, int | list[int]] = {}
        for at, value in enumerate(values):
            before = places.setdefault(value, at)
            if isinstance(before, list):
                before.append(at)
            elif before != at:
                places[value] = [before, at]
        nulls = places.pop(None, [])
        null = BitMap(nulls if isinstance(nulls, list) else [nulls])
        self.nulls, self.known = BitmapSet(null), BitmapSet(every - null)
        self.by_value: dict[Any, int | BitMap] = {
            value: BitMap(found) if isinstance(found, list) else found
            for value, found in places.items()
        }

    def look_up(self, test: Comparison) -> OrdinalSet:
        return VALUE_RELATIONS[test.relation](self, test.operand)

    def one_of(self, wanted: AbstractSet[Any]) -> OrdinalSet:
        places = [self.by_value[value] for value in wanted if value in self.by_value]
        return make_union(places)

    def values_of(self, ordinals: BitMap) -> set[Any]:
        """The values that some of these ordinals have."""
        return {
            value
            for value, found in self.by_value.items()
            if (found in ordinals if isinstance(found, int) else found.intersect(ordinals))
        }


VALUE_RELATIONS: Mapping[Relation, Callable[[ValueIndex, Any], OrdinalSet]] = {
    ONE_OF: ValueIndex.one_of,
    NONE_OF: lambda column, unwanted: Difference(column.known, column.one_of(unwanted)),
    IS_NULL: lambda column, _: column.nulls,
    IS_NOT_NULL: lambda column, _: column.known,
}


class TagIndex:
    """Tags: a bitmap for each."""

    def __init__(self, values: Iterable[tuple[str, ...]], every: BitMap) -> None:
        by_tag: dict[str, list[int]] = {}
        for at, tags in enumerate(values):
            for tag in tags:
                by_tag.setdefault(tag, []).append(at)
        self.by_tag = {tag: BitMap(places) for tag, places in by_tag.items()}
        tagged = BitMap.union(*self.by_tag.values()) if self.by_tag else BitMap()
        self.tagged, self.untagged = BitmapSet(tagged), BitmapSet(every - tagged)
        self.every = BitmapSet(every)

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TAG_RELATIONS[test.relation](self, test.operand)

    def any_of(self, tags: frozenset[str]) -> OrdinalSet:
        return make_union([self.by_tag[tag] for tag in self.by_tag.keys() & tags])

    def all_of(self, tags: frozenset[str]) -> OrdinalSet:
        if not tags <= self.by_tag.keys():
            return EMPTY_SET
        return Intersection([BitmapSet(self.by_tag[tag]) for tag in tags] or [self.every])


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

    def __init__(self, values: Iterable[datetime | None], every: BitMap) -> None:
        moments: list[Any] = list(values)
        nulls = BitMap(at for at, moment in enumerate(moments) if moment is None)
        known = every - nulls
        self.nulls, self.known = BitmapSet(nulls), BitmapSet(known)
        self.places = array("I", sorted(known, key=moments.__getitem__))
        self.instants = list(map(moments.__getitem__, self.places))
        self.block = max(1024, len(self.places) // 256)
        self._kept: OrderedDict[int, BitMap] = OrderedDict()
        self.before_block = [BitMap()]
        for start in range(0, len(self.places) - self.block + 1, self.block):
            block = BitMap(self.places[start : start + self.block])
            self.before_block.append(self.before_block[-1] | block)

    def first(self, count: int) -> BitMap:
        """The `count` earliest."""
        block, rest = divmod(count, self.block)
        if not rest:
            return self.before_block[block]
        found = self._kept.get(count)
        if found is None:
            found = self.before_block[block] | BitMap(self.places[count - rest : count])
            self._kept[count] = found
            if len(self._kept) > MAX_CACHED_RANGES:
                self._kept.popitem(last=False)
        return found

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TIME_RELATIONS[test.relation](self, test.operand)

    def before(self, moment: datetime) -> OrdinalSet:
        return BitmapSet(self.first(bisect_right(self.instants, moment)))

    def after(self, moment: datetime) -> OrdinalSet:
        earlier = self.first(bisect_left(self.instants, moment))
        return Difference(self.known, BitmapSet(earlier))


TIME_RELATIONS: Mapping[Relation, Callable[[TimeIndex, Any], OrdinalSet]] = {
    AT_OR_BEFORE: TimeIndex.before,
    AT_OR_AFTER: TimeIndex.after,
    IS_NULL: lambda column, _: column.nulls,
    IS_NOT_NULL: lambda column, _: column.known,
}
