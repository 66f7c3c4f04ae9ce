"""Sets of ordinals that are not worked out yet, but for what lies within a window.

A window of few costs little, however many lie beyond it. How many a set holds is known only
roughly, and decides nothing but where to look first. What `within` returns may be kept by somebody
else: it must not be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Protocol

from pyroaring import BitMap


class OrdinalSet(Protocol):
    """Some ordinals, about so many."""

    @property
    def about(self) -> int: ...

    def within(self, window: BitMap | None) -> BitMap:
        """Those that are in the window; None is everywhere."""
        ...

    def outside(self, found: BitMap) -> BitMap:
        """Those of some ordinals that are not in it."""
        ...


class SingletonSet:
    """A single ordinal."""

    __slots__ = ("at",)
    about = 1

    def __init__(self, at: int) -> None:
        self.at = at

    def within(self, window: BitMap | None) -> BitMap:
        found = BitMap((self.at,))
        return found if window is None else found & window

    def outside(self, found: BitMap) -> BitMap:
        return found - BitMap((self.at,))


class BitmapSet:
    """The ordinals of a bitmap."""

    __slots__ = ("about", "ordinals")

    def __init__(self, ordinals: BitMap) -> None:
        self.ordinals = ordinals
        self.about = len(ordinals)

    def within(self, window: BitMap | None) -> BitMap:
        return self.ordinals if window is None else self.ordinals & window

    def outside(self, found: BitMap) -> BitMap:
        return found - self.ordinals


EMPTY_SET = BitmapSet(BitMap())


def is_known_empty(found: OrdinalSet) -> bool:
    """Whether it is known at a glance to hold nothing."""
    return type(found) is BitmapSet and not found.about


class Union:
    """What is in any of the parts."""

    __slots__ = ("about", "parts")

    def __init__(self, parts: Iterable[OrdinalSet]) -> None:
        self.parts = tuple(parts)
        self.about = sum([part.about for part in self.parts])

    def within(self, window: BitMap | None) -> BitMap:
        return BitMap.union(*[part.within(window) for part in self.parts])

    def outside(self, found: BitMap) -> BitMap:
        for part in self.parts:
            found = part.outside(found)
        return found


class Intersection:
    """What is in all of the parts, of which there is one at least; the smallest comes first."""

    __slots__ = ("about", "parts")

    def __init__(self, parts: Iterable[OrdinalSet]) -> None:
        self.parts = sorted(parts, key=attrgetter("about"))
        self.about = self.parts[0].about

    def within(self, window: BitMap | None) -> BitMap:
        smallest, *others = self.parts
        found = smallest.within(window)
        for part in others:
            if not found:
                break
            found = part.within(found)
        return found

    def outside(self, found: BitMap) -> BitMap:
        return found - self.within(found)


class Difference:
    """What is in one and not in the other."""

    __slots__ = ("about", "of", "without")

    def __init__(self, of: OrdinalSet, without: OrdinalSet) -> None:
        self.of = of
        self.without = without
        self.about = max(0, of.about - without.about)

    def within(self, window: BitMap | None) -> BitMap:
        return self.without.outside(self.of.within(window))

    def outside(self, found: BitMap) -> BitMap:
        return found - self.within(found)


def make_union(places: Sequence[int | BitMap]) -> OrdinalSet:
    """All of these ordinals."""
    if len(places) == 1:
        (place,) = places
        return SingletonSet(place) if isinstance(place, int) else BitmapSet(place)
    parts: list[OrdinalSet] = [BitmapSet(place) for place in places if isinstance(place, BitMap)]
    if len(parts) < len(places):
        parts.append(BitmapSet(BitMap([place for place in places if isinstance(place, int)])))
    return Union(parts) if parts else EMPTY_SET
