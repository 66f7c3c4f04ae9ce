"""Sets of ordinals. For any of them and any window: what Python's own sets hold."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from mockserver.store.ordinal_sets import (
    BitmapSet,
    Difference,
    Intersection,
    OrdinalSet,
    SingletonSet,
    Union,
    make_union,
)

ordinals = st.integers(0, 9)
some = st.frozensets(ordinals)
Both = tuple[OrdinalSet, frozenset[int]]
"""A set, and what it holds."""


def _joined(both: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    parts = st.lists(both, min_size=1, max_size=3)
    return (
        parts.map(lambda all_: (Union(s for s, _ in all_), frozenset().union(*_held(all_))))
        | parts.map(
            lambda all_: (Intersection(s for s, _ in all_), frozenset.intersection(*_held(all_)))
        )
        | st.tuples(both, both).map(
            lambda two: (Difference(two[0][0], two[1][0]), two[0][1] - two[1][1])
        )
    )


def _held(both: list[Both]) -> list[frozenset[int]]:
    return [held for _, held in both]


sets: st.SearchStrategy[Both] = st.recursive(
    some.map(lambda held: (BitmapSet(BitMap(held)), held))
    | ordinals.map(lambda at: (SingletonSet(at), frozenset({at}))),
    _joined,
    max_leaves=6,
)


@given(both=sets, window=some)
def test_a_set_holds_what_it_is_made_of(both: Both, window: frozenset[int]) -> None:
    """Everywhere, within a window, and of what lies in the window that which it does not hold."""
    found, held = both
    assert set(found.within(None)) == held
    assert set(found.within(BitMap(window))) == held & window
    assert set(found.subtract_from(BitMap(window))) == window - held
    assert found.estimated_size >= 0


@given(places=st.lists(ordinals | some.map(BitMap), max_size=4))
def test_a_union_of_places_holds_them_all(places: list[int | BitMap]) -> None:
    """Ordinals alone and in bitmaps, none as well."""
    expected = {at for place in places for at in (place if isinstance(place, BitMap) else [place])}
    assert set(make_union(places).within(None)) == expected
