"""What a filter gives a real server's database to run, and whether the database runs it.

A `QuerySize` counts what counts against the limits of a database, whatever the dialect. A
dialect's `DatabaseLimits` then decide whether its database would refuse the query.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import ServerFailure
from ..prefect import DatabaseLimits, Dialect, NulHandling, fits_utc_range
from .models import FilterModel, FlowRunFilter, FlowRunFilterState
from .predicates import has_both_lists

# How many `%` fewer than `like_` a pattern gets: one at its end only, none at its start.
_PATTERN_KEYS = {"like_": 0, "startswith_": 1}


@dataclass(slots=True)
class QuerySize:
    """What a real server's query is given. Lists that `state-both-lists` drops never get there."""

    both_lists: bool = False
    likes: list[str] = field(default_factory=list)
    most_like_bytes: int = 0
    most_tags: int = 0
    parameters: int = 1  # the limit
    nul_in_list: bool = False
    surrogate: bool = False
    outside_years: bool = False

    def add(self, criterion: str, key: str, value: Any) -> None:
        """Take in one condition."""
        if key in _PATTERN_KEYS:
            self._add_patterns(key, value)
        elif isinstance(value, list):
            self._add_list(criterion, value)
        elif isinstance(value, datetime):
            self.parameters += 1
            self.outside_years |= not fits_utc_range(value)

    def _add_patterns(self, key: str, value: str | list[str]) -> None:
        texts = value if isinstance(value, list) else [value] if value else []
        self.likes += texts
        self.parameters += len(texts)
        self.surrogate |= any(map(has_surrogate, texts))
        sizes = (len(text.encode(errors="surrogatepass")) for text in texts)
        longest = max(sizes, default=0) - _PATTERN_KEYS[key]
        self.most_like_bytes = max(self.most_like_bytes, longest)

    def _add_list(self, criterion: str, values: list[str]) -> None:
        # created_by is looked into by the name of its part, which is a parameter too.
        self.parameters += len(values) + (criterion == "created_by")
        if criterion == "tags":
            self.most_tags = max(self.most_tags, len(values))
        text = "".join(values)
        self.nul_in_list |= "\0" in text
        self.surrogate |= has_surrogate(text)


def has_surrogate(text: str) -> bool:
    """Whether half of a surrogate pair stands alone in it: no UTF-8 can say it."""
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def measure_query(wanted: FlowRunFilter | None) -> QuerySize:
    """What a real server's query for this filter would be given."""
    load = QuerySize()
    for criterion, conditions in wanted.given() if wanted else ():
        if criterion == "state":
            _add_state(load, conditions)
        elif criterion != "operator":
            _add_criterion(load, criterion, conditions)
    return load


def _add_state(load: QuerySize, state: FlowRunFilterState) -> None:
    for lists in (state.type, state.name):
        if lists is not None and has_both_lists(lists):
            load.both_lists = True
        elif lists is not None:
            _add_criterion(load, "state", lists)


def _add_criterion(load: QuerySize, criterion: str, conditions: FilterModel) -> None:
    for key, value in conditions.given():
        load.add(criterion, key, value)


@dataclass(frozen=True, slots=True)
class QueryRejection:
    """Why a database would not run a query, and whether it would some other time.

    `of_names`: only where there is a run at all; a pattern is measured only against a name.
    """

    why: str
    retryable: bool
    of_names: bool

    def refuse(self, *, any_runs: bool) -> None:
        """Raise ServerFailure where the query would not be run."""
        if any_runs or not self.of_names:
            raise ServerFailure(self.why, retryable=self.retryable)


def find_rejection(load: QuerySize, dialect: Dialect) -> QueryRejection | None:
    """What makes the dialect's database not run a query; None where it runs it."""
    database = dialect.undocumented_5xx
    if database is None:
        return None
    nul = load.nul_in_list or any("\0" in text for text in load.likes)
    why = (
        "NUL in a text"
        if nul and dialect.nul is NulHandling.FAILS
        else violated_limit(load, database)
    )
    return QueryRejection(why, database.retryable, why == _LONG_PATTERN) if why else None


def reject_query(load: QuerySize, dialect: Dialect, *, any_runs: bool) -> None:
    """Raise ServerFailure where the dialect's database would not run the query.

    `any_runs`: whether the store holds a run at all.
    """
    overload = find_rejection(load, dialect)
    if overload:
        overload.refuse(any_runs=any_runs)


_LONG_PATTERN = "a like_ pattern that is too long"


def violated_limit(load: QuerySize, database: DatabaseLimits) -> str | None:
    """What the database would not run, or None."""
    if load.surrogate:
        return "a lone surrogate in a text"
    if load.outside_years:
        return "a time outside the years 1-9999 in UTC"
    if _exceeds(load.most_tags, database.most_tags):
        return "too many tags in one list"
    if _exceeds(load.parameters, database.most_parameters):
        return "too many values in all"
    if _exceeds(load.most_like_bytes, database.most_like_bytes):
        return _LONG_PATTERN
    return None


def _exceeds(number: int, bound: int | None) -> bool:
    return bound is not None and number > bound
