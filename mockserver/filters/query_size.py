"""What a filter gives a real server's database to run, and whether the database runs it.

A `QuerySize` counts what counts against the limits of a database. A dialect's `DatabaseLimits` then
decide whether its database would refuse the query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import ServerFailure
from ..prefect import DatabaseLimits, Dialect, NulHandling, fits_utc_range
from .models import FilterModel, FlowRunFilterState, Operator
from .predicates import drops_both_lists, has_both_lists

# The keys whose texts become patterns, and how many `%` fewer than for `like_` are added to a text:
# a limit of `max_like_bytes` is for `like_`, which has one at each end.
_PATTERN_KEYS = {"like_": 0, "startswith_": 1}
_SKIPPED_IF_EMPTY = frozenset({"not_any_", "all_", "like_"})  # M2


@dataclass(slots=True)
class QuerySize:
    """What in a query counts against the limits of a database.

    Lists that the dialect's server drops (`state-both-lists`) are not counted.
    """

    state_both_lists: bool = False
    empty_list_decides: bool = False  # see the deviation `empty-list-condition`
    like_texts: list[str] = field(default_factory=list)
    max_like_bytes: int = 0
    max_tags: int = 0
    parameters: int = 1  # the limit
    list_has_nul: bool = False
    lone_surrogate: bool = False
    time_out_of_range: bool = False

    def add(self, criterion: str, key: str, value: Any) -> None:
        """Count one condition: `key` of `criterion` with `value`, which is not null."""
        if key in _PATTERN_KEYS:
            self._add_patterns(key, value)
        elif isinstance(value, list):
            self._add_list(criterion, value)
        elif isinstance(value, datetime):
            self.parameters += 1
            self.time_out_of_range |= not fits_utc_range(value)

    def _add_patterns(self, key: str, value: str | list[str]) -> None:
        texts = value if isinstance(value, list) else [value] if value else []
        self.like_texts += texts
        self.parameters += len(texts)
        self.lone_surrogate |= any(map(has_surrogate, texts))
        # A lone surrogate has a reason of its own; here it must only not raise.
        sizes = (len(text.encode(errors="surrogatepass")) for text in texts)
        longest = max(sizes, default=0) - _PATTERN_KEYS[key]
        self.max_like_bytes = max(self.max_like_bytes, longest)

    def _add_list(self, criterion: str, values: list[str]) -> None:
        # Prefect compares a part of the JSON in created_by; the part's name is a parameter, too.
        self.parameters += len(values) + (criterion == "created_by")
        # On SQLite each tag is an argument of json_array() (Prefect: utilities/database.py).
        if criterion == "tags":
            self.max_tags = max(self.max_tags, len(values))
        text = "".join(values)  # scanning one text is faster than scanning each
        self.list_has_nul |= "\0" in text
        self.lone_surrogate |= has_surrogate(text)


_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogate(text: str) -> bool:
    """Whether a text has a lone surrogate, which UTF-8 cannot encode."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def measure_query(filter_: FilterModel | None, dialect: Dialect) -> QuerySize:
    """Return what in the query that a dialect's server makes of a filter counts against limits."""
    size = QuerySize()
    for criterion, conditions in filter_.given() if filter_ else ():
        if criterion == "state":
            _add_state(size, conditions, dialect)
        elif criterion != "operator":
            _add_criterion(size, criterion, conditions)
    return size


def _add_state(size: QuerySize, state: FlowRunFilterState, dialect: Dialect) -> None:
    for lists in (state.type, state.name):
        if lists is None:
            continue
        size.state_both_lists |= has_both_lists(lists)
        # The filter on a state of task runs has no not_any_.
        has_empty_list = getattr(lists, "not_any_", None) == []
        if has_empty_list and (lists.any_ is not None or state.operator is Operator.or_):
            size.empty_list_decides = True
        if not drops_both_lists(lists, dialect):
            _add_criterion(size, "state", lists)


def _add_criterion(size: QuerySize, criterion: str, conditions: FilterModel) -> None:
    for key, value in conditions.given():
        size.add(criterion, key, value)
        # Looked up last: pydantic takes two microseconds for an attribute that is not there.
        if not value and key in _SKIPPED_IF_EMPTY and _is_under_or(conditions):
            size.empty_list_decides = True


def _is_under_or(conditions: FilterModel) -> bool:
    return getattr(conditions, "operator", None) is Operator.or_


@dataclass(frozen=True, slots=True)
class QueryRejection:
    """Why a database refuses a query. `retryable`: the answer is 503 and not 500.

    `needs_rows`: the database refuses only when it compares a row. SQLite checks the length of a
    pattern only then.
    """

    reason: str
    retryable: bool
    needs_rows: bool

    def refuse(self, *, any_runs: bool) -> None:
        """Raise ServerFailure if the query is refused; `any_runs`: whether the table has rows."""
        if any_runs or not self.needs_rows:
            raise ServerFailure(self.reason, retryable=self.retryable)


def find_rejection(size: QuerySize, dialect: Dialect) -> QueryRejection | None:
    """Return why the dialect's database refuses a query; None if it runs it."""
    database = dialect.undocumented_5xx
    if database is None:
        return None
    nul = size.list_has_nul or any("\0" in text for text in size.like_texts)
    reason = (
        "NUL in a text"
        if nul and dialect.nul is NulHandling.FAILS
        else violated_limit(size, database)
    )
    return QueryRejection(reason, database.retryable, reason == _LONG_PATTERN) if reason else None


def reject_query(size: QuerySize, dialect: Dialect, *, any_runs: bool) -> None:
    """Raise ServerFailure if the dialect's database refuses the query.

    `any_runs`: whether the store has any record of the kind that the filter is about.
    """
    rejection = find_rejection(size, dialect)
    if rejection:
        rejection.refuse(any_runs=any_runs)


_LONG_PATTERN = "a like_ pattern that is too long"


def violated_limit(size: QuerySize, database: DatabaseLimits) -> str | None:
    """Return the first reason why the database would refuse a query, or None.

    `database`: the limits of the database.
    """
    if size.lone_surrogate:
        return "a lone surrogate in a text"
    if size.time_out_of_range:
        return "a time outside the years 1-9999 in UTC"
    if _exceeds(size.max_tags, database.max_tags):
        return "too many tags in one list"
    if _exceeds(size.parameters, database.max_parameters):
        return "too many values in all"
    # Last, because only this reason needs rows: any other holds for an empty table, too.
    if _exceeds(size.max_like_bytes, database.max_like_bytes):
        return _LONG_PATTERN
    return None


def _exceeds(number: int, bound: int | None) -> bool:
    return bound is not None and number > bound
