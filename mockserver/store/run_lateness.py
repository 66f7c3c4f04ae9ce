"""How late many flow runs started in all, without looking at each.

A bit-sliced index has for each bit of a column of numbers a bitmap of the runs whose number has it
(O'Neil and Quass, "Improved query performance with variant indexes", 1997). The sum over a set of
runs is then a few intersections: about 0.1 ms for half of a million runs (measured).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from pyroaring import BitMap

from ..prefect import TERMINAL_STATES
from .columns import NULL_INSTANT
from .flow_run_index import FlowRunIndex
from .indexes import find_bytes


def to_milliseconds(microseconds: int) -> int:
    """An instant as SQLite reads it: whole milliseconds since 1970, rounded half up."""
    # SQLite computes with an integer of milliseconds (iJD in its date.c).
    return (microseconds // 500 + 1) // 2


def to_whole_seconds(microseconds: int) -> int:
    """An instant as SQLite's strftime('%s') has it: in milliseconds, and then cut."""
    return to_milliseconds(microseconds) // 1000


def to_itself(microseconds: int) -> int:
    """An instant as PostgreSQL has it."""
    return microseconds


_SLICE = 1 << 16


class BitSlicedColumn:
    """A column of numbers, none of them negative, whose sums over sets of runs cost little."""

    def __init__(self, numbers: Sequence[int]) -> None:
        count = len(numbers)
        # In slices, so that other threads get their turn.
        slices = (numbers[at : at + _SLICE] for at in range(0, count, _SLICE))
        content = b"".join(struct.pack(f"<{len(each)}Q", *each) for each in slices)
        self._slices: list[tuple[int, BitMap]] = []
        for place in range(8):
            column = content[place::8]  # one byte of each number
            for bit, bytes_with_it in enumerate(_BYTES_WITH_BIT if column.strip(b"\0") else ()):
                self._slices.append((8 * place + bit, find_bytes(column, bytes_with_it)))

    def sum(self, members: BitMap) -> int:
        """The sum of the numbers of these runs."""
        return sum(
            having_it.intersection_cardinality(members) << bit for bit, having_it in self._slices
        )


_BYTES_WITH_BIT = [frozenset(byte for byte in range(256) if byte >> bit & 1) for bit in range(8)]


class LatenessIndex:
    """The lateness of the runs of an index, in some unit of time."""

    def __init__(self, index: FlowRunIndex, to_unit: Callable[[int], int]) -> None:
        """`to_unit`: from microseconds since 1970 to the unit, which never descends."""
        expected, started = (
            index.microseconds(column) for column in ("expected_start_time", "start_time")
        )
        self._to_unit = to_unit
        self._times = index.time_index("expected_start_time").in_order
        self._late = BitSlicedColumn(
            [
                to_unit(start) - to_unit(due) if start > due != NULL_INSTANT else 0
                for start, due in zip(started, expected, strict=True)
            ]
        )
        self._waiting = waiting_runs(index)
        # Of runs without an expected start none is waiting, and any number will do.
        first = min((expected[at] for at in self._waiting), default=0)
        self._first = to_unit(first)
        self._expected = BitSlicedColumn(
            [to_unit(due) - self._first if due >= first else 0 for due in expected]
        )

    def total(self, members: BitMap, now: int) -> int:
        """The lateness of these runs together: of each until its start, or until now."""
        due = members & self._waiting & self._times.before(now)
        until = self._to_unit(now) - self._first
        return self._late.sum(members) + len(due) * until - self._expected.sum(due)


def waiting_runs(index: FlowRunIndex) -> BitMap:
    """The runs that have not started, but still can, and are expected to."""
    states = index.value_index("state_type").one_of(TERMINAL_STATES).within(None)
    not_started = index.time_index("start_time").nulls.ordinals
    return (not_started & index.time_index("expected_start_time").not_null.ordinals) - states


def lateness_index(index: FlowRunIndex, to_unit: Callable[[int], int]) -> LatenessIndex:
    """The lateness of an index in a unit; made when it is first asked for."""
    found: LatenessIndex = index.prepared.get(
        ("lateness", to_unit), lambda: LatenessIndex(index, to_unit)
    )
    return found
