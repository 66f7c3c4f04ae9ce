"""Which filters of a run are asked: those of a shard, or those that may show one finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..findings import KEY_SEPARATOR
from ..shards import WHOLE, Shard
from .differences import signature_of

Json = Any
T = TypeVar("T")
ResultT = TypeVar("ResultT")
FILTER_CHECK, DELETE_CHECK = "selects-the-same", "deletes-the-same"
MAX_ATTEMPTS = 100
"""Chosen: hypothesis would go on for 6,000 requests to make one trace of deletes smaller."""
_VERB = "diff"


@dataclass(frozen=True, slots=True)
class Selection:
    """A shard, and the check and the keys of a finding that is looked for alone ("": any).

    A filter may show a finding if it has all of its keys.
    """

    shard: Shard = WHOLE
    check: str = ""
    keys: frozenset[str] = frozenset()

    @classmethod
    def of(cls, shard: Shard, finding_id: str | None) -> Selection:
        """The selection for the id of a finding (see `differences.to_finding`); None: all."""
        verb, _, rest = (finding_id or "").partition(" ")
        check = rest.partition(" ")[0]
        if verb != _VERB or check not in (FILTER_CHECK, DELETE_CHECK):
            return cls(shard)
        return cls(shard, check, frozenset(rest.rpartition(" ")[2].split(KEY_SEPARATOR)))

    @property
    def is_for_one(self) -> bool:
        """Whether one finding is looked for."""
        return bool(self.check)

    def compares(self, check: str) -> bool:
        """Whether what a check tells is asked for."""
        return self.check in ("", check)

    def takes(self, position: int, *filters: Json) -> bool:
        """Whether the filters at a position of the whole run are asked."""
        return self.shard.has(position) and any(
            self.keys <= signature_of(filter_body) for filter_body in filters
        )


ALL = Selection()
"""Everything is asked."""


@dataclass
class Dealer:
    """Deals out a series of filters; `dealt` counts those that were, taken or not."""

    selection: Selection
    dealt: int = 0

    def takes(self, *filters: Json) -> bool:
        """Whether the next of the series, which may be several filters at once, is asked."""
        self.dealt += 1
        return self.selection.takes(self.dealt - 1, *filters)


def until_found(
    compare: Callable[[T], ResultT | None], takes: Callable[[T], bool]
) -> Callable[[T], ResultT | None]:
    """`compare` for the values that are taken; once it has found something, for all: what follows
    are attempts to make that smaller, of which there are at most MAX_ATTEMPTS.
    """
    attempts = 0

    def compare_taken(value: T) -> ResultT | None:
        nonlocal attempts
        if attempts > MAX_ATTEMPTS or (not attempts and not takes(value)):
            return None
        found = compare(value)
        attempts += bool(attempts or found is not None)
        return found

    return compare_taken
