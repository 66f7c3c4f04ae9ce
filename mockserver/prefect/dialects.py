"""The three dialects: the published document to the letter, and Prefect on each of its databases.

A dialect is a frozen value. The rest of the code asks for its fields, never for its name. A field
is named after the deviation that it switches (see `deviations`). Measured on Prefect 3.8.8 with
SQLite 3.40 and PostgreSQL 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType


class Wildcards(Enum):
    """How `%`, `_` and `\\` in `like_` are read."""

    LITERAL = "ordinary characters"
    ACTIVE = "% and _ are wildcards, \\ is an ordinary character"
    # PostgreSQL's default. SQLite escapes only in LIKE with ESCAPE, which Prefect does not send.
    ESCAPABLE = "% and _ are wildcards, \\ escapes the next character"


class LikeCase(Enum):
    """How `like_` and a name are brought to one case before they are compared."""

    FOLD = "Unicode case folding"
    ASCII = "A-Z are a-z, nothing else"
    LOWER = "Unicode lower-casing, code point by code point"


class NulHandling(Enum):
    """How NUL (U+0000) in a text is read."""

    ORDINARY = "an ordinary character"
    ENDS_PATTERN = "the end of a like_ pattern and of the name it is compared with"
    FAILS = "refused by the database"


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """The limits of a query that a database runs; beyond them the server answers 500 or 503.

    Counts are of one request; None is no limit. `retryable`: the answer is 503 and not 500.
    """

    retryable: bool
    max_tags: int | None  # in one tags.any_ or tags.all_
    max_like_bytes: int | None  # UTF-8; only checked when a name is compared with the pattern
    max_parameters: int | None  # values of all lists, like_, times and the limit together


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a request is read and what its filter means.

    Every default is what the document says. A field's name is the id of its deviation with
    underscores, except `nul` (for `like-nul` and `nul-in-text`) and `nulls_high`.
    """

    name: str
    state_both_lists: bool = False
    like_wildcards: Wildcards = Wildcards.LITERAL
    like_case_ascii: LikeCase = LikeCase.FOLD
    nul: NulHandling = NulHandling.ORDINARY
    error_shape: bool = False
    lax_coercion: bool = False
    body_ignored: bool = False
    api_version_400: bool = False
    unreadable_400: bool = False
    undocumented_5xx: DatabaseLimits | None = None
    lateness_whole_seconds: bool = False
    create_with_data: bool = False
    bulk_shared_details: bool = False
    null_pause_keys: bool = False
    unreadable_labels: bool = False
    huge_integers: bool = False
    nulls_high: bool = False  # a sort treats null as the highest value; the document is silent


SPEC = Dialect("spec")
PREFECT_SQLITE = Dialect(
    "prefect-sqlite",
    state_both_lists=True,
    like_wildcards=Wildcards.ACTIVE,
    like_case_ascii=LikeCase.ASCII,
    nul=NulHandling.ENDS_PATTERN,
    error_shape=True,
    lax_coercion=True,
    body_ignored=True,
    api_version_400=True,
    unreadable_400=True,
    lateness_whole_seconds=True,
    create_with_data=True,
    bulk_shared_details=True,
    null_pause_keys=True,
    unreadable_labels=True,
    huge_integers=True,
    # Measured. SQLite's defaults are the same numbers: SQLITE_MAX_FUNCTION_ARG is 127 in 3.40, and
    # SQLITE_MAX_LIKE_PATTERN_LENGTH is 50,000, of which the two % around the text take 2. Prefect
    # makes the tags of a list the arguments of one json_array() (utilities/database.py).
    undocumented_5xx=DatabaseLimits(
        retryable=False, max_tags=127, max_like_bytes=49_998, max_parameters=None
    ),
)
PREFECT_POSTGRESQL = replace(
    PREFECT_SQLITE,
    name="prefect-postgresql",
    like_wildcards=Wildcards.ESCAPABLE,
    like_case_ascii=LikeCase.LOWER,
    nul=NulHandling.FAILS,
    lateness_whole_seconds=False,
    # PostgreSQL's default order; SQLite takes null for the smallest value.
    nulls_high=True,
    # Measured; asyncpg, Prefect's driver, takes no more arguments in one query (prepared_stmt.pyx).
    undocumented_5xx=DatabaseLimits(
        retryable=True, max_tags=None, max_like_bytes=None, max_parameters=32_767
    ),
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (SPEC, PREFECT_SQLITE, PREFECT_POSTGRESQL)}
)
