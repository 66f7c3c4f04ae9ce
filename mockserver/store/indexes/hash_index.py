"""Index of texts of which nearly each is another."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from .sorting import gather_in_slices, sort_in_slices


class HashIndex:
    """Index of texts of which nearly each is another: 12 bytes a run, where a dict takes 190."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        hashes = array("q", map(hash, texts))
        self._ordinals = sort_in_slices(range(len(hashes)), hashes.__getitem__)
        self._hashes = gather_in_slices(hashes, self._ordinals)

    def find(self, text: str) -> Sequence[int]:
        """The ordinals that may have this text: other texts may have the same hash."""
        begin, end = (find(self._hashes, hash(text)) for find in (bisect_left, bisect_right))
        return self._ordinals[begin:end]
