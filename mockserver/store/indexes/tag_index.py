"""Index of the tags of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pyroaring import BitMap

from ...filters import HAS_ALL, HAS_ANY, IS_EMPTY, IS_NOT_EMPTY, Comparison, Relation
from ..columns import DictionaryColumn
from .grouping import group_codes
from .ordinal_sets import EMPTY_SET, BitmapSet, Intersection, OrdinalSet, make_union


class TagIndex:
    """Index of tags: a bitmap of ordinals for each tag."""

    def __init__(self, values: Iterable[tuple[str, ...]], all_ordinals: BitMap) -> None:
        """`values`: the tags of the runs, by ordinal; fastest as a DictionaryColumn."""
        if isinstance(values, DictionaryColumn):
            found = group_codes(values, frozenset)
            self.by_tag = {
                tag: BitMap((it,)) if isinstance(it, int) else it for tag, it in found.items()
            }
        else:
            by_tag: dict[str, list[int]] = {}
            for ordinal, tags in enumerate(values):
                for tag in tags:
                    by_tag.setdefault(tag, []).append(ordinal)
            self.by_tag = {tag: BitMap(ordinals) for tag, ordinals in by_tag.items()}
        # BitMap.union raises TypeError without arguments.
        tagged = BitMap.union(*self.by_tag.values()) if self.by_tag else BitMap()
        self.tagged, self.untagged = BitmapSet(tagged), BitmapSet(all_ordinals - tagged)
        self.all_ordinals = BitmapSet(all_ordinals)

    def look_up(self, test: Comparison) -> OrdinalSet:
        return TAG_RELATIONS[test.relation](self, test.operand)

    def any_of(self, tags: frozenset[str]) -> OrdinalSet:
        return make_union([self.by_tag[tag] for tag in self.by_tag.keys() & tags])

    def all_of(self, tags: frozenset[str]) -> OrdinalSet:
        # Known to be empty, so that an intersection need not look any further.
        if not tags <= self.by_tag.keys():
            return EMPTY_SET
        return Intersection([BitmapSet(self.by_tag[tag]) for tag in tags] or [self.all_ordinals])


TAG_RELATIONS: Mapping[Relation, Callable[[TagIndex, Any], OrdinalSet]] = {
    HAS_ALL: TagIndex.all_of,
    HAS_ANY: TagIndex.any_of,
    IS_EMPTY: lambda index, _: index.untagged,
    IS_NOT_EMPTY: lambda index, _: index.tagged,
}
