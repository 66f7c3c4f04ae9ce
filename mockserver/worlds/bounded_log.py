"""A log that is bounded in number and in bytes; the oldest entries go first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

_Entry = TypeVar("_Entry")


class BoundedLog(Generic[_Entry]):
    """The last entries: at most `most`, whose sizes add up to no more than each of the bounds.

    An entry has a size for each bound. The newest always stays.
    """

    __slots__ = ("_bounds", "_entries", "_most", "_sizes", "_totals")

    def __init__(self, most: int, *bounds: int) -> None:
        self._most = most
        self._bounds = bounds
        self._entries: deque[_Entry] = deque()
        self._sizes: deque[tuple[int, ...]] = deque()
        self._totals = [0] * len(bounds)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self._entries)

    def append(self, entry: _Entry, *sizes: int) -> int:
        """Add an entry; returns how many older ones were dropped for it."""
        self._entries.append(entry)
        self._sizes.append(sizes)
        self._totals = [total + size for total, size in zip(self._totals, sizes, strict=True)]
        dropped = 0
        while len(self._entries) > 1 and self._is_full():
            self._entries.popleft()
            gone = self._sizes.popleft()
            self._totals = [total - size for total, size in zip(self._totals, gone, strict=True)]
            dropped += 1
        return dropped

    def _is_full(self) -> bool:
        if len(self._entries) > self._most:
            return True
        return any(total > most for total, most in zip(self._totals, self._bounds, strict=True))

    def clear(self) -> None:
        """Remove everything."""
        self._entries.clear()
        self._sizes.clear()
        self._totals = [0] * len(self._bounds)
