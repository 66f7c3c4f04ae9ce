"""Index of a column of instants.

A few bounds are found by looking at each instant: that takes 40 ms at a million runs, and to sort
them 1 s (measured). A filter on times has one or two bounds; a server is asked for many.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pyroaring import BitMap

from ...filters import AT_OR_AFTER, AT_OR_BEFORE, IS_NOT_NULL, IS_NULL, Comparison, Relation
from ..columns import to_microseconds
from .bitmaps import find_bytes, highest_bytes
from .caches import add_bounded
from .ordinal_sets import BitmapSet, Difference, OrdinalSet
from .preparation import Prepared
from .sorting import gather_in_slices, sort_in_slices

# A filter has at most two bounds for a column. A range takes up to 130 KB at a million runs.
MAX_CACHED_RANGES = 16  # of one TimeIndex
MAX_SCANS = 4
"""How many bounds are found by looking at each instant, before the instants are sorted."""
# The highest byte of NULL_INSTANT, which no datetime's instant has.
_NULL_BYTE = 0x80


class TimeIndex:
    """Which runs have no instant, and which have one before another."""

    def __init__(
        self, microseconds: array[int], all_ordinals: BitMap, prepared: Prepared | None = None
    ) -> None:
        """`microseconds`: the instant of each run, as a TimestampColumn has it."""
        nulls = find_bytes(highest_bytes(microseconds), {_NULL_BYTE})
        self.nulls, self.not_null = BitmapSet(nulls), BitmapSet(all_ordinals - nulls)
        self.microseconds = microseconds
        self._prepared = prepared or Prepared(0)
        self._scanned: dict[int, BitMap] = {}

    @property
    def in_order(self) -> TimesInOrder:
        """The instants in their order, sorted when they are first needed."""
        found: TimesInOrder = self._prepared.get("in order", self._sort)
        return found

    def _sort(self) -> TimesInOrder:
        return TimesInOrder(self.microseconds, self.not_null.ordinals)

    def before(self, moment: int) -> BitMap:
        """The ordinals of the instants before one (in microseconds since 1970)."""
        found = self._scanned.get(moment)
        if found is None:
            if len(self._scanned) >= MAX_SCANS:
                return self.in_order.before(moment)
            # A null is the lowest of all numbers.
            lower = find_bytes(bytes(map(moment.__gt__, self.microseconds)), {True})
            found = self._scanned[moment] = lower - self.nulls.ordinals
        return found

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TIME_RELATIONS[test.relation](self, test.operand)

    def at_or_before(self, moment: datetime) -> OrdinalSet:
        # The bound itself is included (rule M6).
        return BitmapSet(self.before(to_microseconds(moment) + 1))

    def at_or_after(self, moment: datetime) -> OrdinalSet:
        # An instant at the bound is not earlier (rule M6).
        return Difference(self.not_null, BitmapSet(self.before(to_microseconds(moment))))


class TimesInOrder:
    """The ordinals in order of time, without those of nulls.

    `before_block[n]` is a bitmap of the first `n * block_size` of them, so that a range costs at
    most one block of single ordinals, however many runs it covers. Blocks grow with the number of
    runs, because the bitmaps take memory: 256 of them take 20 bytes per run at a million runs.
    """

    def __init__(self, microseconds: array[int], not_null: BitMap) -> None:
        self.ordinals = sort_in_slices(not_null.to_array(), microseconds.__getitem__)
        self.instants = gather_in_slices(microseconds, self.ordinals)
        self._block_size = max(1024, len(self.ordinals) // 256)
        self._cached_ranges: OrderedDict[int, BitMap] = OrderedDict()
        self._before_block = [BitMap()]
        # Whole blocks only: `_earliest` adds the ordinals that follow them.
        for start in range(0, len(self.ordinals) - self._block_size + 1, self._block_size):
            block = BitMap(self.ordinals[start : start + self._block_size])
            self._before_block.append(self._before_block[-1] | block)

    def before(self, moment: int) -> BitMap:
        """The ordinals of the instants before one."""
        return self._earliest(bisect_left(self.instants, moment))

    def _earliest(self, count: int) -> BitMap:
        """The ordinals of the `count` earliest instants."""
        block, rest = divmod(count, self._block_size)
        if not rest:
            return self._before_block[block]
        found = self._cached_ranges.get(count)
        if found is None:
            found = self._before_block[block] | BitMap(self.ordinals[count - rest : count])
            # A drain looks up the same range in each call.
            add_bounded(self._cached_ranges, count, found, MAX_CACHED_RANGES)
        return found


TIME_RELATIONS: Mapping[Relation, Callable[[TimeIndex, Any], OrdinalSet]] = {
    AT_OR_BEFORE: TimeIndex.at_or_before,
    AT_OR_AFTER: TimeIndex.at_or_after,
    IS_NULL: lambda index, _: index.nulls,
    IS_NOT_NULL: lambda index, _: index.not_null,
}
