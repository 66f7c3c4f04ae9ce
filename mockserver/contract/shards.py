"""Shards: several runs that together ask what one whole run asks, as test runners have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..errors import UsageError, to_single_line

MAX_SHARDS = 256
"""GitHub starts no more jobs of one matrix."""
_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `total` runs with the same seed and options, counted from 1.

    What is asked is dealt out like cards, in the order of the whole run: each shard gets every
    `total`-th of it, so no two ask the same, and all get as much.
    """

    number: int = 1
    total: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether there are no other shards."""
        return self.total == 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that does what cannot be dealt out and comes first."""
        return self.number == 1

    @property
    def is_last(self) -> bool:
        """Whether it is the one that does what cannot be dealt out and comes last."""
        return self.number == self.total

    def has(self, position: int) -> bool:
        """Whether it asks what the whole run asks at this position, counted from 0."""
        return position % self.total == self.number - 1

    def deal(self, things: Iterable[T]) -> Iterator[T]:
        """Its own among all things, in their order."""
        return (thing for position, thing in enumerate(things) if self.has(position))

    def portion(self, count: int) -> int:
        """How many of `count` things are its own."""
        return len(range(self.number - 1, count, self.total))

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


WHOLE = Shard()
"""A run that asks everything."""


def parse_shard(text: str) -> Shard:
    """The shard that a text such as `2/8` names. Raises UsageError."""
    found = _SHARD.fullmatch(text)
    shard = Shard(int(found[1]), int(found[2])) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.total <= MAX_SHARDS:
        raise UsageError(
            f"--shard is {to_single_line(text, 60)!r}; expected the number of a shard and how "
            f"many there are, such as 2/8, of at most {MAX_SHARDS}"
        )
    return shard
