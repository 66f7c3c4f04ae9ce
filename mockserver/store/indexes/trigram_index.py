"""Which names may match a `like_` pattern: found by reading them all, or by an n-gram index.

Distinct names are numbered. The posting list of a gram (1 to 3 characters) is a bitmap of the
numbers of the names that contain it. What is found leaves out only names that cannot match;
whether one does match is decided by `LikePattern` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pyroaring import BitMap

from ...filters import LikePattern
from .preparation import Prepared

MAX_GRAM_LENGTH = 3  # characters


class TrigramIndex:
    """Distinct names, normalized as one kind of `LikePattern` compares them.

    The posting lists of a gram length are made when a pattern first needs them.
    """

    def __init__(self, normalized_names: list[str], prepared: Prepared) -> None:
        self.names = normalized_names
        self._prepared = prepared

    def candidates(self, like: LikePattern, *, is_new: bool) -> BitMap:
        """The numbers of the names that contain the texts of a pattern, or all their trigrams.

        `is_new`: few patterns were asked for so far, so that the posting lists are not worth it:
        to read 40,000 names takes 2 ms, and to index them 0.2 s (measured).
        """
        texts = like.required_texts()
        if is_new:
            return self._read(texts)
        found = BitMap(range(len(self.names)))
        for text in texts:
            size = min(MAX_GRAM_LENGTH, len(text))
            posting_lists = self._posting_lists(size)
            for at in range(len(text) - size + 1):
                posting_list = posting_lists.get(text[at : at + size])
                # No name contains the gram, so none contains the text.
                if posting_list is None:
                    return BitMap()
                found = found & posting_list
        return found

    def _read(self, texts: Iterable[str]) -> BitMap:
        names = self.names
        numbers: Iterable[int] = range(len(names))
        for text in texts:
            numbers = [number for number in numbers if text in names[number]]
        return BitMap(numbers)

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
