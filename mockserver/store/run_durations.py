"""Runs in order of how long they have run, of which a RUNNING one runs until now.

Invariant: the order of the runs that do not run never changes, and the order of those that run does
not either, as all grow by the same. So both are kept as orders, and a page merges them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyroaring import BitMap

from ..prefect import StateType
from .columns import NULL_INSTANT
from .flow_run_index import FlowRunIndex
from .indexes import sort_in_slices
from .sort_orders import SegmentMatches, SortBy, SortOrder

Since = Callable[[Any], int]
"""When a run whose state is RUNNING entered it, in microseconds since 1970."""


class DurationIndex:
    """The runs of an index in order of their durations, in one direction.

    In both directions, equal ones come in descending order of their expected starts.
    """

    def __init__(self, index: FlowRunIndex, sort_by: SortBy, since: Since) -> None:
        """`sort_by`: the direction, and whether runs without an expected start come first in it."""
        self._index, self._sort_by = index, sort_by
        self._micros: array[float] = array(
            "d", (seconds * 1_000_000 for seconds in index.values("total_run_time"))
        )
        self._due = index.microseconds("expected_start_time")
        by_due = index.sort_order("expected_start_time", descending=True)
        nulls, self._null = by_due.nulls.to_array(), NULL_INSTANT
        if sort_by.nulls_first is sort_by.descending:  # a null counts as the latest of all
            self._null = -NULL_INSTANT
            ordinals = array("I", nulls) + array("I", by_due.ordinals)
        else:
            ordinals = array("I", by_due.ordinals) + array("I", nulls)
        running = index.value_index("state_type").one_of({StateType.RUNNING}).within(None)
        self._since: Mapping[int, int] = {at: since(index.runs[at]) for at in running}
        self._settled = self._order([at for at in ordinals if at not in running], self._settled_key)
        self._running = self._order([at for at in ordinals if at in running], self._running_key)

    def _order(self, ordinals: list[int], key: Callable[[int], float]) -> SortOrder:
        in_order = sort_in_slices(ordinals, key, descending=self._sort_by.descending)
        return SortOrder(in_order, BitMap(), self._settled_value)

    def _settled_key(self, ordinal: int) -> float:
        return self._micros[ordinal]

    def _running_key(self, ordinal: int) -> int:
        """The duration less the present: as Prefect's estimate, in whole microseconds."""
        return round(self._micros[ordinal]) - self._since[ordinal]

    def _value(self, ordinal: int, duration: float) -> tuple[float, int]:
        due = self._due[ordinal]
        latest = self._null if due == NULL_INSTANT else due
        return duration, latest if self._sort_by.descending else -latest

    def _settled_value(self, ordinal: int) -> tuple[float, int]:
        return self._value(ordinal, self._micros[ordinal])

    def matches(self, members: BitMap, now: int) -> Iterator[SegmentMatches]:
        """These runs, sorted: those that do not run, and those that do."""

        def value_now(ordinal: int) -> tuple[float, int]:
            return self._value(ordinal, self._running_key(ordinal) + now)

        ids, run_at = self._index.ids, self._index.runs.__getitem__
        for order in (self._settled, self._running.with_values(value_now)):
            yield SegmentMatches(order, members, self._sort_by, ids, run_at)


def duration_index(index: FlowRunIndex, sort_by: SortBy, since: Since) -> DurationIndex:
    """The runs of an index by duration; made when it is first asked for."""
    found: DurationIndex = index.prepared.get(
        ("durations", sort_by), lambda: DurationIndex(index, sort_by, since)
    )
    return found
