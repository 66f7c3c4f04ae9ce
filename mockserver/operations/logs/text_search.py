"""What the texts of logs are searched for: from a query such as `error -debug` to predicates.

Words and quoted phrases stand for texts. Of those without a sign a log must contain one, of those
with `+` all, of those with `-` or `!` none. Prefect: utilities/text_search_parser.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ...errors import ServerFailure
from ...filters import Comparison, LikePattern, Predicate, Relation, compile_like
from ...prefect import Dialect, Wildcards

# A sign before white space means nothing, and a phrase may lack its closing quote.
_TERM = re.compile(
    r"""(?![-!+](?:\s|\Z)) (?P<sign>[-!+]?)
        (?: "(?P<phrase>(?:\\.|[^"])*)(?:"|\Z) | (?P<word>[^\s"]+) )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"""\\(["\\])""")
_WILDCARD = re.compile(r"[%_\\]")


def _matches(text: str, patterns: tuple[LikePattern, ...]) -> Iterator[bool]:
    """Whether a text contains what each of the patterns stands for."""
    normalized = patterns[0].normalize(text)
    return (pattern.matches_normalized(normalized) for pattern in patterns)


CONTAINS_ANY = Relation("contains any of", lambda text, patterns: any(_matches(text, patterns)))
CONTAINS_ALL = Relation("contains all of", lambda text, patterns: all(_matches(text, patterns)))
CONTAINS_NONE = Relation(
    "contains none of", lambda text, patterns: not any(_matches(text, patterns))
)
_RELATIONS = {"": CONTAINS_ANY, "-": CONTAINS_NONE, "!": CONTAINS_NONE, "+": CONTAINS_ALL}


def compile_text_search(query: str, dialect: Dialect) -> list[Predicate]:
    """The conditions of a query: at most one for each relation. A query without a term has none.

    Raises ServerFailure where the dialect's database does not run the query.
    """
    patterns: dict[Relation, list[LikePattern]] = {}
    for sign, text in _terms(query):
        patterns.setdefault(_RELATIONS[sign], []).append(_compile_term(text, dialect))
    database = dialect.undocumented_5xx
    needs_concat = not dialect.log_search_on_sqlite
    if patterns and needs_concat and database is not None and database.lacks_concat:
        raise ServerFailure("a function that the database does not have", retryable=False)
    return [Comparison("text", relation, tuple(each)) for relation, each in patterns.items()]


def _terms(query: str) -> Iterator[tuple[str, str]]:
    """The sign and the text of each word and phrase. A phrase of white space is none."""
    for term in _TERM.finditer(query):
        text = term["word"] or _ESCAPED.sub(r"\1", term["phrase"])
        if text.strip():
            yield term["sign"], text


def _compile_term(text: str, dialect: Dialect) -> LikePattern:
    # Python lowers the term, the database the log (Prefect: schemas/filters.py,
    # LogFilterTextSearch); so a term in another case than ASCII's finds nothing on SQLite.
    text = text.lower()
    if dialect.like_wildcards is Wildcards.LITERAL or not dialect.log_search_literal:
        return compile_like(text, dialect)
    escapable = replace(dialect, like_wildcards=Wildcards.ESCAPABLE)
    return compile_like(_WILDCARD.sub(r"\\\g<0>", text), escapable)
