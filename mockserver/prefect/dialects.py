"""The dialects: the published document to the letter, and each release of Prefect on each database.

A dialect is a frozen value. The rest of the code asks for its fields, never for its name or
release. A field is named after the deviation that it switches (see `deviations`), or after the
change that a release brought (see `changes`); these two tables decide which release has what.
Measured with SQLite 3.40 and PostgreSQL 15.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ..errors import UsageError, to_single_line
from .changes import CHANGES
from .deviations import DATABASES, DEVIATIONS, POSTGRESQL, SQLITE, Deviation
from .releases import (
    NEWEST,
    RELEASES,
    is_within,
    list_releases,
    measured_release,
    release_key,
)


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
    lacks_concat: bool = False  # it has no function of this name
    negative_limit_is_none: bool = False
    null_has_no_condition: bool = False  # a queue without a filter takes every deployment


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a request is read, what its filter means, and what becomes of a run's state.

    `database` is "sqlite" or "postgresql", None for the document; `release` is the Prefect release,
    for the document the newest.

    Every default is what the newest document says or, where it is silent, what the newest release
    does. A field's name is the id of its deviation or change with underscores, except `nul` (for
    `like-nul` and `nul-in-text`) and `nulls_high`.
    """

    name: str
    database: str | None = None
    release: str = NEWEST
    # Deviations.
    state_both_lists: bool = False
    empty_list_condition: bool = False
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
    unique_violation_named: bool = False  # an error tells that a slug of a schedule is taken
    nulls_high: bool = False  # a sort treats null as the highest value; the document is silent
    paused_queues_free: bool = (
        False  # no slot of a pool is taken in a paused queue; likewise silent
    )
    numeric_json: bool = False  # see `in_json_column`; likewise silent
    # Changes.
    replacements_chained: bool = True
    log_nul_dropped: bool = True
    pending_renamed: bool = True
    task_run_end_time: bool = True
    automation_ids: bool = True
    automation_count_filter: bool = True
    observed_states: bool = True
    lease_inherited: bool = True
    parameters_bounded: bool = True
    task_run_found_by_keys: bool = True
    admin_storage: bool = True
    storage_goes_with_block: bool = True
    completed_result_kept: bool = True
    any_completed_data: bool = True
    empty_type_unread: bool = True
    nan_as_null: bool = True
    late_once: bool = True
    empty_page: bool = True
    retry_keeps_lease: bool = True
    pause_cancellable: bool = True
    history_exact: bool = True
    names_needed: bool = True
    pause_left_cleared: bool = True
    forced_keeps_lease: bool = True
    duration_sorts: bool = True
    schedule_replaces: bool = True
    template_failures_refused: bool = True
    json_values_kept: bool = True
    schema_references_refused: bool = True
    rrule_anchored: bool = True
    intervals_by_calendar: bool = True
    cron_skipped_later: bool = True
    pool_cleared: bool = True
    job_variables_emptied: bool = True
    active_slots: bool = True
    queue_found_first: bool = True
    polled_run_state: bool = True
    counted_runs_bounded: bool = True
    limits_read_decayed: bool = True
    log_download_complete: bool = True
    log_search_literal: bool = True
    log_search_on_sqlite: bool = True
    pending_in_graph: bool = True
    stale_input_deleted: bool = True
    task_run_page_times: bool = True
    slot_release_checked: bool = True

    @property
    def never_fails(self) -> bool:
        """Whether no request fails, as the document has it: what a server fails at is refused."""
        return self.undocumented_5xx is None

    def has(self, deviation: Deviation) -> bool:
        """Whether the servers that this dialect stands for have a deviation."""
        if self.database not in deviation.databases:
            return False
        return deviation.in_spec or self != self.without(deviation)

    def without(self, deviation: Deviation) -> Dialect:
        """This dialect without a deviation, and those that the same field decides.

        `deviation` is one that is not in `spec`.
        """
        changed: dict[str, Any] = {deviation.field: getattr(SPEC, deviation.field)}
        return replace(self, **changed)


SPEC = Dialect("spec")
# What every release has. The tables say what comes and goes.
_ON_SQLITE = Dialect(
    "prefect-sqlite",
    SQLITE,
    like_wildcards=Wildcards.ACTIVE,
    like_case_ascii=LikeCase.ASCII,
    nul=NulHandling.ENDS_PATTERN,
    error_shape=True,
    lax_coercion=True,
    api_version_400=True,
    unreadable_400=True,
    create_with_data=True,
    bulk_shared_details=True,
    null_pause_keys=True,
    unreadable_labels=True,
    numeric_json=True,
    # Measured. SQLite's defaults are the same numbers: SQLITE_MAX_FUNCTION_ARG is 127 in 3.40, and
    # SQLITE_MAX_LIKE_PATTERN_LENGTH is 50,000, of which the two % around the text take 2. Prefect
    # makes the tags of a list the arguments of one json_array() (utilities/database.py).
    undocumented_5xx=DatabaseLimits(
        retryable=False,
        max_tags=127,
        max_like_bytes=49_998,
        max_parameters=None,
        lacks_concat=True,  # SQLite has it since 3.44
        negative_limit_is_none=True,
        null_has_no_condition=True,
    ),
)
_ON_POSTGRESQL = replace(
    _ON_SQLITE,
    name="prefect-postgresql",
    database=POSTGRESQL,
    like_wildcards=Wildcards.ESCAPABLE,
    like_case_ascii=LikeCase.LOWER,
    nul=NulHandling.FAILS,
    # PostgreSQL's default order; SQLite takes null for the smallest value.
    nulls_high=True,
    # Prefect: sql/postgres/get-runs-from-worker-queues.sql.jinja, pool_slots.
    paused_queues_free=True,
    # Prefect looks for words that only PostgreSQL has (api/deployments.py).
    unique_violation_named=True,
    numeric_json=False,
    # Measured; asyncpg, Prefect's driver, takes no more arguments in one query (prepared_stmt.pyx).
    undocumented_5xx=DatabaseLimits(
        retryable=True, max_tags=None, max_like_bytes=None, max_parameters=32_767
    ),
)
_ON_DATABASE: Mapping[str, Dialect] = {SQLITE: _ON_SQLITE, POSTGRESQL: _ON_POSTGRESQL}
# Those that not every release and database has, by a field of their own; the others are in what
# `_ON_DATABASE` says.
_DEVIATIONS_OF_SOME = tuple(
    deviation
    for deviation in DEVIATIONS
    if not deviation.decided_by
    and (deviation.since, deviation.until, deviation.databases) != (RELEASES[0], None, DATABASES)
)


def dialect_for(database: str, release: str = NEWEST) -> Dialect:
    """The dialect of a release of Prefect on a database, "sqlite" or "postgresql".

    A release between two that were measured behaves like the one before it; one newer than all
    is the newest. Raises UsageError for a release without bulk_delete, or no release at all.
    """
    measured = measured_release(release)
    if measured == NEWEST or release_key(release) == release_key(measured):
        return _make_dialect(database, measured)
    return _make_dialect(database, ".".join(map(str, release_key(release))))


@lru_cache(256)  # all that were measured; a release between two can have any name
def _make_dialect(database: str, release: str) -> Dialect:
    name = f"prefect-{database}@{release}"
    dialect = replace(_ON_DATABASE[database], name=name, release=release)
    switched = {one.field: one.is_in(database, release) for one in _DEVIATIONS_OF_SOME}
    for change in CHANGES:
        if change.modelled:
            switched[change.field] = is_within(release, change.since)
    return replace(dialect, **switched)  # type: ignore[arg-type]  # these fields are all bools


PREFECT_SQLITE = dialect_for(SQLITE)
PREFECT_POSTGRESQL = dialect_for(POSTGRESQL)
DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {"spec": SPEC, "prefect-sqlite": PREFECT_SQLITE, "prefect-postgresql": PREFECT_POSTGRESQL}
)
"""The document, and the newest release on each database, by their short names."""
DIALECT_SYNTAX = (
    "spec, prefect-sqlite, prefect-postgresql, or one of a release, prefect-sqlite@3.8.8"
)
"""How a dialect is named, for help and errors."""


def find_dialect(name: str | Dialect, on_note: Callable[[str], None] = warnings.warn) -> Dialect:
    """Look up a dialect: `spec`, `prefect-sqlite` (its newest release), `prefect-sqlite@3.8.8`.

    A Dialect is returned as it is. A release newer than all that were measured is served as the
    newest, and `on_note` is told so in a sentence. Raises UsageError, which lists what there is,
    for any other name.
    """
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str):
        kind = type(name).__name__
        raise UsageError(
            f"the dialect is a {kind}; expected a Dialect or its name, such as prefect-sqlite@3.9.1"
        )
    short, separator, release = name.partition("@")
    dialect = DIALECTS.get(short)
    if dialect is None or (separator and dialect.database is None):
        raise UsageError(
            f"no dialect {to_single_line(name)!r}; expected {DIALECT_SYNTAX} "
            f"(measured are {list_releases()})"
        )
    if not separator or dialect.database is None:
        return dialect
    found = dialect_for(dialect.database, release)
    note = unmeasured_note(release)
    if note:
        on_note(note)
    return found


def unmeasured_note(release: str) -> str | None:
    """A sentence about a release that was not measured and may not be as it is served, else None.

    `release` is one that `measured_release` takes.
    """
    measured = measured_release(release)
    if release_key(release) == release_key(measured):
        return None
    if measured == NEWEST:
        return (
            f"Prefect {release} is newer than {NEWEST}, the newest release that was measured: "
            f"it is taken to behave like {NEWEST}"
        )
    following = RELEASES[RELEASES.index(measured) + 1]
    return (
        f"Prefect {release} was not measured: it is taken to behave like {measured}, "
        f"the release before it ({following} is the next one that was)"
    )
