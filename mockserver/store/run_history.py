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
from itertools import accumulate, pairwise, repeat
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
        self._times = index.time_index("expected_start_time")
        self._due = self._times.microseconds
        self._run_times = _numbers(
            round(seconds * 1_000_000) for seconds in index.values("total_run_time")
        )
        self._codes, self._keys = _state_codes(index)
        states = index.value_index("state_type")
        running = states.one_of({StateType.RUNNING}).within(None)
        self._since = {at: to_microseconds(running_since(index.runs[at])) for at in running}
        self._running, self._waiting = running, waiting_runs(index)
        by_state: list[list[int]] = [[] for _ in self._keys]
        for ordinal in self._times.ordinals_by_time:
            by_state[self._codes[ordinal]].append(ordinal)
        by_state[_NO_STATE] = []
        self._order = array("I", (ordinal for ordinals in by_state for ordinal in ordinals))
        self._known = self._times.not_null.ordinals & states.not_null.ordinals
        self._spans = list(pairwise([0, *accumulate(map(len, by_state))]))
        self._place = array("I", bytes(4 * len(index.runs)))
        for place, ordinal in enumerate(self._order):
            self._place[ordinal] = place
        self._instants = gather_in_slices(self._due, self._order)
        self._settled = self._settled_numbers(index)
        self._running_totals = tuple(
            _numbers(accumulate(each, initial=0)) for each in self._settled
        )

    def _settled_numbers(self, index: FlowRunIndex) -> tuple[Sequence[int], Sequence[int]]:
        """Run times and lateness in this order, 0 where they depend on the clock."""
        units, running, due = self._units, self._running, self._due
        run_times = _numbers(
            0 if at in running else units.run_time(self._run_times[at]) for at in self._order
        )
        started = index.microseconds("start_time")
        lateness = _numbers(
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
            places: Sequence[int] = ()
            run_times, lateness = map(_difference_of, self._running_totals)
        else:
            places = BitMap(list(map(self._place.__getitem__, members.to_array()))).to_array()
            run_times, lateness = (
                _sum_of(list(map(numbers.__getitem__, places))) for numbers in self._settled
            )
        for key, (first, last) in zip(self._keys, self._spans, strict=True):
            begin = bisect_left(self._instants, bounds[0], first, last)
            end = bisect_left(self._instants, bounds[-1], begin, last)
            if begin == end:
                continue
            # Only the intervals from that of the first run to that of the last.
            earliest = bisect_right(bounds, self._instants[begin]) - 1
            latest = bisect_right(bounds, self._instants[end - 1])
            near = bounds[earliest : latest + 1]
            ends = map(bisect_left, repeat(self._instants), near, repeat(begin), repeat(end))
            if members is not None:
                ends = map(bisect_left, repeat(places), ends)
            intervals = cells.setdefault(key, {})
            for interval, (start, stop) in enumerate(pairwise(ends), earliest):
                if start < stop:
                    cell = intervals.get(interval) or intervals.setdefault(interval, [0, 0, 0])
                    cell[0] += sign * (stop - start)
                    cell[1] += sign * run_times(start, stop)
                    cell[2] += sign * lateness(start, stop)

    def _add_changing(self, cells: Cells, members: BitMap, bounds: Sequence[int], now: int) -> None:
        units, due, codes = self._units, self._due, self._codes
        intervals = [cells.get(key, {}) for key in self._keys]
        for at in (members & self._running).to_array():
            cell = intervals[codes[at]][bisect_right(bounds, due[at]) - 1]
            cell[1] += units.run_time(self._run_times[at] + now - self._since[at])
        for at in (members & self._waiting & self._times.before(now)).to_array():
            cell = intervals[codes[at]][bisect_right(bounds, due[at]) - 1]
            cell[2] += units.lateness(due[at], now)


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


def _sum_of(numbers: Sequence[int]) -> Callable[[int, int], int]:
    """The function that has the sum of the numbers from one place to another."""
    return lambda start, stop: sum(numbers[start:stop])


def _difference_of(totals: Sequence[int]) -> Callable[[int, int], int]:
    """The same of running totals."""
    return lambda start, stop: totals[stop] - totals[start]


def history_index(
    index: FlowRunIndex, units: Units, running_since: Callable[[FlowRun], datetime]
) -> HistoryIndex:
    """The history of an index as a database computes it; made when it is first asked for."""
    found: HistoryIndex = index.prepared.get(
        ("history", units), lambda: HistoryIndex(index, units, running_since)
    )
    return found
