"""Lazy sets of ordinals: what looking a predicate up returns.

A set is evaluated within a window of ordinals, so that the first members cost little, however
many there are beyond the window. `estimated_size` decides where to search first, never what is
found. A bitmap that `within` returns may belong to an index or a cache: it must not be changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from pyroaring import BitMap

MAX_LAZY_PARTS = 64
"""More bitmaps are united at once: to look into each, window by window, takes longer."""
MANY_VALUES = 1_000
"""The ordinals of more values are looked up once: those of 80,000 take 40 ms (measured)."""


class OrdinalSet(Protocol):
    """A set of ordinals."""

    @property
    def estimated_size(self) -> int:
        """Roughly how many members it has, known without evaluating it."""
        ...

    def within(self, window: BitMap | None) -> BitMap:
        """The members that are in the window; None: all members."""
        ...

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        """The given ordinals that are not members."""
        ...


class SingletonSet:
    """A set of one ordinal."""

    __slots__ = ("ordinal",)
    estimated_size = 1

    def __init__(self, ordinal: int) -> None:
        self.ordinal = ordinal

    def within(self, window: BitMap | None) -> BitMap:
        found = BitMap((self.ordinal,))
        return found if window is None else found & window

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - BitMap((self.ordinal,))


class BitmapSet:
    """The set that a bitmap holds."""

    __slots__ = ("estimated_size", "ordinals")

    def __init__(self, ordinals: BitMap) -> None:
        self.ordinals = ordinals
        self.estimated_size = len(ordinals)

    def within(self, window: BitMap | None) -> BitMap:
        return self.ordinals if window is None else self.ordinals & window

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.ordinals


EMPTY_SET = BitmapSet(BitMap())


def is_known_empty(ordinal_set: OrdinalSet) -> bool:
    """Whether a set is known to be empty without evaluating it."""
    # Only a bitmap's size is exact: a difference may be estimated at 0 and have members.
    return type(ordinal_set) is BitmapSet and not ordinal_set.estimated_size


class Union:
    """The members of any part."""

    __slots__ = ("estimated_size", "parts")

    def __init__(self, parts: Iterable[OrdinalSet]) -> None:
        self.parts = tuple(parts)
        self.estimated_size = sum([part.estimated_size for part in self.parts])

    def within(self, window: BitMap | None) -> BitMap:
        # Who makes a union passes at least one part: BitMap.union needs an argument.
        return BitMap.union(*[part.within(window) for part in self.parts])

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        for part in self.parts:
            ordinals = part.subtract_from(ordinals)
        return ordinals


class Intersection:
    """The members of all parts, of which there must be one at least.

    The smallest part is evaluated first, each further part only within what is left.
    """

    __slots__ = ("estimated_size", "parts")

    def __init__(self, parts: Iterable[OrdinalSet]) -> None:
        self.parts = sorted(parts, key=attrgetter("estimated_size"))
        self.estimated_size = self.parts[0].estimated_size

    def within(self, window: BitMap | None) -> BitMap:
        smallest, *others = self.parts
        found = smallest.within(window)
        for part in others:
            # Spares the larger parts, such as a like_ over all names: the slowest (measured).
            if not found:
                break
            found = part.within(found)
        return found

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)


class Difference:
    """The members of the minuend that are not in the subtrahend."""

    __slots__ = ("estimated_size", "minuend", "subtrahend")

    def __init__(self, minuend: OrdinalSet, subtrahend: OrdinalSet) -> None:
        self.minuend = minuend
        self.subtrahend = subtrahend
        self.estimated_size = max(0, minuend.estimated_size - subtrahend.estimated_size)

    def within(self, window: BitMap | None) -> BitMap:
        # The minuend first: the subtrahend is evaluated only for what the window has of it.
        return self.subtrahend.subtract_from(self.minuend.within(window))

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)


class LargeLookUps:
    """The sets of many values that were looked up, for as long as somebody holds the values.

    An index holds all values of a column, so that asking for them again costs nothing.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: WeakKeyDictionary[frozenset[Any], OrdinalSet] = WeakKeyDictionary()

    def get(self, values: AbstractSet[Any], look_up: Callable[[], OrdinalSet]) -> OrdinalSet:
        """What `look_up` returned for these values."""
        if len(values) <= MANY_VALUES or not isinstance(values, frozenset):
            return look_up()
        found = self._found.get(values)
        if found is None:
            found = self._found[values] = look_up()
        return found


def make_union(ordinals: Sequence[int | BitMap]) -> OrdinalSet:
    """The set of these ordinals, given one by one or in bitmaps."""
    if len(ordinals) == 1:
        (item,) = ordinals
        return SingletonSet(item) if isinstance(item, int) else BitmapSet(item)
    bitmaps = [item for item in ordinals if isinstance(item, BitMap)]
    if len(bitmaps) < len(ordinals):
        bitmaps.append(BitMap([item for item in ordinals if isinstance(item, int)]))
    if len(bitmaps) > MAX_LAZY_PARTS:
        return BitmapSet(BitMap.union(*bitmaps))
    return Union(map(BitmapSet, bitmaps)) if bitmaps else EMPTY_SET
