"""Names as bitmaps, and `like_`: pieces of up to three letters lead to the names to be read."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator

from pyroaring import BitMap

from .bitmaps import ValueColumn, narrowed, union
from .like import Like
from .predicates import LIKE, Test

LONGEST = 3  # letters of a piece
KEPT = 64  # patterns whose runs are kept: 130 KB each at a million runs
FEW = 256  # names are read at once


class PreparedNames:
    """The distinct names in the form that a kind of `Like` takes, found by their pieces."""

    def __init__(self, prepared: Iterable[str]) -> None:
        self.names = list(prepared)
        self._by_piece: dict[int, dict[str, BitMap]] = {}

    def candidates(self, like: Like) -> BitMap | None:
        """Which of the names have all pieces of a pattern; None when it has none."""
        found: BitMap | None = None
        for text in like.texts():
            size = min(LONGEST, len(text))
            with_piece = self._with_pieces(size)
            for at in range(len(text) - size + 1):
                names = with_piece.get(text[at : at + size])
                if names is None:
                    return BitMap()
                found = names if found is None else found & names
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
        super().__init__(values, every)
        self._places = list(self.by_value.values())
        self._prepared: dict[tuple[object, bool], PreparedNames] = {}
        self._kept: OrderedDict[Like, BitMap] = OrderedDict()
        self._asked: OrderedDict[Like, None] = OrderedDict()

    def ordinals(self, test: Test, within: BitMap | None) -> BitMap:
        if test.relation is LIKE:
            return narrowed(self._like(test.operand), within)
        return super().ordinals(test, within)

    def _like(self, like: Like) -> BitMap:
        found = self._kept.get(like)
        if found is None:
            found = self._kept[like] = union(map(self._places.__getitem__, self._matching(like)))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def is_new_and_broad(self, like: Like) -> bool:
        """Whether a pattern is asked for the first time, and it may be many names that match."""
        if like in self._kept or like in self._asked:
            return False
        self._asked[like] = None
        if len(self._asked) > KEPT:
            self._asked.popitem(last=False)
        candidates = self._names(like).candidates(like)
        return len(self._places if candidates is None else candidates) > FEW

    def _matching(self, like: Like) -> Iterator[int]:
        """The numbers of the names that match."""
        prepared = self._names(like)
        candidates = prepared.candidates(like)
        names = prepared.names
        numbers = range(len(names)) if candidates is None else candidates
        return (number for number in numbers if like.holds(names[number]))

    def _names(self, like: Like) -> PreparedNames:
        way = (like.case, like.cut_names)
        if way not in self._prepared:
            self._prepared[way] = PreparedNames(map(like.prepare, self.by_value))
        return self._prepared[way]
