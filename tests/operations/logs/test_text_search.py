"""A search in the texts of logs means what it means on each release and database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mockserver.errors import ServerFailure
from mockserver.filters import AllOf
from mockserver.operations.logs.text_search import compile_text_search
from mockserver.prefect.dialects import SPEC, Dialect, dialect_for
from mockserver.prefect.objects import Log

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
SQLITE, POSTGRESQL = dialect_for("sqlite"), dialect_for("postgresql")
OLD_POSTGRESQL = dialect_for("postgresql", "3.8.7")


def finds(query: str, message: str, dialect: Dialect = SQLITE) -> bool:
    """Whether a query finds a log with a message, of a logger that is called `flow`."""
    log = Log("1", 0, "flow", 20, message, AT, None, None, AT)
    return AllOf(tuple(compile_text_search(query, dialect)))(log)


@pytest.mark.parametrize(
    ("query", "message", "found"),
    [
        ("error", "an ERROR", True),
        ("lost error", "an error", True),
        ("lost", "an error", False),
        ("error -an", "an error", False),
        ("error !an", "an error", False),
        ("+error +an", "an error", True),
        ("+error +lost", "an error", False),
        ('"an error"', "an error", True),
        ('"error an"', "an error", False),
        ('-"an error', "an error", False),
        ("- error", "an error", True),
        ("-", "an error", True),
        ("", "an error", True),
        ('" "', "an error", True),
        ('"a \\"b\\""', 'a "b"', True),
        ('an"flow"', "or", True),
        ("or\u00a0x", "for", True),
    ],
)
@pytest.mark.parametrize("dialect", [SPEC, SQLITE, POSTGRESQL, OLD_POSTGRESQL])
def test_words_phrases_and_signs(query: str, message: str, found: bool, dialect: Dialect) -> None:
    """Alike everywhere: one word without a sign, all with +, none with - or !."""
    assert finds(query, message, dialect) is found


@pytest.mark.parametrize(
    ("query", "message", "dialects"),
    [
        ("100%", "1000", {OLD_POSTGRESQL}),
        ("1_0", "1x0", {OLD_POSTGRESQL}),
        ("1\\%0", "1%0", {OLD_POSTGRESQL}),
        ("100%", "100%", {SPEC, SQLITE, POSTGRESQL, OLD_POSTGRESQL}),
        ("a\\b", "a\\b", {SPEC, SQLITE, POSTGRESQL}),
        ('"\\\\ \\c"', "\\ \\c", {SPEC, SQLITE, POSTGRESQL}),
        ("wör", "WÖRLD", {SPEC, POSTGRESQL, OLD_POSTGRESQL}),
        ("WÖR", "WÖRLD", {SPEC, POSTGRESQL, OLD_POSTGRESQL}),
        ("wör", "wörld", {SPEC, SQLITE, POSTGRESQL, OLD_POSTGRESQL}),
        ("low\0x", "a", {SQLITE}),  # a pattern that ends at NUL
    ],
)
def test_wildcards_and_letters(query: str, message: str, dialects: set[Dialect]) -> None:
    """Which of the dialects find what."""
    every = (SPEC, SQLITE, POSTGRESQL, OLD_POSTGRESQL)
    assert {dialect for dialect in every if finds(query, message, dialect)} == dialects


@pytest.mark.parametrize("query", ["x", "-x", "+x"])
def test_an_older_release_fails_on_sqlite(query: str) -> None:
    """Unless there is no word to search for."""
    older = dialect_for("sqlite", "3.9.0")
    with pytest.raises(ServerFailure):
        compile_text_search(query, older)
    assert compile_text_search(" - ", older) == []
