"""`like_` and `startswith_` match as the databases do.

SQLite is asked here. What PostgreSQL answered is written down; CI asks a real one.
"""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockserver.filters.like import compile_like, compile_prefix
from mockserver.prefect.dialects import PREFECT_POSTGRESQL, PREFECT_SQLITE, SPEC

letters = st.text(alphabet="aAbB%_\\é\0ßİΣς\n.", max_size=8)


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
