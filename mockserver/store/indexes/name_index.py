"""Index of names, for `like_`, too."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable

from pyroaring import BitMap

from ...filters import LIKE, Comparison, LikePattern
from .caches import add_bounded
from .ordinal_sets import BitmapSet, OrdinalSet, make_union
from .preparation import Prepared
from .trigram_index import TrigramIndex
from .value_index import ValueIndex

MAX_CACHED_PATTERNS = 64  # the runs of each take up to 130 KB at a million runs
MAX_EAGER_CANDIDATES = 256  # up to so many names are tested at once
MAX_SCANNED_RUNS = 4096
"""Largest window of runs whose names are tested instead of all candidate names: for a pattern that
was not asked for before, that is faster."""


class NameIndex(ValueIndex):
    """Index of names. They are normalized once for each kind of pattern, not in each request."""

    def __init__(self, values: Iterable[str], all_ordinals: BitMap) -> None:
        names = list(values)
        super().__init__(names, all_ordinals)
        self._ordinals_by_number = list(self.by_value.values())
        number_by_name = {name: number for number, name in enumerate(self.by_value)}
        self.name_numbers = array("I", map(number_by_name.__getitem__, names))
        self._names: list[str] = list(self.by_value)
        self._prepared = Prepared(len(names))
        self._cached_matches: OrderedDict[LikePattern, BitMap] = OrderedDict()
        self._lazy_matches: OrderedDict[LikePattern, LazyLikeMatches] = OrderedDict()

    def name_at(self, ordinal: int) -> str:
        """The name of a run."""
        return self._names[self.name_numbers[ordinal]]

    def in_order(self, *, descending: bool) -> array[int]:
        """The ordinals in order of the names; of equal names the lowest come first."""
        found = array("I")
        for name in sorted(self.by_value, reverse=descending):
            having_it = self.by_value[name]
            found.extend((having_it,) if isinstance(having_it, int) else having_it.to_array())
        return found

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
            add_bounded(self._lazy_matches, like, lazy, MAX_CACHED_PATTERNS)
        return lazy

    def all_matches(self, like: LikePattern, trigrams: TrigramIndex, candidates: BitMap) -> BitMap:
        """The ordinals of all runs whose names match, cached: a drain repeats its pattern.

        `candidates`: numbers of the names that may match.
        """
        found = self._cached_matches.get(like)
        if found is not None:
            return found
        texts, ordinals = trigrams.names, self._ordinals_by_number
        matching = [
            ordinals[number] for number in candidates if like.matches_normalized(texts[number])
        ]
        found = make_union(matching).within(None)
        add_bounded(self._cached_matches, like, found, MAX_CACHED_PATTERNS)
        return found

    def _trigram_index(self, like: LikePattern) -> TrigramIndex:
        # Dialects fold case differently, and SQLite ends a name at NUL (deviation like-nul).
        normalization = (like.case, like.cut_names_at_nul)
        found: TrigramIndex = self._prepared.get(
            normalization,
            lambda: TrigramIndex(map(like.normalize, self.by_value), len(self.name_numbers)),
        )
        return found


class LazyLikeMatches:
    """The runs that match a new pattern, where there are many candidate names.

    The first small window tests only the names of the runs in it. A second one shows that the
    pattern is asked for again: then all matches are found at once, and cached.
    """

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
                ordinal
                for ordinal in window
                if (number := numbers[ordinal]) in candidates and matches(texts[number])
            ]
        )

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)
