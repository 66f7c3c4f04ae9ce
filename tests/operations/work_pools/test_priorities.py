"""The priorities of a pool's queues differ, and change as little as on a real server."""

from __future__ import annotations

import pytest

from mockserver.operations.work_pools.priorities import first_free, rearrange


@pytest.mark.parametrize(
    ("taken", "free"),
    [([], 1), ([1], 2), ([2], 1), ([1, 3], 2), ([3, 1, 2], 4), ([1, 1, 2], 2)],
)
def test_the_first_gap_is_free(taken: list[int], free: int) -> None:
    """A queue that is created without a priority gets it."""
    assert first_free(taken) == free


@pytest.mark.parametrize(
    ("others", "priority", "expected"),
    [
        ({}, 5, {"new": 5}),
        ({"a": 1}, 2, {"a": 1, "new": 2}),
        ({"a": 1}, 1, {"new": 1, "a": 2}),
        ({"a": 1, "b": 2, "c": 9}, 1, {"new": 1, "a": 2, "b": 3, "c": 9}),
        ({"a": 1, "b": 4}, 2, {"a": 1, "new": 2, "b": 4}),
        ({"a": 1, "b": 1}, 7, {"a": 1, "b": 2, "new": 7}),
    ],
)
def test_others_make_way(others: dict[str, int], priority: int, expected: dict[str, int]) -> None:
    """Only as far as they must."""
    assert rearrange(others, "new", priority) == expected


def test_without_a_queue_equal_ones_are_told_apart() -> None:
    """That is what happens after one was deleted; gaps stay."""
    assert rearrange({"a": 2, "b": 2, "c": 9}, "", 0) == {"a": 2, "b": 3, "c": 9}
