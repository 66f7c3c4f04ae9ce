"""Names as bitmaps, and `like_`: pieces of up to three letters lead to the names to be read."""

from __future__ import annotations

from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any

from pyroaring import BitMap

from ..filters import LIKE, Comparison, LikePattern
from .column_indexes import ValueIndex
from .ordinal_sets import BitmapSet, OrdinalSet, make_union

MAX_GRAM_LENGTH = 3  # letters of a piece
MAX_CACHED_PATTERNS = 64  # patterns whose runs are kept: 130 KB each at a million runs
MAX_EAGER_CANDIDATES = 256  # names are read at once
MAX_SCANNED_RUNS = (
    4096  # have their names read sooner than all that match a new pattern are looked up
)


class TrigramIndex:
    """The distinct names in the form that a kind of `LikePattern` takes, found by their pieces."""

    def __init__(self, prepared: Iterable[str]) -> None:
        self.names = list(prepared)
        self._all_numbers = BitMap(range(len(self.names)))
        self._posting_lists_by_size: dict[int, dict[str, BitMap]] = {}

    def candidates(self, like: LikePattern) -> BitMap:
        """The numbers of the names that have all pieces of a pattern."""
        found = self._all_numbers
        for text in like.required_texts():
            size = min(MAX_GRAM_LENGTH, len(text))
            posting_lists = self._posting_lists(size)
            for at in range(len(text) - size + 1):
                posting_list = posting_lists.get(text[at : at + size])
                if posting_list is None:
                    return BitMap()
                found = found & posting_list
        return found

    def _posting_lists(self, size: int) -> dict[str, BitMap]:
        """The names that have a piece, for every piece of this size."""
        if size not in self._posting_lists_by_size:
            numbers: defaultdict[str, list[int]] = defaultdict(list)
            for number, name in enumerate(self.names):
                for gram in {name[at : at + size] for at in range(len(name) - size + 1)}:
                    numbers[gram].append(number)
            self._posting_lists_by_size[size] = {
                gram: BitMap(found) for gram, found in numbers.items()
            }
        return self._posting_lists_by_size[size]


class NameIndex(ValueIndex):
    """Names. What `like_` is held against is prepared once, then met by every request."""

    def __init__(self, values: Iterable[str], all_ordinals: BitMap) -> None:
        names = list(values)
        super().__init__(names, all_ordinals)
        self._ordinals_by_number = list(self.by_value.values())
        number = {name: at for at, name in enumerate(self.by_value)}
        self.name_numbers = array("I", map(number.__getitem__, names))
        self._trigram_indexes: dict[tuple[object, bool], TrigramIndex] = {}
        self._cached_matches: OrderedDict[LikePattern, BitMap] = OrderedDict()
        self._lazy_matches: OrderedDict[LikePattern, LazyLikeMatches] = OrderedDict()

    def look_up(self, test: Comparison) -> OrdinalSet:
        if test.relation is LIKE:
            return self._look_up_like(test.operand)
        return super().look_up(test)

    def _look_up_like(self, like: LikePattern) -> OrdinalSet:
        cached = self._cached_matches.get(like)
        if cached is not None:
            return BitmapSet(cached)
        trigrams = self._trigram_index(like)
        candidates = trigrams.candidates(like)
        if len(candidates) <= MAX_EAGER_CANDIDATES:
            return BitmapSet(self.all_matches(like, trigrams, candidates))
        lazy = self._lazy_matches.get(like)
        if lazy is None:
            lazy = LazyLikeMatches(self, like, trigrams, candidates)
            _cache(self._lazy_matches, like, lazy)
        return lazy

    def all_matches(self, like: LikePattern, trigrams: TrigramIndex, candidates: BitMap) -> BitMap:
        """All runs whose names match. They are kept: a drain asks for one pattern."""
        found = self._cached_matches.get(like)
        if found is not None:
            return found
        texts, ordinals = trigrams.names, self._ordinals_by_number
        matching = [
            ordinals[number] for number in candidates if like.matches_normalized(texts[number])
        ]
        found = make_union(matching).within(None)
        _cache(self._cached_matches, like, found)
        return found

    def _trigram_index(self, like: LikePattern) -> TrigramIndex:
        preparation = (like.case, like.cut_names_at_nul)
        if preparation not in self._trigram_indexes:
            self._trigram_indexes[preparation] = TrigramIndex(map(like.normalize, self.by_value))
        return self._trigram_indexes[preparation]


def _cache(cache: OrderedDict[LikePattern, Any], like: LikePattern, value: Any) -> None:
    cache[like] = value
    if len(cache) > MAX_CACHED_PATTERNS:
        cache.popitem(last=False)


class LazyLikeMatches:
    """Runs whose names match a new pattern, of many names: at first, few of them are read."""

    __slots__ = (
        "_candidates",
        "_like",
        "_name_index",
        "_scanned_once",
        "_trigrams",
        "estimated_size",
    )

    def __init__(
        self, name_index: NameIndex, like: LikePattern, trigrams: TrigramIndex, candidates: BitMap
    ) -> None:
        self._name_index = name_index
        self._like = like
        self._trigrams = trigrams
        self._candidates = candidates
        self._scanned_once = False
        self.estimated_size = len(name_index.name_numbers) * len(candidates) // len(trigrams.names)

    def within(self, window: BitMap | None) -> BitMap:
        if window is None or self._scanned_once or len(window) > MAX_SCANNED_RUNS:
            found = self._name_index.all_matches(self._like, self._trigrams, self._candidates)
            return found if window is None else found & window
        self._scanned_once = True
        numbers, texts = self._name_index.name_numbers, self._trigrams.names
        candidates, matches = self._candidates, self._like.matches_normalized
        return BitMap(
            [
                at
                for at in window
                if (number := numbers[at]) in candidates and matches(texts[number])
            ]
        )

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)
