"""Index of a column of instants."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pyroaring import BitMap

from ...filters import AT_OR_AFTER, AT_OR_BEFORE, IS_NOT_NULL, IS_NULL, Comparison, Relation
from ..columns import NULL_INSTANT, to_microseconds
from .caches import add_bounded
from .ordinal_sets import BitmapSet, Difference, OrdinalSet
from .sorting import gather_in_slices, sort_in_slices

# A filter has at most two bounds for a column. A range takes up to 130 KB at a million runs.
MAX_CACHED_RANGES = 16  # of one TimeIndex


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


TIME_RELATIONS: Mapping[Relation, Callable[[TimeIndex, Any], OrdinalSet]] = {
    AT_OR_BEFORE: TimeIndex.at_or_before,
    AT_OR_AFTER: TimeIndex.at_or_after,
    IS_NULL: lambda index, _: index.nulls,
    IS_NOT_NULL: lambda index, _: index.not_null,
}
