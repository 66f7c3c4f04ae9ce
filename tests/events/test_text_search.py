"""The search in texts of events: the terms of a query, as Prefect's parser has them."""

from __future__ import annotations

import pytest

from mockserver.events import TextSearch

CASES = [
    ("", (), (), ()),
    ("  ", (), (), ()),
    ("error Timeout", ("error", "timeout"), (), ()),
    ("error -debug !info +prod", ("error",), ("debug", "info"), ("prod",)),
    ('"timed out" -"no retry"', ("timed out",), ("no retry",), ()),
    ('"unclosed phrase', ("unclosed phrase",), (), ()),
    ("a - b ! +", ("a", "b"), (), ()),
    ('"-" a', ("-", "a"), (), ()),
    (r'"say \"hi\" \\ \n"', ('say "hi" \\ \\n',), (), ()),
    ('a"b c"', ("a", "b c"), (), ()),
    ('" "', (), (), ()),
]


@pytest.mark.parametrize(("query", "included", "excluded", "required"), CASES)
def test_a_query_is_read_as_prefect_reads_it(
    query: str, included: tuple[str, ...], excluded: tuple[str, ...], required: tuple[str, ...]
) -> None:
    """A word or a phrase in quotes is a term; a sign before it says how it counts."""
    assert TextSearch.parse(query) == TextSearch(included, excluded, required)


@pytest.mark.parametrize(
    ("query", "found"),
    [("ERROR", True), ("x y", False), ("-error", False), ("+flow +run", True), ("+flow +x", False)],
)
def test_a_text_has_what_is_searched_for(query: str, found: bool) -> None:
    """Case does not count; one of the included terms is enough."""
    assert TextSearch.parse(query).matches("flow run error") is found
