"""Which warnings a filter earns.

They depend on what the filter contains, not on the records in the store, and hardly on the dialect.
`operations` adds the two that depend on what was deleted, `requests` those about the rest of a
request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..prefect import DIALECTS, Dialect
from .comparisons import MATCH_ALL, Predicate, has_condition
from .models import FilterModel, Operator
from .query_size import QuerySize, violated_limit

# The backslash means something on PostgreSQL only.
_PATTERN_CHARACTERS = frozenset("%_\\")
_ASCII_LETTERS = re.compile("[A-Za-z]+")
_DATABASE_LIMITS = tuple(
    dialect.undocumented_5xx for dialect in DIALECTS.values() if dialect.undocumented_5xx
)


def filter_warnings(
    filter_: FilterModel | None,
    criteria: Mapping[str, Predicate],
    size: QuerySize,
    dialect: Dialect,
) -> Iterator[str]:
    """Yield the ids of the warnings about a filter; an id can be repeated.

    `criteria` are from `compile_criteria`, `size` from `measure_query`, for the same filter.
    """
    if size.state_both_lists:
        yield "state-both-lists"
    # Only where it still is so: many clients send empty lists, and no release since 3.6.22 minds.
    if size.empty_list_decides and dialect.empty_list_condition:
        yield "empty-list-condition"
    for text in size.like_texts:
        yield from _like_warnings(text)
    if size.list_has_nul:
        yield "nul-in-text"
    if any(violated_limit(size, database) for database in _DATABASE_LIMITS):
        yield "undocumented-5xx"
    if not any(map(has_condition, criteria.values())):
        yield "no-filter"
    # Few filters have no operator.
    if getattr(filter_, "operator", None) is Operator.or_ and MATCH_ALL in criteria.values():
        yield "empty-criterion-under-or"


def _like_warnings(text: str) -> Iterator[str]:
    if not _PATTERN_CHARACTERS.isdisjoint(text):
        yield "like-wildcards"
    if "\0" in text:
        yield "like-nul"
    if not text.isascii() and _has_non_ascii_case(text):
        yield "like-case-ascii"


def _has_non_ascii_case(text: str) -> bool:
    """Whether it has letters outside A-Z with case, which the databases do not fold as Unicode."""
    # Not letter by letter: a text can have millions.
    other = _ASCII_LETTERS.sub("", text)
    return not other == other.casefold() == other.upper()
