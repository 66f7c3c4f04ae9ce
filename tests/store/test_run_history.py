"""Sums over the runs of a history. Invariant: they are those of adding up one run after another."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from mockserver.store import run_history

LENGTH = 12


@pytest.mark.parametrize("places_per_stretch", [0, 4, 1_000])
@given(
    places=st.frozensets(st.integers(0, LENGTH - 1), min_size=1),
    numbers=st.lists(st.integers(0, 1 << 70), min_size=LENGTH, max_size=LENGTH),
)
def test_places_are_added_up(
    places_per_stretch: int, places: frozenset[int], numbers: list[int]
) -> None:
    """One by one or by stretches of neighbours, up to any place."""
    totals = list(accumulate(numbers, initial=0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_history, "_PLACES_PER_STRETCH", places_per_stretch)
        count, total = run_history._totals_before(BitMap(places), [numbers], [totals])
    for end in range(LENGTH + 1):
        before = [place for place in places if place < end]
        assert count(end) == len(before)
        assert total(end) == sum(numbers[place] for place in before)
