"""Index of names, for `like_`, too."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from pyroaring import BitMap

from ...filters import LIKE, Comparison, LikePattern, normalize_names
from ..columns import DictionaryColumn
from .caches import add_bounded
from .grouping import Ordinals, find_codes
from .ordinal_sets import EMPTY_SET, BitmapSet, OrdinalSet, make_union
from .preparation import Prepared
from .trigram_index import TrigramIndex
from .value_index import ValueIndex

MAX_CACHED_PATTERNS = 64  # the runs of each take up to 130 KB at a million runs
MAX_EAGER_CANDIDATES = 256  # up to so many names are tested at once
MAX_SCANNED_RUNS = 4096
"""Largest window of runs whose names are tested instead of all candidate names: for a pattern that
was not asked for before, that is faster."""
MAX_NEW_PATTERNS = 32
"""So many patterns are looked for before indexes are made that pay off with more of them: whoever
types one on the page of a million runs waits 20 ms for each letter, and never 0.2 s (measured)."""
RUNS_PER_UNITED = 128
"""Names are looked up in the index of values if there are so many runs for each. To look at the
name of each run takes 20 ms at a million runs, to unite the runs of 8,000 names as long."""


class NameIndex:
    """Index of names. They are normalized once for each kind of pattern, not in each request."""

    def __init__(
        self, values: Iterable[str], all_ordinals: BitMap, prepared: Prepared | None = None
    ) -> None:
        """`values`: those of the runs, by ordinal; fastest as a DictionaryColumn."""
        self._column = values if isinstance(values, DictionaryColumn) else _encode(values)
        self._all_ordinals = all_ordinals
        self.names: list[str] = list(self._column.dictionary)
        self.name_numbers: Sequence[int] = self._column.codes
        self._prepared = prepared or Prepared(0)
        self._patterns = 0
        self._cached_matches: OrderedDict[LikePattern, BitMap] = OrderedDict()
        self._lazy_matches: OrderedDict[LikePattern, LazyLikeMatches] = OrderedDict()

    @property
    def values(self) -> ValueIndex:
        """The index of the names as values, made when it is first needed."""
        found: ValueIndex = self._prepared.get(
            "values",
            lambda: ValueIndex(self._column, self._all_ordinals, self._prepared.related()),
        )
        return found

    def name_at(self, ordinal: int) -> str:
        """The name of a run."""
        return self.names[self.name_numbers[ordinal]]

    def in_order(self, *, descending: bool) -> array[int]:
        """The ordinals in order of the names; of equal names the lowest come first."""
        found = array("I")
        by_value = self.values.by_value
        for name in sorted(by_value, reverse=descending):
            having_it = by_value[name]
            found.extend((having_it,) if isinstance(having_it, int) else having_it.to_array())
        return found

    def look_up(self, test: Comparison) -> OrdinalSet:
        if test.relation is LIKE:
            return self._look_up_like(test.operand)
        return self.values.look_up(test)

    def _look_up_like(self, like: LikePattern) -> OrdinalSet:
        cached = self._cached_matches.get(like)
        if cached is not None:
            return BitmapSet(cached)
        lazy = self._lazy_matches.get(like)
        if lazy is not None:
            return lazy
        names = self._trigram_index(like)
        is_new = self._patterns < MAX_NEW_PATTERNS
        candidates = names.candidates(like, is_new=is_new)
        self._patterns += 1
        if not candidates:
            return EMPTY_SET
        # Looked up here: it may have to be prepared.
        by_value = None if is_new and self._prepared.is_large else self.values.by_value
        lazy = LazyLikeMatches(self, like, names.names, candidates, by_value)
        if len(candidates) <= MAX_EAGER_CANDIDATES:
            return BitmapSet(self.all_matches(lazy))
        add_bounded(self._lazy_matches, like, lazy, MAX_CACHED_PATTERNS)
        return lazy

    def all_matches(self, search: LazyLikeMatches) -> BitMap:
        """The ordinals of all runs whose names match, cached: a drain repeats its pattern."""
        found = self._cached_matches.get(search.like)
        if found is None:
            found = self._runs_named(search.matching_names(), search.by_value)
            add_bounded(self._cached_matches, search.like, found, MAX_CACHED_PATTERNS)
        return found

    def _runs_named(
        self, numbers: Sequence[int], by_value: Mapping[str, Ordinals] | None
    ) -> BitMap:
        """The ordinals of the runs that have one of these names."""
        if not numbers:
            return BitMap()
        if by_value is not None and len(numbers) * RUNS_PER_UNITED < len(self.name_numbers):
            having = [by_value[self.names[number]] for number in numbers]
            return make_union(having).within(None)
        is_wanted = bytearray(len(self.names))
        for number in numbers:
            is_wanted[number] = True
        return find_codes(self._column, is_wanted)

    def _trigram_index(self, like: LikePattern) -> TrigramIndex:
        # Dialects fold case differently, and SQLite ends a name at NUL (deviation like-nul).
        normalization = (like.case, like.cut_names_at_nul)
        found: TrigramIndex = self._prepared.get(
            normalization,
            lambda: TrigramIndex(normalize_names(self.names, like), self._prepared.related()),
        )
        return found


def _encode(names: Iterable[str]) -> DictionaryColumn:
    numbers: dict[str, int] = {}
    codes = array("I", [numbers.setdefault(name, len(numbers)) for name in names])
    return DictionaryColumn(list(numbers), codes)


class LazyLikeMatches:
    """The runs that match a new pattern, where there are many candidate names.

    The first small window tests only the names of the runs in it. A second one shows that the
    pattern is asked for again: then all matches are found at once, and cached.
    """

    __slots__ = (
        *("_candidates", "_name_index", "_names", "_scanned_once", "estimated_size", "like"),
        "by_value",
    )

    def __init__(
        self,
        name_index: NameIndex,
        like: LikePattern,
        names: Sequence[str],
        candidates: BitMap,
        by_value: Mapping[str, Ordinals] | None,
    ) -> None:
        """`names`: normalized, by number; `by_value`: the runs of each name, if they are known."""
        self.like, self.by_value = like, by_value
        self._name_index, self._names, self._candidates = name_index, names, candidates
        self._scanned_once = False
        self.estimated_size = len(name_index.name_numbers) * len(candidates) // (len(names) or 1)

    def matching_names(self) -> Sequence[int]:
        """The numbers of the names that match."""
        names, text = self._names, self.like.only_text
        if text is not None:
            return [number for number in self._candidates if text in names[number]]
        matches = self.like.matches_normalized
        return [number for number in self._candidates if matches(names[number])]

    def within(self, window: BitMap | None) -> BitMap:
        if window is None or self._scanned_once or len(window) > MAX_SCANNED_RUNS:
            found = self._name_index.all_matches(self)
            return found if window is None else found & window
        self._scanned_once = True
        numbers, names = self._name_index.name_numbers, self._names
        candidates, matches = self._candidates, self.like.matches_normalized
        return BitMap(
            [
                ordinal
                for ordinal in window
                if (number := numbers[ordinal]) in candidates and matches(names[number])
            ]
        )

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)
