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
        self._every = BitMap(range(len(self.names)))
        self._by_piece: dict[int, dict[str, BitMap]] = {}

    def candidates(self, like: LikePattern) -> BitMap:
        """The numbers of the names that have all pieces of a pattern."""
        found = self._every
        for text in like.texts():
            size = min(MAX_GRAM_LENGTH, len(text))
            with_piece = self._with_pieces(size)
            for at in range(len(text) - size + 1):
                names = with_piece.get(text[at : at + size])
                if names is None:
                    return BitMap()
                found = found & names
        return found

    def _with_pieces(self, size: int) -> dict[str, BitMap]:
        """The names that have a piece, for every piece of this size."""
        if size not in self._by_piece:
            numbers: defaultdict[str, list[int]] = defaultdict(list)
            for number, name in enumerate(self.names):
                for piece in {name[at : at + size] for at in range(len(name) - size + 1)}:
                    numbers[piece].append(number)
            self._by_piece[size] = {piece: BitMap(found) for piece, found in numbers.items()}
        return self._by_piece[size]


class NameIndex(ValueIndex):
    """Names. What `like_` is held against is prepared once, then met by every request."""

    def __init__(self, values: Iterable[str], every: BitMap) -> None:
        names = list(values)
        super().__init__(names, every)
        self._places = list(self.by_value.values())
        number = {name: at for at, name in enumerate(self.by_value)}
        self.numbers = array("I", map(number.__getitem__, names))
        self._prepared: dict[tuple[object, bool], TrigramIndex] = {}
        self._kept: OrderedDict[LikePattern, BitMap] = OrderedDict()
        self._unread: OrderedDict[LikePattern, LazyLikeMatches] = OrderedDict()

    def look_up(self, test: Comparison) -> OrdinalSet:
        if test.relation is LIKE:
            return self._look_up_like(test.operand)
        return super().look_up(test)

    def _look_up_like(self, like: LikePattern) -> OrdinalSet:
        found = self._kept.get(like)
        if found is not None:
            return BitmapSet(found)
        names = self._names(like)
        candidates = names.candidates(like)
        if len(candidates) <= MAX_EAGER_CANDIDATES:
            return BitmapSet(self.matching(like, names, candidates))
        unread = self._unread.get(like)
        if unread is None:
            unread = LazyLikeMatches(self, like, names, candidates)
            _keep(self._unread, like, unread)
        return unread

    def matching(self, like: LikePattern, names: TrigramIndex, candidates: BitMap) -> BitMap:
        """All runs whose names match. They are kept: a drain asks for one pattern."""
        found = self._kept.get(like)
        if found is not None:
            return found
        texts, places = names.names, self._places
        read = [places[number] for number in candidates if like.holds(texts[number])]
        found = make_union(read).within(None)
        _keep(self._kept, like, found)
        return found

    def _names(self, like: LikePattern) -> TrigramIndex:
        way = (like.case, like.cut_names)
        if way not in self._prepared:
            self._prepared[way] = TrigramIndex(map(like.prepare, self.by_value))
        return self._prepared[way]


def _keep(kept: OrderedDict[LikePattern, Any], like: LikePattern, what: Any) -> None:
    kept[like] = what
    if len(kept) > MAX_CACHED_PATTERNS:
        kept.popitem(last=False)


class LazyLikeMatches:
    """Runs whose names match a new pattern, of many names: at first, few of them are read."""

    __slots__ = ("_candidates", "_column", "_like", "_looked", "_names", "about")

    def __init__(
        self, column: NameIndex, like: LikePattern, names: TrigramIndex, candidates: BitMap
    ) -> None:
        self._column = column
        self._like = like
        self._names = names
        self._candidates = candidates
        self._looked = False
        self.about = len(column.numbers) * len(candidates) // len(names.names)

    def within(self, window: BitMap | None) -> BitMap:
        if window is None or self._looked or len(window) > MAX_SCANNED_RUNS:
            found = self._column.matching(self._like, self._names, self._candidates)
            return found if window is None else found & window
        self._looked = True
        numbers, texts = self._column.numbers, self._names.names
        candidates, holds = self._candidates, self._like.holds
        return BitMap(
            [at for at in window if (number := numbers[at]) in candidates and holds(texts[number])]
        )

    def outside(self, found: BitMap) -> BitMap:
        return found - self.within(found)
