"""The paths of a filter in JSON: where its values are, and what is left without one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]
"""The keys that lead to a value of a filter, such as `("state", "type", "any_")`."""


def without_value(filter_: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The filter without the value at a path, and without the objects that hold no other.

    An operator alone holds nothing. Raises KeyError for a path that the filter has not.
    """
    key, *inner = path
    rest = {name: value for name, value in filter_.items() if name != key}
    if inner:
        left = without_value(filter_[key], tuple(inner))
        if left.keys() - {"operator"}:
            rest[key] = left
    return rest
