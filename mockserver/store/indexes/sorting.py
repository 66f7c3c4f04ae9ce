"""Sorting a million ordinals without keeping other threads waiting."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import chain

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
