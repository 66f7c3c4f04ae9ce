"""Bitmap indexes of columns: the ordinals of the runs for which a comparison is true.

There is one class for each kind of column: single values, tags, instants; `trigram_index` has the
one for names. What a comparison means is decided in `filters.predicates` alone: an index gives
the same answer sooner.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Protocol, TypeVar

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
from .columns import NULL_INSTANT, to_microseconds
from .ordinal_sets import (
    EMPTY_SET,
    BitmapSet,
    Difference,
    Intersection,
    LargeLookUps,
    OrdinalSet,
    make_union,
)

# A filter has at most two bounds for a column. A range takes up to 130 KB at a million runs.
MAX_CACHED_RANGES = 16  # of one TimeIndex
# A script names the same few states each time, whatever else it asks for. Uniting them was a tenth
# of such a request (measured).
MAX_CACHED_UNIONS = 16  # of one ValueIndex
MAX_UNITED = 16  # values of a union that is cached

K = TypeVar("K")
V = TypeVar("V")


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


class TagIndex:
    """Index of tags: a bitmap of ordinals for each tag."""

    def __init__(self, values: Iterable[tuple[str, ...]], all_ordinals: BitMap) -> None:
        by_tag: dict[str, list[int]] = {}
        for ordinal, tags in enumerate(values):
            for tag in tags:
                by_tag.setdefault(tag, []).append(ordinal)
        self.by_tag = {tag: BitMap(ordinals) for tag, ordinals in by_tag.items()}
        # BitMap.union raises TypeError without arguments.
        tagged = BitMap.union(*self.by_tag.values()) if self.by_tag else BitMap()
        self.tagged, self.untagged = BitmapSet(tagged), BitmapSet(all_ordinals - tagged)
        self.all_ordinals = BitmapSet(all_ordinals)

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TAG_RELATIONS[test.relation](self, test.operand)

    def any_of(self, tags: frozenset[str]) -> OrdinalSet:
        return make_union([self.by_tag[tag] for tag in self.by_tag.keys() & tags])

    def all_of(self, tags: frozenset[str]) -> OrdinalSet:
        # Known to be empty, so that an intersection need not look any further.
        if not tags <= self.by_tag.keys():
            return EMPTY_SET
        return Intersection([BitmapSet(self.by_tag[tag]) for tag in tags] or [self.all_ordinals])


TAG_RELATIONS: Mapping[Relation, Callable[[TagIndex, Any], OrdinalSet]] = {
    HAS_ALL: TagIndex.all_of,
    HAS_ANY: TagIndex.any_of,
    IS_EMPTY: lambda index, _: index.untagged,
    IS_NOT_EMPTY: lambda index, _: index.tagged,
}


class TimeIndex:
    """Index of instants: the ordinals in order of time, without those of nulls.

    `before_block[n]` is a bitmap of the first `n * block_size` of them, so that a range costs at
    most one block of single ordinals, however many runs it covers. Blocks grow with the number of
    runs, because the bitmaps take memory: 256 of them take 20 bytes per run at a million runs.
    """

    def __init__(self, microseconds: Sequence[int], all_ordinals: BitMap) -> None:
        """`microseconds`: the instant of each run, as a TimestampColumn has it."""
        nulls = BitMap([at for at, moment in enumerate(microseconds) if moment == NULL_INSTANT])
        not_null = all_ordinals - nulls
        self.nulls, self.not_null = BitmapSet(nulls), BitmapSet(not_null)
        self.microseconds = microseconds
        self.ordinals_by_time = sort_in_slices(not_null.to_array(), microseconds.__getitem__)
        self.instants = gather_in_slices(microseconds, self.ordinals_by_time)
        self.block_size = max(1024, len(self.ordinals_by_time) // 256)
        self._cached_ranges: OrderedDict[int, BitMap] = OrderedDict()
        self.before_block = [BitMap()]
        # Whole blocks only: `earliest` adds the ordinals that follow them.
        for start in range(0, len(self.ordinals_by_time) - self.block_size + 1, self.block_size):
            block = BitMap(self.ordinals_by_time[start : start + self.block_size])
            self.before_block.append(self.before_block[-1] | block)

    def earliest(self, count: int) -> BitMap:
        """The ordinals of the `count` earliest instants."""
        block, rest = divmod(count, self.block_size)
        if not rest:
            return self.before_block[block]
        found = self._cached_ranges.get(count)
        if found is None:
            found = self.before_block[block] | BitMap(self.ordinals_by_time[count - rest : count])
            # A drain looks up the same range in each call.
            add_bounded(self._cached_ranges, count, found, MAX_CACHED_RANGES)
        return found

    def before(self, moment: int) -> BitMap:
        """The ordinals of the instants before one (in microseconds since 1970)."""
        return self.earliest(bisect_left(self.instants, moment))

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TIME_RELATIONS[test.relation](self, test.operand)

    def at_or_before(self, moment: datetime) -> OrdinalSet:
        # bisect_right: the bound itself is included (rule M6).
        return BitmapSet(self.earliest(bisect_right(self.instants, to_microseconds(moment))))

    def at_or_after(self, moment: datetime) -> OrdinalSet:
        # An instant at the bound is not earlier (rule M6).
        return Difference(self.not_null, BitmapSet(self.before(to_microseconds(moment))))


class HashIndex:
    """Index of texts of which nearly each is another: 12 bytes a run, where a dict takes 190."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        hashes = array("q", map(hash, texts))
        self._ordinals = sort_in_slices(range(len(hashes)), hashes.__getitem__)
        self._hashes = gather_in_slices(hashes, self._ordinals)

    def find(self, text: str) -> Sequence[int]:
        """The ordinals that may have this text: other texts may have the same hash."""
        begin, end = (find(self._hashes, hash(text)) for find in (bisect_left, bisect_right))
        return self._ordinals[begin:end]


TIME_RELATIONS: Mapping[Relation, Callable[[TimeIndex, Any], OrdinalSet]] = {
    AT_OR_BEFORE: TimeIndex.at_or_before,
    AT_OR_AFTER: TimeIndex.at_or_after,
    IS_NULL: lambda index, _: index.nulls,
    IS_NOT_NULL: lambda index, _: index.not_null,
}


_SLICE = 1 << 16


def sort_in_slices(
    ordinals: Sequence[int], key: Callable[[int], float], *, descending: bool = False
) -> array[int]:
    """The ordinals in order of their keys, which are numbers; equal ones keep their order.

    A single sort of a million keeps every other thread waiting for 0.6 s. Here slices are sorted,
    cut at the same keys, and what lies between two cuts is sorted again: no step takes 0.05 s, and
    all together take as long (measured).
    """

    def rank(ordinal: int) -> float:
        return -key(ordinal) if descending else key(ordinal)

    runs = [
        sorted(ordinals[at : at + _SLICE], key=key, reverse=descending)
        for at in range(0, len(ordinals), _SLICE)
    ]
    sample = sorted(rank(ordinal) for run in runs for ordinal in run[:: _SLICE // 16])
    begins, found = [0] * len(runs), array("I")
    for cut in (*sample[16::16], None):
        ends = [len(run) if cut is None else bisect_left(run, cut, key=rank) for run in runs]
        pieces = (run[begin:end] for run, begin, end in zip(runs, begins, ends, strict=True))
        found.extend(sorted(chain.from_iterable(pieces), key=key, reverse=descending))
        begins = ends
    return found


def gather_in_slices(numbers: Sequence[int], ordinals: Sequence[int]) -> array[int]:
    """The numbers at these ordinals. A million at once keep other threads waiting for 0.2 s."""
    found = array("q")
    for at in range(0, len(ordinals), _SLICE):
        found.extend(map(numbers.__getitem__, ordinals[at : at + _SLICE]))
    return found


def add_bounded(cache: OrderedDict[K, V], key: K, value: V, max_size: int) -> None:
    """Add an entry to a cache; if it then has more than `max_size`, drop the one added first."""
    cache[key] = value
    if len(cache) > max_size:
        # One step, unlike `del` of the first key: forks in other threads share the indexes.
        cache.popitem(last=False)
