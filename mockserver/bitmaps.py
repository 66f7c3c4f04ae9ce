"""Columns of a base as bitmaps: of which runs a test on one is true.

Runs stand in id order, highest first; a run's place is its ordinal, and a set of runs a bitmap of
ordinals. Nothing here decides what a test means.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from pyroaring import BitMap

from .predicates import (
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
    Relation,
    Test,
)

KEPT = 16  # ranges of times


class Column(Protocol):
    """One column of a base: the ordinals of which a test on it is true."""

    def ordinals(self, test: Test, within: BitMap | None) -> BitMap: ...


def narrowed(found: BitMap, within: BitMap | None) -> BitMap:
    """Those of them that are within; None is everywhere."""
    return found if within is None else found & within


class ValueColumn:
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
        self.nulls = BitMap(nulls if isinstance(nulls, list) else [nulls])
        self.known = every - self.nulls
        self.by_value: dict[Any, int | BitMap] = {
            value: BitMap(found) if isinstance(found, list) else found
            for value, found in places.items()
        }

    def ordinals(self, test: Test, within: BitMap | None) -> BitMap:
        return VALUE_RELATIONS[test.relation](self, test.operand, within)

    def one_of(self, wanted: frozenset[Any], within: BitMap | None) -> BitMap:
        return union(map(self.by_value.__getitem__, self.by_value.keys() & wanted), within)

    def values_of(self, ordinals: BitMap) -> set[Any]:
        """The values that some of these ordinals have."""
        return {
            value
            for value, found in self.by_value.items()
            if (found in ordinals if isinstance(found, int) else found.intersect(ordinals))
        }


def union(places: Iterable[int | BitMap], within: BitMap | None = None) -> BitMap:
    """All of these ordinals that are within."""
    bitmaps: list[BitMap] = []
    singles: list[int] = []
    for found in places:
        if isinstance(found, int):
            singles.append(found)
        else:
            bitmaps.append(narrowed(found, within))
    if singles:
        bitmaps.append(narrowed(BitMap(singles), within))
    if len(bitmaps) == 1:
        return bitmaps[0]
    return BitMap.union(*bitmaps) if bitmaps else BitMap()


VALUE_RELATIONS: Mapping[Relation, Callable[[ValueColumn, Any, BitMap | None], BitMap]] = {
    ONE_OF: lambda column, wanted, within: column.one_of(wanted, within),
    NONE_OF: lambda column, unwanted, within: (
        narrowed(column.known, within) - column.one_of(unwanted, within)
    ),
    IS_NULL: lambda column, _, within: narrowed(column.nulls, within),
    IS_NOT_NULL: lambda column, _, within: narrowed(column.known, within),
}


class TagColumn:
    """Tags: a bitmap for each."""

    def __init__(self, values: Iterable[tuple[str, ...]], every: BitMap) -> None:
        by_tag: dict[str, list[int]] = {}
        for at, tags in enumerate(values):
            for tag in tags:
                by_tag.setdefault(tag, []).append(at)
        self.by_tag = {tag: BitMap(places) for tag, places in by_tag.items()}
        self.tagged = BitMap.union(*self.by_tag.values()) if self.by_tag else BitMap()
        self.every = every

    def ordinals(self, test: Test, within: BitMap | None) -> BitMap:
        return TAG_RELATIONS[test.relation](self, test.operand, within)

    def any_of(self, tags: frozenset[str], within: BitMap | None) -> BitMap:
        return union(map(self.by_tag.__getitem__, self.by_tag.keys() & tags), within)

    def all_of(self, tags: frozenset[str], within: BitMap | None) -> BitMap:
        if not tags <= self.by_tag.keys():
            return BitMap()
        parts = [narrowed(self.by_tag[tag], within) for tag in tags]
        return BitMap.intersection(*parts) if parts else narrowed(self.every, within)


TAG_RELATIONS: Mapping[Relation, Callable[[TagColumn, Any, BitMap | None], BitMap]] = {
    HAS_ALL: lambda column, tags, within: column.all_of(tags, within),
    HAS_ANY: lambda column, tags, within: column.any_of(tags, within),
    IS_EMPTY: lambda column, _, within: narrowed(column.every, within) - column.tagged,
    IS_NOT_EMPTY: lambda column, _, within: narrowed(column.tagged, within),
}


class TimeColumn:
    """Instants in order, with the ordinals that have them; the nulls apart.

    The first and the last of each `block` of the order are kept as bitmaps, so that a range costs
    at most a block, however many runs lie in it. Blocks grow with the runs: 256 such bitmaps of a
    million runs take 20 bytes a run. The ranges asked for last are kept: a drain asks for one.
    """

    def __init__(self, values: Iterable[datetime | None], every: BitMap) -> None:
        moments: list[Any] = list(values)
        self.nulls = BitMap(at for at, moment in enumerate(moments) if moment is None)
        self.known = every - self.nulls
        self.places = array("I", sorted(self.known, key=moments.__getitem__))
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
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def ordinals(self, test: Test, within: BitMap | None) -> BitMap:
        if test.relation is AT_OR_BEFORE:
            return narrowed(self.first(bisect_right(self.instants, test.operand)), within)
        if test.relation is AT_OR_AFTER:
            earlier = self.first(bisect_left(self.instants, test.operand))
            return narrowed(self.known, within) - earlier
        return narrowed(self.nulls if test.relation is IS_NULL else self.known, within)
