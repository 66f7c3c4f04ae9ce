"""like_ against the engines it imitates. SQLite is at hand; PostgreSQL is asked in CI."""

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
def test_sqlite_matches_as_sqlite_does(name: str, text: str) -> None:
    """The dialect answers what SQLite answers to lower(name) LIKE lower('%' || like_ || '%')."""
    with closing(sqlite3.connect(":memory:")) as database:
        query = "select lower(?) like lower(?)"
        (expected,) = database.execute(query, (name, f"%{text}%")).fetchone()
    assert compile_like(text, PREFECT_SQLITE).matches(name) == bool(expected)


@given(name=letters, text=letters)
@example(name="ab", text="ab\0")
@example(name="abc", text="ab\0")
@example(name="xab", text="%ab")
def test_sqlite_finds_beginnings_as_sqlite_does(name: str, text: str) -> None:
    """The dialect answers what SQLite answers to lower(name) LIKE lower(startswith_ || '%')."""
    with closing(sqlite3.connect(":memory:")) as database:
        query = "select lower(?) like lower(?)"
        (expected,) = database.execute(query, (name, f"{text}%")).fetchone()
    assert compile_prefix(text, PREFECT_SQLITE).matches(name) == bool(expected)


@given(name=letters, text=letters)
def test_the_document_means_a_beginning(name: str, text: str) -> None:
    """In spec nothing is special: the folded name begins with the folded text."""
    assert compile_prefix(text, SPEC).matches(name) == name.casefold().startswith(text.casefold())


@given(name=letters, text=letters.filter(bool))
def test_the_document_means_a_partial_match(name: str, text: str) -> None:
    """In spec nothing is special: the folded text stands somewhere in the folded name."""
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
def test_postgresql_matches_as_measured(text: str, name: str, expected: bool) -> None:
    """Wildcards, escapes and lower case as PostgreSQL 15 answered (ILIKE '%' || like_ || '%')."""
    assert compile_like(text, PREFECT_POSTGRESQL).matches(name) is expected


def test_many_wildcards_do_not_explode() -> None:
    """A pattern of a thousand wildcards over a long name is answered, not searched for ever."""
    hostile = compile_like("a%" * 1000 + "b", PREFECT_SQLITE)
    assert not hostile.matches("a" * 10_000)
