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
    def estimated_size(self) -> int: ...

    def within(self, window: BitMap | None) -> BitMap:
        """Those that are in the window; None is everywhere."""
        ...

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        """Those of some ordinals that are not in it."""
        ...


class SingletonSet:
    """A single ordinal."""

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
    """The ordinals of a bitmap."""

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
    """Whether it is known at a glance to hold nothing."""
    return type(ordinal_set) is BitmapSet and not ordinal_set.estimated_size


class Union:
    """What is in any of the parts."""

    __slots__ = ("estimated_size", "parts")

    def __init__(self, parts: Iterable[OrdinalSet]) -> None:
        self.parts = tuple(parts)
        self.estimated_size = sum([part.estimated_size for part in self.parts])

    def within(self, window: BitMap | None) -> BitMap:
        return BitMap.union(*[part.within(window) for part in self.parts])

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        for part in self.parts:
            ordinals = part.subtract_from(ordinals)
        return ordinals


class Intersection:
    """What is in all of the parts, of which there is one at least; the smallest comes first."""

    __slots__ = ("estimated_size", "parts")

    def __init__(self, parts: Iterable[OrdinalSet]) -> None:
        self.parts = sorted(parts, key=attrgetter("estimated_size"))
        self.estimated_size = self.parts[0].estimated_size

    def within(self, window: BitMap | None) -> BitMap:
        smallest, *others = self.parts
        found = smallest.within(window)
        for part in others:
            if not found:
                break
            found = part.within(found)
        return found

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)


class Difference:
    """What is in one and not in the other."""

    __slots__ = ("estimated_size", "minuend", "subtrahend")

    def __init__(self, minuend: OrdinalSet, subtrahend: OrdinalSet) -> None:
        self.minuend = minuend
        self.subtrahend = subtrahend
        self.estimated_size = max(0, minuend.estimated_size - subtrahend.estimated_size)

    def within(self, window: BitMap | None) -> BitMap:
        return self.subtrahend.subtract_from(self.minuend.within(window))

    def subtract_from(self, ordinals: BitMap) -> BitMap:
        return ordinals - self.within(ordinals)


def make_union(ordinals: Sequence[int | BitMap]) -> OrdinalSet:
    """All of these ordinals."""
    if len(ordinals) == 1:
        (item,) = ordinals
        return SingletonSet(item) if isinstance(item, int) else BitmapSet(item)
    parts: list[OrdinalSet] = [BitmapSet(item) for item in ordinals if isinstance(item, BitMap)]
    if len(parts) < len(ordinals):
        parts.append(BitmapSet(BitMap([item for item in ordinals if isinstance(item, int)])))
    return Union(parts) if parts else EMPTY_SET
