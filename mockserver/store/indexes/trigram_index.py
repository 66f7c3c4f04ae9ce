"""Index of names for `like_`: an n-gram index finds the names that are worth testing.

Distinct names are numbered. The posting list of a gram (1 to 3 characters) is a bitmap of the
numbers of the names that contain it. The index only leaves out names that cannot match; whether
one does match is decided by `LikePattern` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pyroaring import BitMap

from ...filters import LikePattern
from .preparation import Prepared

# Reading every distinct name for a like_ took 20 to 50 ms at a million runs.
MAX_GRAM_LENGTH = 3  # characters


class TrigramIndex:
    """N-gram index of distinct names, normalized as one kind of `LikePattern` compares them.

    The posting lists of a gram length are made when a pattern first needs them.
    """

    def __init__(self, normalized_names: Iterable[str], runs: int) -> None:
        """`runs`: how many runs have these names."""
        self.names = list(normalized_names)
        self._all_numbers = BitMap(range(len(self.names)))
        self._prepared = Prepared(runs)

    def candidates(self, like: LikePattern) -> BitMap:
        """The numbers of the names that contain every gram of the pattern's texts."""
        found = self._all_numbers
        for text in like.required_texts():
            size = min(MAX_GRAM_LENGTH, len(text))
            posting_lists = self._posting_lists(size)
            for at in range(len(text) - size + 1):
                posting_list = posting_lists.get(text[at : at + size])
                # No name contains the gram, so none contains the text.
                if posting_list is None:
                    return BitMap()
                found = found & posting_list
        return found

    def _posting_lists(self, size: int) -> dict[str, BitMap]:
        """The posting list of every gram of this length."""
        found: dict[str, BitMap] = self._prepared.get(size, lambda: self._make_posting_lists(size))
        return found

    def _make_posting_lists(self, size: int) -> dict[str, BitMap]:
        numbers_by_gram: defaultdict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(self.names):
            # A set: a gram that occurs twice in a name is listed once.
            for gram in {name[at : at + size] for at in range(len(name) - size + 1)}:
                numbers_by_gram[gram].append(number)
        return {gram: BitMap(numbers) for gram, numbers in numbers_by_gram.items()}
