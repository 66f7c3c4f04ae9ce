"""Names that match a pattern. Invariant: they are those that `LikePattern` says match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from mockserver.filters.like import compile_like
from mockserver.filters.predicates import LIKE, Comparison
from mockserver.prefect.dialects import PREFECT_SQLITE, SPEC
from mockserver.store.indexes import name_index, preparation
from mockserver.store.indexes.name_index import NameIndex
from mockserver.store.indexes.preparation import Prepared
from mockserver.store.indexes.trigram_index import TrigramIndex

NAMES = st.lists(st.text("abc", max_size=8), max_size=8)
PATTERNS = st.text("abc%_", min_size=1, max_size=6)


@given(names=NAMES, text=PATTERNS, is_new=st.booleans())
def test_no_name_that_matches_is_left_out(names: list[str], text: str, is_new: bool) -> None:
    """Whether the names are read, or looked up by their trigrams; and with those that are read,
    each contains the texts.
    """
    like = compile_like(text, PREFECT_SQLITE)
    found = TrigramIndex(names, Prepared(0)).candidates(like, is_new=is_new)
    assert {at for at, name in enumerate(names) if like.matches_normalized(name)} <= set(found)
    if is_new:
        containing = [all(part in name for part in like.required_texts()) for name in names]
        assert list(found) == [at for at, contains in enumerate(containing) if contains]


def test_trigrams_leave_names_out() -> None:
    """A text that no name contains, and one whose trigrams all are in another name, too."""
    names = TrigramIndex(["abcd", "bcda-abc", "abc"], Prepared(0))
    assert list(names.candidates(compile_like("abcd", SPEC), is_new=False)) == [0, 1]
    assert list(names.candidates(compile_like("abcx", SPEC), is_new=False)) == []
    assert list(names.candidates(compile_like("ab", SPEC), is_new=False)) == [0, 1, 2]


@pytest.mark.parametrize("runs_per_united", [0, 100])
@pytest.mark.parametrize("large", [1, 1_000])
def test_runs_are_found_by_their_names(
    monkeypatch: pytest.MonkeyPatch, runs_per_united: int, large: int
) -> None:
    """The runs of few names are united, those of many are looked for; the first pattern among many
    runs is new.
    """
    monkeypatch.setattr(name_index, "RUNS_PER_UNITED", runs_per_united)
    monkeypatch.setattr(name_index, "MAX_NEW_PATTERNS", 1)
    monkeypatch.setattr(preparation, "MIN_DEFERRED_RUNS", large)
    names = ["ab", "b", "Ab", "c", "ab"]
    index = NameIndex(names, BitMap(range(5)), Prepared(5))
    for text, expected in {"a": [0, 2, 4], "b": [0, 1, 2, 4], "x": [], "c": [3]}.items():
        test = Comparison("name", LIKE, compile_like(text, SPEC))
        for _ in range(2):
            assert list(index.look_up(test).within(None)) == expected
