"""Names as bitmaps, and `like_`: pieces of up to three letters lead to the names to be read."""

from __future__ import annotations

from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any

from pyroaring import BitMap

from ..filters import LIKE, Like, Test
from .column_indexes import ValueColumn
from .ordinal_sets import Set, These, union

LONGEST = 3  # letters of a piece
KEPT = 64  # patterns whose runs are kept: 130 KB each at a million runs
FEW = 256  # names are read at once
FEW_RUNS = 4096  # have their names read sooner than all that match a new pattern are looked up


class PreparedNames:
    """The distinct names in the form that a kind of `Like` takes, found by their pieces."""

    def __init__(self, prepared: Iterable[str]) -> None:
        self.names = list(prepared)
        self._every = BitMap(range(len(self.names)))
        self._by_piece: dict[int, dict[str, BitMap]] = {}

    def candidates(self, like: Like) -> BitMap:
        """The numbers of the names that have all pieces of a pattern."""
        found = self._every
        for text in like.texts():
            size = min(LONGEST, len(text))
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


class NameColumn(ValueColumn):
    """Names. What `like_` is held against is prepared once, then met by every request."""

    def __init__(self, values: Iterable[str], every: BitMap) -> None:
        names = list(values)
        super().__init__(names, every)
        self._places = list(self.by_value.values())
        number = {name: at for at, name in enumerate(self.by_value)}
        self.numbers = array("I", map(number.__getitem__, names))
        self._prepared: dict[tuple[object, bool], PreparedNames] = {}
        self._kept: OrderedDict[Like, BitMap] = OrderedDict()
        self._unread: OrderedDict[Like, Unread] = OrderedDict()

    def look_up(self, test: Test) -> Set:
        if test.relation is LIKE:
            return self._look_up_like(test.operand)
        return super().look_up(test)

    def _look_up_like(self, like: Like) -> Set:
        found = self._kept.get(like)
        if found is not None:
            return These(found)
        names = self._names(like)
        candidates = names.candidates(like)
        if len(candidates) <= FEW:
            return These(self.matching(like, names, candidates))
        unread = self._unread.get(like)
        if unread is None:
            unread = Unread(self, like, names, candidates)
            _keep(self._unread, like, unread)
        return unread

    def matching(self, like: Like, names: PreparedNames, candidates: BitMap) -> BitMap:
        """All runs whose names match. They are kept: a drain asks for one pattern."""
        found = self._kept.get(like)
        if found is not None:
            return found
        texts, places = names.names, self._places
        read = [places[number] for number in candidates if like.holds(texts[number])]
        found = union(read).within(None)
        _keep(self._kept, like, found)
        return found

    def _names(self, like: Like) -> PreparedNames:
        way = (like.case, like.cut_names)
        if way not in self._prepared:
            self._prepared[way] = PreparedNames(map(like.prepare, self.by_value))
        return self._prepared[way]


def _keep(kept: OrderedDict[Like, Any], like: Like, what: Any) -> None:
    kept[like] = what
    if len(kept) > KEPT:
        kept.popitem(last=False)


class Unread:
    """Runs whose names match a new pattern, of many names: at first, few of them are read."""

    __slots__ = ("_candidates", "_column", "_like", "_looked", "_names", "about")

    def __init__(
        self, column: NameColumn, like: Like, names: PreparedNames, candidates: BitMap
    ) -> None:
        self._column = column
        self._like = like
        self._names = names
        self._candidates = candidates
        self._looked = False
        self.about = len(column.numbers) * len(candidates) // len(names.names)

    def within(self, window: BitMap | None) -> BitMap:
        if window is None or self._looked or len(window) > FEW_RUNS:
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
