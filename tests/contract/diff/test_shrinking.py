# A search finds a value that shows a difference, and makes it as small as it can.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from mockserver.contract.diff.shrinking import find_smallest_difference, shrink_filter
from mockserver.contract.server.target import TargetError


def test_a_search_returns_the_smallest_difference() -> None:
    """Hypothesis shrinks the value that showed it."""
    found = find_smallest_difference(
        st.lists(st.integers()),
        lambda value: value if sum(value) > 100 else None,
        examples=500,
        random_seed=1,
    )
    assert found == [101]


def test_a_search_without_a_difference_returns_none() -> None:
    """After as many examples as it was given."""
    tried: list[int] = []
    assert find_smallest_difference(st.integers(), tried.append, examples=50, random_seed=1) is None
    assert len(tried) == 50


def test_a_search_ends_when_the_server_stops_answering() -> None:
    """It does not shrink by sending more requests."""
    tried: list[int] = []

    def compare(value: int) -> None:
        tried.append(value)
        raise TargetError("gone")

    with pytest.raises(TargetError, match="gone"):
        find_smallest_difference(st.integers(), compare, examples=50, random_seed=1)
    assert len(tried) == 1


def test_a_filter_is_shrunk_to_what_shows_the_difference() -> None:
    """Criteria, keys, operators and values that do not matter are left out."""

    def compare(filter_body: Any) -> Any:
        shows = "b" in ((filter_body.get("name") or {}).get("any_") or [])
        return filter_body if shows else None

    large = {
        "name": {"any_": ["a", "b", "c", "d"], "like_": None},
        "tags": {"all_": ["x"], "operator": "or_"},
        "operator": "or_",
    }
    assert shrink_filter(large, large, compare) == {"name": {"any_": ["b"]}}
