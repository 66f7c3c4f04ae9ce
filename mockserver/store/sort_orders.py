"""Pages of sorted runs: the runs of a segment in order of a column, and pages of several segments.

Invariant: a page has the runs that sorting all matches and cutting would give. Runs with the same
value come highest id first in both directions, so that the pages of a list never overlap; runs
without a value are all first or all last. tests/store/test_pages.py compares both.

An order is cut into blocks, each with a bitmap: counting the matches of a block takes a few
microseconds, so that a page at the end of a million runs is found as fast as one at the beginning.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from pyroaring import BitMap

from ..prefect import FlowRun
from .columns import ColumnValues, to_microseconds

BLOCK_SIZE = 4096
"""How many ordinals a block has."""


class SortBy(NamedTuple):
    """A column to sort by, the direction, and where runs without a value come."""

    column: str = "id"
    descending: bool = True
    nulls_first: bool = False


class SortOrder:
    """Ordinals in order of their values; `nulls` are those that have no value."""

    __slots__ = ("blocks", "nulls", "ordinals", "value_of")

    def __init__(
        self, ordinals: Sequence[int], nulls: BitMap, value_of: Callable[[int], Any]
    ) -> None:
        """`ordinals`: those with a value; equal ones ascending. `value_of`: the value of each."""
        self.ordinals = ordinals
        self.nulls = nulls
        self.value_of = value_of
        starts = range(0, len(ordinals), BLOCK_SIZE)
        self.blocks = [BitMap(ordinals[start : start + BLOCK_SIZE]) for start in starts]

    def with_values(self, value_of: Callable[[int], Any]) -> SortOrder:
        """The same order where the values have changed, as those that depend on the clock do."""
        other = copy(self)
        other.value_of = value_of
        return other


@dataclass(frozen=True, slots=True)
class _Reversed:
    """A value that compares the other way round."""

    value: Any

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)


Key = tuple[int, Any, _Reversed]
"""Whether the value is null, the value, and the id: ascending in the order of a list."""


def _key(sort_by: SortBy, value: Any, run_id: str) -> Key:
    if value is None:
        return (0 if sort_by.nulls_first else 2), 0, _Reversed(run_id)
    return 1, _Reversed(value) if sort_by.descending else value, _Reversed(run_id)


class Matches(Protocol):
    """Sorted runs of one part of a store."""

    def __len__(self) -> int: ...

    def keys(self, start: int, stop: int) -> list[Key]:
        """The keys of the runs from one place to another."""
        ...

    def count_before(self, key: Key) -> int:
        """How many runs come before a key, which need not be that of a run here."""
        ...

    def page(self, start: int, stop: int) -> list[FlowRun]:
        """The runs from one place to another."""
        ...


class SegmentMatches:
    """The matches in a segment, as `Matches`."""

    def __init__(
        self,
        order: SortOrder,
        matches: BitMap,
        sort_by: SortBy,
        ids: ColumnValues,
        run_at: Callable[[int], FlowRun],
    ) -> None:
        """`ids` and `run_at`: the id and the run at an ordinal."""
        self._order, self._matches, self._sort_by = order, matches, sort_by
        self._ids, self._run_at = ids, run_at
        self._nulls = matches & order.nulls
        # How many matches there are up to the end of each block.
        self._ends = list(
            accumulate(block.intersection_cardinality(matches) for block in order.blocks)
        )
        self._valued = self._ends[-1] if self._ends else 0

    def __len__(self) -> int:
        return self._valued + len(self._nulls)

    def keys(self, start: int, stop: int) -> list[Key]:
        return list(map(self._key, self._ordinals(start, stop)))

    def _key(self, ordinal: int) -> Key:
        value = None if ordinal in self._order.nulls else self._order.value_of(ordinal)
        return _key(self._sort_by, value, self._ids[ordinal])

    def count_before(self, key: Key) -> int:
        nulls_first = self._sort_by.nulls_first
        if key[0] != 1:  # a null: some nulls come before it, and the values unless it is first
            # Ids descend with the ordinals.
            end = bisect_left(range(len(self._ids)), key, key=self._null_key)
            values = 0 if nulls_first else self._valued
            return values + int(self._nulls.range_cardinality(0, end))
        end = bisect_left(self._order.ordinals, key, key=self._key)
        block = end // BLOCK_SIZE
        within = self._order.ordinals[block * BLOCK_SIZE : end]
        count = len(self._nulls) if nulls_first else 0
        count += self._ends[block - 1] if block else 0
        return count + sum(map(self._matches.__contains__, within))

    def _null_key(self, ordinal: int) -> Key:
        return _key(self._sort_by, None, self._ids[ordinal])

    def page(self, start: int, stop: int) -> list[FlowRun]:
        return list(map(self._run_at, self._ordinals(start, stop)))

    def _ordinals(self, start: int, stop: int) -> list[int]:
        nulls, valued = len(self._nulls), self._valued
        if self._sort_by.nulls_first:
            return [
                *self._of_nulls(start, stop),
                *self._of_values(start - nulls, stop - nulls),
            ]
        return [*self._of_values(start, stop), *self._of_nulls(start - valued, stop - valued)]

    def _of_nulls(self, start: int, stop: int) -> list[int]:
        start, stop = _clamp(start, stop, len(self._nulls))
        # An empty slice of a bitmap is not an empty bitmap if it starts behind the end.
        return self._nulls[start:stop].to_array().tolist() if start < stop else []

    def _of_values(self, start: int, stop: int) -> list[int]:
        start, stop = _clamp(start, stop, self._valued)
        block = bisect_right(self._ends, start)
        skipped = self._ends[block - 1] if block else 0
        found: list[int] = []
        while len(found) < stop - skipped:
            ordinals = self._order.ordinals[block * BLOCK_SIZE : (block + 1) * BLOCK_SIZE]
            found += filter(self._matches.__contains__, ordinals)
            block += 1
        return found[start - skipped : stop - skipped]


def _clamp(start: int, stop: int, size: int) -> tuple[int, int]:
    return min(max(start, 0), size), min(max(stop, 0), size)


class BufferMatches:
    """Matches that lie in no segment, as `Matches`."""

    def __init__(self, runs: Iterable[FlowRun], sort_by: SortBy) -> None:
        value_of = _value_getter(sort_by.column)
        keyed = [(_key(sort_by, value_of(run), run.id), run) for run in runs]
        keyed.sort(key=_first)
        self._keys = [key for key, _ in keyed]
        self._runs = [run for _, run in keyed]

    def __len__(self) -> int:
        return len(self._runs)

    def keys(self, start: int, stop: int) -> list[Key]:
        return self._keys[start:stop]

    def count_before(self, key: Key) -> int:
        return bisect_left(self._keys, key)

    def page(self, start: int, stop: int) -> list[FlowRun]:
        return self._runs[start:stop]


def _value_getter(column: str) -> Callable[[FlowRun], Any]:
    """The function that has the value of a run as the orders of segments have it."""
    if column == "id":
        return lambda _: None
    value_of = attrgetter(column)

    def comparable(run: FlowRun) -> Any:
        value = value_of(run)
        return to_microseconds(value) if isinstance(value, datetime) else value

    return comparable


def _first(pair: tuple[Key, FlowRun]) -> Key:
    return pair[0]


def page_of(parts: Iterable[Matches], start: int, stop: int) -> list[FlowRun]:
    """The runs from one place to another in the sorted list of all parts together."""
    filled = [part for part in parts if len(part)]
    if len(filled) == 1:
        return filled[0].page(start, stop)
    total = sum(map(len, filled))
    start, stop = _clamp(start, stop, total)
    keyed: list[tuple[Key, FlowRun]] = []
    for part, first, end in zip(filled, _split(filled, start), _split(filled, stop), strict=True):
        keyed += zip(part.keys(first, end), part.page(first, end), strict=True)
    keyed.sort(key=_first)
    return [run for _, run in keyed]


def _split(parts: Sequence[Matches], rank: int) -> list[int]:
    """How many of each part's runs are among the first `rank` of all parts together."""
    low = [0] * len(parts)
    high = [min(len(part), rank) for part in parts]
    while True:
        widest = max(range(len(parts)), key=lambda at: high[at] - low[at], default=0)
        if low == high:
            return low
        middle = (low[widest] + high[widest]) // 2
        (key,) = parts[widest].keys(middle, middle + 1)
        before = [part.count_before(key) for part in parts]
        if sum(before) < rank:  # the run itself is among them
            low = list(map(max, low, before))
            low[widest] = middle + 1
        else:
            high = list(map(min, high, before))
