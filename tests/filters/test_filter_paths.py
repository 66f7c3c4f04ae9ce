"""Filters without one of their values."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.filters import without_value

TYPE = ("state", "type", "any_")


@pytest.mark.parametrize(
    ("given", "path", "left"),
    [
        ({"state": {"type": {"any_": ["FAILED"]}}}, TYPE, {}),
        (
            {"state": {"type": {"any_": ["FAILED"]}, "name": {"any_": ["a"]}}, "id": {}},
            TYPE,
            {"state": {"name": {"any_": ["a"]}}, "id": {}},
        ),
        (
            {"operator": "or_", "state": {"operator": "or_", "type": {"any_": ["FAILED"]}}},
            TYPE,
            {"operator": "or_"},
        ),
        ({"name": {"any_": ["a"]}, "limit": 5}, ("limit",), {"name": {"any_": ["a"]}}),
    ],
)
def test_what_holds_no_other_value_goes_with_it(
    given: dict[str, Any], path: tuple[str, ...], left: dict[str, Any]
) -> None:
    """And what holds others stays; the filter that is given is not changed."""
    before = repr(given)
    assert without_value(given, path) == left
    assert repr(given) == before
