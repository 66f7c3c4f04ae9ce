"""How many runs have each value of a column, and how many an instant in each span of time.

Invariant: the counts are those that looking at the runs one by one would give. No run is made:
a dictionary-encoded column is counted by its codes, any other by intersecting bitmaps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, cast

from pyroaring import BitMap

from ..prefect import FlowRun
from .columns import DERIVED_COLUMNS, NULL_INSTANT, DictionaryColumn, Rows, to_microseconds
from .flow_run_index import FlowRunIndex
from .indexes import ColumnIndex, TagIndex, ValueIndex


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
    encoded = _dictionary_of(index, column)
    if encoded is not None:
        return _count_codes(*encoded, ordinals, is_tags=column == "tags")
    found: ColumnIndex = index.value_index(column)
    if isinstance(found, TagIndex):
        by_value: Mapping[Any, int | BitMap] = found.by_tag
        nulls = found.untagged
    else:
        values = cast(ValueIndex, found)
        by_value, nulls = values.by_value, values.nulls
    counts = Counter({value: _common(having, ordinals) for value, having in by_value.items()})
    counts[None] = nulls.ordinals.intersection_cardinality(ordinals)
    return +counts  # without values that no run has


def _common(having: int | BitMap, ordinals: BitMap) -> int:
    if isinstance(having, int):
        return int(having in ordinals)
    return int(having.intersection_cardinality(ordinals))


Derive = Callable[[Any], Any]


def _dictionary_of(
    index: FlowRunIndex, column: str
) -> tuple[DictionaryColumn, Sequence[int], Derive] | None:
    """The dictionary-encoded column that has a column's values, the order of the runs in it, and
    how a value follows from an entry; None if the values are not encoded.
    """
    if not isinstance(index.runs, Rows):
        return None
    derive, names = DERIVED_COLUMNS.get(column, (lambda value: value, (column,)))
    encoded = index.runs.columns.get(names[0])
    if len(names) > 1 or not isinstance(encoded, DictionaryColumn):
        return None
    return encoded, index.runs.order, derive


def _count_codes(
    encoded: DictionaryColumn,
    order: Sequence[int],
    derive: Derive,
    ordinals: BitMap,
    *,
    is_tags: bool,
) -> Counter[Any]:
    codes: Iterable[int] = encoded.codes
    if len(ordinals) < len(order) or not isinstance(order, range):
        positions: Iterable[int] = ordinals.to_array()
        if not isinstance(order, range):
            positions = map(order.__getitem__, positions)
        codes = map(encoded.codes.__getitem__, positions)
    counts: Counter[Any] = Counter()
    for code, times in Counter(codes).items():
        value = derive(encoded.dictionary[code])
        for each in (dict.fromkeys(value) or (None,)) if is_tags else (value,):
            counts[each] += times
    return counts


def count_times(
    index: FlowRunIndex, columns: Sequence[str], bounds: Sequence[int], ordinals: BitMap
) -> list[int]:
    """How many of these runs have an instant before the first bound, from each bound to the next,
    and from the last on.

    `bounds` ascend, in microseconds since 1970. A run's instant is that of the first column where
    it has one; a run without any counts as before the first bound.
    """
    first, *others = (index.microseconds(column) for column in columns)
    wanted = ordinals.to_array()
    instants: Iterable[int] = map(first.__getitem__, wanted)
    for other in others:
        instants = [
            there if instant == NULL_INSTANT else instant
            for instant, there in zip(instants, map(other.__getitem__, wanted), strict=True)
        ]
    places = Counter(map(bisect_right, repeat(bounds), instants))
    return [places[place] for place in range(len(bounds) + 1)]


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
