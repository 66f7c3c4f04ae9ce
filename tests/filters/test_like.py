"""`like_` and `startswith_` match as the databases do.

SQLite is asked here. What PostgreSQL answered is written down; CI asks a real one.
"""

import sqlite3
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockserver.errors import TooLarge
from mockserver.filters.like import MAX_WILDCARDS, compile_like, compile_prefix, normalize_names
from mockserver.operations.context import Context
from mockserver.operations.queries import count_flow_runs
from mockserver.prefect.dialects import PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC, Dialect
from mockserver.requests import FilterParameters
from mockserver.seeds import load_seeds
from mockserver.store.store import Store

letters = st.text(alphabet="aAbB%_\\é\0ßſİΣσς\n.", max_size=8)


@given(name=letters, text=letters.filter(bool))
@example(name="xab", text="a_\0c")
@example(name="xabc", text="a_\0c")
@example(name="ab\0c", text="\0")
def test_like_matches_as_in_sqlite(name: str, text: str) -> None:
    """The answer is that of lower(name) LIKE lower('%' || like_ || '%') in SQLite."""
    with closing(sqlite3.connect(":memory:")) as database:
        query = "select lower(?) like lower(?)"
        (expected,) = database.execute(query, (name, f"%{text}%")).fetchone()
    assert compile_like(text, PREFECT_SQLITE).matches(name) == bool(expected)


@given(name=letters, text=letters)
@example(name="ab", text="ab\0")
@example(name="abc", text="ab\0")
@example(name="xab", text="%ab")
def test_startswith_matches_as_in_sqlite(name: str, text: str) -> None:
    """The answer is that of lower(name) LIKE lower(startswith_ || '%') in SQLite."""
    with closing(sqlite3.connect(":memory:")) as database:
        query = "select lower(?) like lower(?)"
        (expected,) = database.execute(query, (name, f"{text}%")).fetchone()
    assert compile_prefix(text, PREFECT_SQLITE).matches(name) == bool(expected)


@given(name=letters, text=letters)
def test_startswith_in_spec_has_no_special_characters(name: str, text: str) -> None:
    """The case-folded name begins with the case-folded text."""
    assert compile_prefix(text, SPEC).matches(name) == name.casefold().startswith(text.casefold())


@given(name=letters, text=letters.filter(bool))
def test_like_in_spec_has_no_special_characters(name: str, text: str) -> None:
    """The case-folded text occurs in the case-folded name."""
    assert compile_like(text, SPEC).matches(name) == (text.casefold() in name.casefold())


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a%c", "xabbcx", True),
        ("a_c", "a\nc", True),
        (r"100\%", "100%-done", True),
        (r"100\%", "100-done", False),
        ("a\\", "a%", True),
        ("a\\", "a%b", False),
        ("a\\\\", "a\\b", True),
        ("İSTANBUL", "istanbul", True),
        ("ΟΔΟΣ", "οδοσ", True),
        ("ΟΔΟΣ", "οδος", False),
        ("STRASSE", "straße", False),
        ("ab%ab", "xaby", False),
        (r"a\_b_", "a_bc", True),
        (r"a\_b_", "axbc", False),
        ("_", "", False),
    ],
)
def test_like_matches_as_measured_on_postgresql(text: str, name: str, expected: bool) -> None:
    """The answer is that of name ILIKE '%' || like_ || '%' in PostgreSQL 15."""
    assert compile_like(text, PREFECT_POSTGRESQL).matches(name) is expected


def test_many_wildcards_are_matched_in_time() -> None:
    """A thousand wildcards over a long name take no exponential time."""
    hostile = compile_like("a%" * 1000 + "b", PREFECT_SQLITE)
    assert not hostile.matches("a" * 10_000)


@pytest.mark.parametrize("compile_text", [compile_like, compile_prefix])
def test_a_pattern_that_sqlite_refuses_is_not_compiled(compile_text: Any) -> None:
    """However many wildcards it has: it stands for its own text until the query is refused."""
    text = "%_" * 2_000_000
    pattern = compile_text(text, PREFECT_SQLITE)
    assert (pattern.text, pattern.segments[0].texts) == (text, ((0, text),))


@pytest.mark.parametrize("compile_text", [compile_like, compile_prefix])
def test_a_pattern_with_too_many_wildcards_is_too_large(compile_text: Any) -> None:
    """On PostgreSQL, which takes patterns of any length. In spec none is a wildcard."""
    text = "%_\\" * (MAX_WILDCARDS // 3 + 1)
    with pytest.raises(TooLarge, match="the pattern has 50,001 wildcards; mockserver takes at"):
        compile_text(text, PREFECT_POSTGRESQL)
    assert compile_text(text, SPEC).matches(text)
    assert compile_text("%_" * (MAX_WILDCARDS // 2), PREFECT_POSTGRESQL).matches("x" * 25_000)


def test_as_many_prefixes_as_are_compared_are_compared() -> None:
    """One more is too many."""
    store = Store(load_seeds([], datetime(2026, 1, 31, tzinfo=UTC)).base())
    for number, refused in ((1_000, False), (1_001, True)):
        body = {"work_pool_queues": {"name": {"startswith_": ["a"] * number}}}
        request = FilterParameters.model_validate(body)
        context = Context(store, SPEC, datetime(2026, 1, 31, tzinfo=UTC), lambda: "", None, None)
        with pytest.raises(TooLarge, match="startswith_ has 1,001") if refused else nullcontext():
            assert count_flow_runs(context, request).value == 0


@given(
    names=st.lists(letters, max_size=6),
    dialect=st.sampled_from((SPEC, PREFECT_SQLITE, PREFECT_POSTGRESQL)),
)
def test_names_are_normalized_together_as_one_by_one(names: list[str], dialect: Dialect) -> None:
    """Letters whose case depends on others, line feeds and NULs among them."""
    like = compile_like("a", dialect)
    assert normalize_names(names, like) == list(map(like.normalize, names))


@pytest.mark.parametrize(
    ("text", "only"),
    [("ab", "ab"), ("a_b", None), ("_a", None), ("a%b", None), ("%", None), ("_", None)],
)
def test_a_pattern_without_wildcards_is_a_text(text: str, only: str | None) -> None:
    """A name that contains it matches; the document has no wildcards at all."""
    sqlite = compile_like(text, PREFECT_SQLITE)
    assert sqlite.only_text == only
    assert compile_like(text, SPEC).only_text == text
    assert compile_prefix(text, SPEC).only_text is None
