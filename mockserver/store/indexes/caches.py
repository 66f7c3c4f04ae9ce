"""Caches of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def add_bounded(cache: OrderedDict[K, V], key: K, value: V, max_size: int) -> None:
    """Add an entry to a cache; if it then has more than `max_size`, drop the one added first."""
    cache[key] = value
    if len(cache) > max_size:
        # One step, unlike `del` of the first key: forks in other threads share the indexes.
        cache.popitem(last=False)
