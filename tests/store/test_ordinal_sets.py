"""Lazy sets of ordinals. For any set and any window, they answer as Python's sets do."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from mockserver.store.indexes.ordinal_sets import (
    MANY_VALUES,
    MAX_LAZY_PARTS,
    BitmapSet,
    Difference,
    Intersection,
    LargeLookUps,
    OrdinalSet,
    SingletonSet,
    Union,
    make_union,
)
from mockserver.store.indexes.value_index import MAX_CACHED_UNIONS, ValueIndex

ordinals = st.integers(0, 9)
frozensets = st.frozensets(ordinals)
SetAndModel = tuple[OrdinalSet, frozenset[int]]
"""A lazy set, and the same members as a Python set."""


def _combine(pairs: st.SearchStrategy[SetAndModel]) -> st.SearchStrategy[SetAndModel]:
    return (
        st.lists(pairs, min_size=1, max_size=3).map(_unite)
        | st.lists(pairs, min_size=1, max_size=3).map(_intersect)
        | st.tuples(pairs, pairs).map(_subtract)
    )


def _unite(pairs: list[SetAndModel]) -> SetAndModel:
    return Union(lazy for lazy, _ in pairs), frozenset().union(*(model for _, model in pairs))


def _intersect(pairs: list[SetAndModel]) -> SetAndModel:
    models = [model for _, model in pairs]
    return Intersection(lazy for lazy, _ in pairs), frozenset.intersection(*models)


def _subtract(pairs: tuple[SetAndModel, SetAndModel]) -> SetAndModel:
    (minuend, minuend_model), (subtrahend, subtrahend_model) = pairs
    return Difference(minuend, subtrahend), minuend_model - subtrahend_model


sets_and_models: st.SearchStrategy[SetAndModel] = st.recursive(
    frozensets.map(lambda model: (BitmapSet(BitMap(model)), model))
    | ordinals.map(lambda ordinal: (SingletonSet(ordinal), frozenset({ordinal}))),
    _combine,
    max_leaves=6,
)


@given(pair=sets_and_models, window=frozensets)
def test_a_lazy_set_has_the_members_of_its_model(pair: SetAndModel, window: frozenset[int]) -> None:
    """All members, those within a window, and the rest of the window when they are subtracted."""
    lazy, model = pair
    assert set(lazy.within(None)) == model
    assert set(lazy.within(BitMap(window))) == model & window
    assert set(lazy.subtract_from(BitMap(window))) == window - model
    assert lazy.estimated_size >= 0


@given(
    items=st.lists(ordinals | frozensets.map(BitMap), max_size=4),
    times=st.sampled_from([1, MAX_LAZY_PARTS + 1]),
)
def test_make_union_has_every_ordinal_it_was_given(items: list[int | BitMap], times: int) -> None:
    """Given one by one or in bitmaps, few or many; none at all is the empty set."""
    items = items * times
    expected = {one for item in items for one in (item if isinstance(item, BitMap) else [item])}
    assert set(make_union(items).within(None)) == expected


def test_many_values_are_looked_up_once_while_somebody_holds_them() -> None:
    """Few are looked up again, and so are those that can change."""
    look_ups: list[int] = []

    def look_up() -> OrdinalSet:
        look_ups.append(1)
        return SingletonSet(0)

    large = LargeLookUps()
    many = frozenset(range(MANY_VALUES + 1))
    for _ in range(2):
        large.get(many, look_up)
    assert len(look_ups) == 1
    for values in (set(many), frozenset("few")):
        for _ in range(2):
            large.get(values, look_up)
    assert len(look_ups) == 5
    del many
    large.get(frozenset(range(MANY_VALUES + 1)), look_up)
    assert len(look_ups) == 6


def test_the_last_unions_of_a_few_values_are_kept() -> None:
    """They are what they were, also once they have been dropped and made again."""
    index = ValueIndex([0, 1, 0, 2, None, *range(3, 30)], BitMap(range(32)))
    first = index.one_of(frozenset({0, 2}))
    assert index.one_of(frozenset({0, 2})) is first
    for value in range(3, 3 + MAX_CACHED_UNIONS):
        assert set(index.one_of(frozenset({0, value})).within(None)) == {0, 2, value + 2}
    again = index.one_of(frozenset({0, 2}))
    assert again is not first
    assert set(again.within(None)) == set(first.within(None)) == {0, 2, 3}
