"""Numbers of flow runs by state and by the interval in which they are expected to start.

The runs lie in order of their states and, within a state, of their expected starts, so that those
of one interval are neighbours: what they sum up to is the difference of two running totals. Only
runs whose numbers change with the clock are looked at one by one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import accumulate, pairwise, repeat
from operator import sub
from typing import Any

from pyroaring import BitMap

from ..prefect import FlowRun, StateType
from .columns import to_microseconds
from .flow_run_index import FlowRunIndex
from .indexes import gather_in_slices
from .run_lateness import waiting_runs

StateKey = tuple[str, str]
"""The type and the name of a state."""
Totals = list[int]
"""The number of runs, and the sums of their run times and of their lateness."""
Cells = dict[StateKey, dict[int, Totals]]
"""The totals of the runs of each state in each interval; those without runs may be left out."""

TotalBefore = Callable[[int], int]
"""What the numbers of some places before a place sum up to."""


@dataclass(frozen=True)
class Units:
    """What a database makes of a run's time in microseconds, and of its lateness."""

    run_time: Callable[[int], int]
    lateness: Callable[[int, int], int]  # of the expected start and the start


class HistoryIndex:
    """The runs of an index that have a state and an expected start."""

    def __init__(
        self, index: FlowRunIndex, units: Units, running_since: Callable[[FlowRun], datetime]
    ) -> None:
        """`running_since`: when a run entered its state, which is RUNNING."""
        self._units = units
        times = index.time_index("expected_start_time")
        self._times, self._due = times.in_order, times.microseconds
        self._run_times = _numbers(
            round(seconds * 1_000_000) for seconds in index.values("total_run_time")
        )
        self._codes, self._keys = _state_codes(index)
        states = index.value_index("state_type")
        running = states.one_of({StateType.RUNNING}).within(None)
        # How long each has run, less the time of the request, which is added when it is known.
        self._ran_at_zero = {
            at: self._run_times[at] - to_microseconds(running_since(index.runs[at]))
            for at in running
        }
        self._running, self._waiting = running, waiting_runs(index)
        by_state: list[list[int]] = [[] for _ in self._keys]
        for ordinal in self._times.ordinals:
            by_state[self._codes[ordinal]].append(ordinal)
        by_state[_NO_STATE] = []
        self._order = array("I", (ordinal for ordinals in by_state for ordinal in ordinals))
        self._known = times.not_null.ordinals & states.not_null.ordinals
        self._spans = list(pairwise([0, *accumulate(map(len, by_state))]))
        self._place = array("I", bytes(4 * len(index.runs)))
        for place, ordinal in enumerate(self._order):
            self._place[ordinal] = place
        self._instants = gather_in_slices(self._due, self._order)
        self._settled = tuple(map(_numbers, self._settled_numbers(index)))
        self._totals = tuple(_numbers(accumulate(each, initial=0)) for each in self._settled)

    def _settled_numbers(self, index: FlowRunIndex) -> tuple[Iterable[int], Iterable[int]]:
        """Run times and lateness in this order, 0 where they depend on the clock."""
        units, running, due = self._units, self._running, self._due
        run_times = (
            0 if at in running else units.run_time(self._run_times[at]) for at in self._order
        )
        started = index.microseconds("start_time")
        lateness = (
            units.lateness(due[at], started[at]) if started[at] > due[at] else 0
            for at in self._order
        )
        return run_times, lateness

    def add_to(self, cells: Cells, members: BitMap, bounds: Sequence[int], now: int) -> None:
        """Add the totals of these runs to those of the cells.

        `bounds`: the first instant of each interval, and the end of the last.
        """
        inside = self._times.before(bounds[-1]) - self._times.before(bounds[0])
        inside &= self._known
        members = members & inside
        if not members:
            return
        others = inside - members
        if len(others) < len(members):
            self._add_settled(cells, None, bounds, 1)
            if others:
                self._add_settled(cells, others, bounds, -1)
        else:
            self._add_settled(cells, members, bounds, 1)
        self._add_changing(cells, members, bounds, now)

    def _add_settled(
        self, cells: Cells, members: BitMap | None, bounds: Sequence[int], sign: int
    ) -> None:
        """Add what does not depend on the clock; None: of all runs."""
        if members is None:
            before: list[TotalBefore] = [int, *(each.__getitem__ for each in self._totals)]
        else:
            places = map(self._place.__getitem__, members.to_array())
            before = _totals_before(BitMap(array("I", places)), self._settled, self._totals)
        for key, (first, last) in zip(self._keys, self._spans, strict=True):
            begin = bisect_left(self._instants, bounds[0], first, last)
            end = bisect_left(self._instants, bounds[-1], begin, last)
            if begin == end:
                continue
            # Only the intervals from that of the first run to that of the last.
            earliest = bisect_right(bounds, self._instants[begin]) - 1
            latest = bisect_right(bounds, self._instants[end - 1])
            near = bounds[earliest : latest + 1]
            ends = list(map(bisect_left, repeat(self._instants), near, repeat(begin), repeat(end)))
            intervals = cells.setdefault(key, {})
            numbers = zip(*(map(each, ends) for each in before), strict=True)
            for interval, (one, other) in enumerate(pairwise(numbers), earliest):
                if one[0] < other[0]:
                    cell = intervals.get(interval) or intervals.setdefault(interval, [0, 0, 0])
                    for at in range(3):
                        cell[at] += sign * (other[at] - one[at])

    def _add_changing(self, cells: Cells, members: BitMap, bounds: Sequence[int], now: int) -> None:
        run_time, lateness = self._units.run_time, self._units.lateness
        ran_at_zero, due, codes = self._ran_at_zero, self._due, self._codes
        intervals = [cells.get(key, {}) for key in self._keys]
        for at in (members & self._running).to_array():
            cell = intervals[codes[at]][bisect_right(bounds, due[at]) - 1]
            cell[1] += run_time(ran_at_zero[at] + now)
        for at in (members & self._waiting & self._times.before(now)).to_array():
            expected = due[at]
            cell = intervals[codes[at]][bisect_right(bounds, expected) - 1]
            cell[2] += lateness(expected, now)


_NO_STATE = 0
"""The code of runs without a state."""


def _state_codes(index: FlowRunIndex) -> tuple[Sequence[int], Sequence[StateKey]]:
    """A code for the state of each run, and the type and name that each code stands for."""
    codes: dict[Any, int] = {(None, None): _NO_STATE}
    states = zip(index.values("state_type"), index.values("state_name"), strict=True)
    by_ordinal = array("I", [codes.setdefault(state, len(codes)) for state in states])
    return by_ordinal, list(codes)


def _numbers(values: Iterable[int]) -> Sequence[int]:
    """Integers, in little memory if they are of 64 bits."""
    found = list(values)
    try:
        return array("q", found)
    except OverflowError:
        return found


_PLACES_PER_STRETCH = 4
"""A stretch takes as long to add up as so many single places (measured)."""


def _totals_before(
    places: BitMap, numbers: Iterable[Sequence[int]], totals: Iterable[Sequence[int]]
) -> list[TotalBefore]:
    """The number of these places before another, and what each of the numbers sums up to.

    Runs that a filter selects by state or time are neighbours in the order of a history. What a
    stretch of neighbours sums up to is a difference of `totals`, those of all places.
    """
    following = places.shift(1)
    stretches = (places - following).to_array(), (following - places).to_array()
    single = places.to_array()
    if len(single) < _PLACES_PER_STRETCH * len(stretches[0]):
        found = (_total_of_places(single, each) for each in numbers)
    else:
        found = (_total_of_stretches(*stretches, each) for each in totals)
    return [partial(bisect_left, single), *found]


def _total_of_places(places: Sequence[int], numbers: Sequence[int]) -> TotalBefore:
    before: list[int] = [0, *accumulate(map(numbers.__getitem__, places))]
    return lambda place: before[bisect_left(places, place)]


def _total_of_stretches(
    starts: Sequence[int], stops: Sequence[int], totals: Sequence[int]
) -> TotalBefore:
    sums = (map(totals.__getitem__, ends) for ends in (stops, starts))
    before: list[int] = [0, *accumulate(map(sub, *sums))]

    def total_before(place: int) -> int:
        count = bisect_left(starts, place)
        if not count:
            return 0
        stop = stops[count - 1]
        return before[count] - (totals[stop] - totals[min(place, stop)])

    return total_before


def history_index(
    index: FlowRunIndex, units: Units, running_since: Callable[[FlowRun], datetime]
) -> HistoryIndex:
    """The history of an index as a database computes it; made when it is first asked for."""
    found: HistoryIndex = index.prepared.get(
        ("history", units), lambda: HistoryIndex(index, units, running_since)
    )
    return found
