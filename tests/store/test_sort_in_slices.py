"""Sorting in slices. Invariant: it is Python's stable sort."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.store.indexes import sorting
from mockserver.store.indexes.sorting import sort_in_slices


@given(keys=st.lists(st.integers(-3, 9), max_size=200), descending=st.booleans())
def test_slices_are_sorted_as_a_whole(keys: list[int], descending: bool) -> None:
    """Equal keys keep their order in both directions, across slices, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "_SLICE", 16)
        found = sort_in_slices(range(len(keys)), keys.__getitem__, descending=descending)
    expected = sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
    assert found.tolist() == expected
