"""Bitmaps from bytes. Invariant: they are those that looking at the bytes one by one gives."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from mockserver.store.columns import NULL_INSTANT, DictionaryColumn
from mockserver.store.indexes import grouping
from mockserver.store.indexes.bitmaps import find_bytes, highest_bytes, upper_halves
from mockserver.store.indexes.grouping import Ordinals, find_values, group_codes, group_values

BEYOND_A_CONTAINER = (1 << 16) + 3


def looked_at(content: bytes, wanted: frozenset[int]) -> BitMap:
    return BitMap([at for at, byte in enumerate(content) if byte in wanted])


@given(content=st.binary(max_size=300), wanted=st.frozensets(st.integers(0, 255)))
def test_bytes_are_found_where_they_are(content: bytes, wanted: frozenset[int]) -> None:
    """Few or many of them, or none."""
    assert find_bytes(content, wanted) == looked_at(content, wanted)


@pytest.mark.parametrize("length", [0, (1 << 16) - 1, 1 << 16, BEYOND_A_CONTAINER])
@pytest.mark.parametrize("pattern", [b"\1", b"\0", b"\0\1", b"\1\0", bytes(5000) + b"\1"])
def test_containers_of_a_bitmap_are_whole(length: int, pattern: bytes) -> None:
    """Full, empty, sparse, and with each second member, of which a bitmap is made."""
    content = (pattern * length)[:length]
    found = find_bytes(content, {1})
    assert found == looked_at(content, frozenset({1}))
    assert BitMap.deserialize(found.serialize()) == found


INSTANTS = st.integers(-(1 << 59), 1 << 59) | st.just(NULL_INSTANT)


@given(st.lists(INSTANTS).map(lambda numbers: array("q", numbers)))
def test_parts_of_numbers_are_those_that_shifts_give(numbers: array[int]) -> None:
    """The highest byte without its sign, the upper half with it."""
    assert list(highest_bytes(numbers)) == [number >> 56 & 0xFF for number in numbers]
    assert list(upper_halves(numbers)) == [number >> 32 for number in numbers]


VALUES = st.lists(st.sampled_from(["a", "b", "c", None]), max_size=12)


def encode(values: list[str | None], distinct: int, code: str | None) -> DictionaryColumn:
    """With `distinct` values that no run has before the others, which come twice."""
    dictionary = [*map(str, range(distinct)), "a", "b", "c", None, "a"]
    codes = [distinct + "abc".find(value) if value else distinct + 3 for value in values]
    codes[::2] = [distinct + 4 if one == distinct else one for one in codes[::2]]
    return DictionaryColumn(dictionary, array(code, codes) if code else codes)


def members(found: dict[str | None, Ordinals]) -> dict[str | None, list[int]]:
    return {value: [it] if isinstance(it, int) else list(it) for value, it in found.items()}


@pytest.mark.parametrize(
    ("distinct", "code"), [(0, "B"), (0, None), (100, "B"), (300, "H"), (300, None)]
)
@given(values=VALUES, wanted=st.frozensets(st.sampled_from(["a", "b", "z", None])))
def test_encoded_values_are_grouped_as_plain_ones(
    distinct: int, code: str | None, values: list[str | None], wanted: frozenset[str | None]
) -> None:
    """However many values there are, whatever holds the codes, and if two codes mean the same."""
    column = encode(values, distinct, code)
    assert list(column) == values
    assert members(group_values(column)) == members(group_values(values))
    assert find_values(column, wanted) == find_values(values, wanted)
    assert list(find_values(values, wanted)) == [
        at for at, value in enumerate(values) if value in wanted
    ]


@pytest.mark.parametrize("max_searches", [1, 32])
def test_a_value_can_have_several_keys(monkeypatch: pytest.MonkeyPatch, max_searches: int) -> None:
    """As runs have tags; a single run is a plain number."""
    monkeypatch.setattr(grouping, "MAX_SEARCHES", max_searches)
    column = DictionaryColumn([("x", "y"), (), ("y",), ("z",)], [0, 1, 2, 2])
    assert group_codes(column, frozenset) == {"x": 0, "y": BitMap([0, 2, 3])}
