"""How many runs have each value of a column, and how many an instant in each span of time.

Invariant: the counts are those that looking at the runs one by one would give. No run is made:
a dictionary-encoded column is counted by its codes, any other by intersecting bitmaps.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, cast

from pyroaring import BitMap

from ..prefect import FlowRun
from .columns import DictionaryColumn, to_microseconds
from .flow_run_index import FlowRunIndex
from .indexes import (
    MAX_SEARCHES,
    ColumnIndex,
    TagIndex,
    ValueIndex,
    find_bytes,
    upper_halves,
)


def count_values(index: FlowRunIndex, column: str, ordinals: BitMap) -> Counter[Any]:
    """How many of these runs have each value of a column; None stands for no value.

    Of `tags` each tag is a value, and None stands for a run without tags. Not for columns of
    times: nearly each run has an instant of its own.
    """
    if len(ordinals) < len(index.all_ordinals):
        return _count_values(index, column, ordinals)
    # Of all runs they are asked for again and again, to be compared with those of some.
    key = ("value counts", column)
    return Counter(index.prepared.get(key, lambda: _count_values(index, column, ordinals)))


def _count_values(index: FlowRunIndex, column: str, ordinals: BitMap) -> Counter[Any]:
    values = index.values(column)
    if isinstance(values, DictionaryColumn) and len(_keys(values, column)) > MAX_SEARCHES:
        return _count_codes(values, ordinals, is_tags=column == "tags")
    found: ColumnIndex = index.value_index(column)
    if isinstance(found, TagIndex):
        by_value: Mapping[Any, int | BitMap] = found.by_tag
        nulls = found.untagged
    else:
        by_value, nulls = cast(ValueIndex, found).by_value, cast(ValueIndex, found).nulls
    counts = Counter({value: _common(having, ordinals) for value, having in by_value.items()})
    counts[None] = nulls.ordinals.intersection_cardinality(ordinals)
    return +counts  # without values that no run has


def _keys(values: DictionaryColumn, column: str) -> set[Any]:
    """What is counted: values, or tags."""
    distinct: Iterable[Any] = values.dictionary
    return set(chain.from_iterable(distinct) if column == "tags" else distinct)


def _common(having: int | BitMap, ordinals: BitMap) -> int:
    if isinstance(having, int):
        return int(having in ordinals)
    return int(having.intersection_cardinality(ordinals))


def _count_codes(values: DictionaryColumn, ordinals: BitMap, *, is_tags: bool) -> Counter[Any]:
    codes: Iterable[int] = values.codes
    if len(ordinals) < len(values):
        codes = map(values.codes.__getitem__, ordinals.to_array())
    counts: Counter[Any] = Counter()
    for code, times in Counter(codes).items():
        value = values.dictionary[code]
        for each in (dict.fromkeys(value) or (None,)) if is_tags else (value,):
            counts[each] += times
    return counts


def find_spans(
    index: FlowRunIndex, columns: Sequence[str], bounds: Sequence[int]
) -> Sequence[BitMap]:
    """The runs with an instant before the first bound, from each bound to the next, and from the
    last on.

    `bounds` ascend, in microseconds since 1970; there are at most 250. A run's instant is that of
    the first column where it has one; a run without any counts as before the first bound. A report
    has many tables with the same bounds: the last answer is kept.
    """
    key = (tuple(columns), tuple(bounds))
    asked, found = index.last_spans
    if asked != key:
        found = _find_spans(index.first_microseconds(tuple(columns)), bounds)
        index.last_spans = key, found
    return found


def _find_spans(instants: array[int], bounds: Sequence[int]) -> Sequence[BitMap]:
    places = bytearray(map(_PlacesOfHalves(bounds).__getitem__, upper_halves(instants)))
    for ordinal in find_bytes(bytes(places), {_SEVERAL}):
        places[ordinal] = bisect_right(bounds, instants[ordinal])
    content = bytes(places)
    return [find_bytes(content, {place}) for place in range(len(bounds) + 1)]


_SEVERAL = 255
"""Stands for the places of instants that have not all the same."""


class _PlacesOfHalves(dict[int, int]):
    """By the upper half of instants: how many bounds are not after them.

    Of a million instants there are some thousand upper halves, each for 71 minutes.
    """

    def __init__(self, bounds: Sequence[int]) -> None:
        self._bounds = bounds

    def __missing__(self, half: int) -> int:
        first, last = (
            bisect_right(self._bounds, half * (1 << 32) + lower) for lower in (0, (1 << 32) - 1)
        )
        place = self[half] = first if first == last else _SEVERAL
        return place


def count_run_values(runs: Iterable[FlowRun], column: str) -> Counter[Any]:
    """How many of these runs have each value, as `count_values` counts them."""
    values = (getattr(run, column) for run in runs)
    if column != "tags":
        return Counter(values)
    return Counter(tag for tags in values for tag in dict.fromkeys(tags) or (None,))


def count_run_times(
    runs: Iterable[FlowRun], columns: Sequence[str], bounds: Sequence[int]
) -> list[int]:
    """How many of these runs have an instant in each span, as `count_times` counts them."""
    counts = [0] * (len(bounds) + 1)
    for run in runs:
        given = (getattr(run, column) for column in columns)
        counts[bisect_right(bounds, to_microseconds(next(filter(None, given), None)))] += 1
    return counts
