"""The explanation of a filter: what it deletes, and why, as frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from ...errors import InvalidRequest, RefusedRequest, ServerFailure, UsageError
from ...filters import Predicate
from ...operations import Plan, plan_bulk_delete, sort_warnings
from ...prefect import (
    SPEC,
    Dialect,
    FlowRun,
    find_dialect,
    notes_of,
    require_aware,
    warning_sentence,
)
from ...requests import BulkDeleteRequest, read_request
from ...store import Store
from .. import simplify
from .cascade import Cascade, Drain, find_cascade, simulate_drain
from .conditions import Condition, IdleKey, idle_keys, keys_of, list_conditions, list_parts
from .dialect_counts import OtherServers, find_other_servers
from .filter_advice import Problem, list_problems, tell_refusal
from .filter_argument import FilterArgument, FilterLike, filter_argument
from .near_misses import NearMiss, find_near_misses
from .protections import Protection, find_protection
from .run_verdicts import RunVerdict, explain_runs
from .tables import Table, make_tables

T = TypeVar("T")

MAX_FIRST = 10
"""How many of the runs that go first are kept."""


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning about the filter. `is_note`: it is about other servers than the dialect's."""

    id: str
    sentence: str
    is_note: bool


class FilterRefused(UsageError):
    """A filter that the dialect refuses; `problems` say where and why, and what to say instead."""

    def __init__(self, message: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class FilterCount:
    """How many flow runs a filter selects, as `Explanation` says it, and nothing of why."""

    sentence: str
    warnings: tuple[Warned, ...]
    failure: str | None
    total: int
    matching: int
    limit: int

    @property
    def calls(self) -> int:
        """How many calls delete something."""
        return 0 if self.failure is not None else -(-self.matching // self.limit)


# The fields of a large one fill screens: a failing assert shows the headline.
@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """What a bulk_delete does, if it is sent until nothing is left, and why.

    `sentence` says which runs the filter selects, of `total` that there are; `matching` are
    selected, and go in calls of `limit`, `first` before the others. `failure` is why the
    database of the dialect would not run the query; then nothing goes.

    `drain` is None where a delete leaves the others as they are. `cascade` says what else goes.
    `null_skipped` is how many runs only a null keeps from satisfying a `not_any_`. `other_servers`
    is None where they were not asked about. Printed, it is its page as text.
    """

    argument: FilterArgument
    request: BulkDeleteRequest
    dialect: Dialect
    now: datetime
    sentence: str
    warnings: tuple[Warned, ...]
    failure: str | None
    total: int
    matching: int
    limit: int
    first: tuple[FlowRun, ...]
    drain: Drain | None
    cascade: Cascade
    null_skipped: int
    tables: tuple[Table, ...]
    conditions: tuple[Condition, ...]
    idle: tuple[IdleKey, ...]
    near_misses: tuple[NearMiss, ...]
    other_servers: tuple[OtherServers, ...] | None
    protections: tuple[Protection, ...]
    runs: tuple[RunVerdict, ...]

    @property
    def deleted(self) -> int:
        """How many runs are gone when nothing is left to delete."""
        if self.failure is not None:
            return 0
        if self.drain is None:
            return self.matching
        return self.matching + len(self.drain.added) - len(self.drain.escaped)

    @property
    def staying(self) -> int:
        """How many runs are left then."""
        return self.total - self.deleted

    @property
    def calls(self) -> int:
        """How many calls delete something."""
        if self.failure is not None:
            return 0
        return -(-self.matching // self.limit) if self.drain is None else self.drain.calls

    @property
    def protected_going(self) -> int:
        """How many protected runs would go; one that two filters protect counts twice."""
        return 0 if self.failure else sum(one.going.count for one in self.protections)

    @property
    def found_problem(self) -> bool:
        """Whether a protected run would go, or the server would fail."""
        return self.failure is not None or self.protected_going > 0

    def __repr__(self) -> str:
        from .explanation_pages import headline  # imported late: the page of it

        return f"<Explanation: {headline(self)}>"

    def __str__(self) -> str:
        from ...rendering import page_text  # imports rich
        from .explanation_pages import explanation_page

        return page_text(explanation_page(self))


def explain(
    store: Store,
    request: FilterLike,
    dialect: Dialect | str = SPEC,
    now: datetime | None = None,
    *,
    protect: Sequence[FilterLike] = (),
    runs: Sequence[str] = (),
) -> Explanation:
    """What a bulk_delete with this filter would delete of a store, and why. Changes nothing.

    `request` is a filter or a whole body, as a dict, as JSON or as a model. `now` is what ages
    count from; without it, the clock's. `protect` are filters of runs that must never go, `runs`
    ids or names of runs to explain one by one.

    Raises UsageError, with what to say instead, for a filter that is refused, and for arguments
    that are not what is described here.
    """
    store, dialect, moment = _checked(store, dialect, now)
    argument = filter_argument(request)
    asked, warned, plan = _plan(argument, dialect, moment, "the filter")
    predicate = simplify(plan.predicate)
    protected = [
        filter_predicate(one, dialect, moment, f"protected filter {place}")
        for place, one in enumerate(_listed(protect, "protect"), 1)
    ]
    conditions = keys_of(asked.flow_runs, dialect)
    keys = {one: key for key, one in conditions.items() if one is not None}
    parts = tuple(list_parts(predicate, keys))
    drain = simulate_drain(store, plan)
    null_skipped = store.difference(plan.wider, plan.predicate, 1)[0]
    warned |= plan.warnings | ({"null-values-skipped"} if null_skipped else set())
    return Explanation(
        argument,
        asked,
        dialect,
        moment,
        str(predicate),
        _warnings(warned, dialect, argument),
        _failure(plan, store),
        len(store),
        store.count(predicate),
        asked.limit,
        tuple(store.select(predicate, MAX_FIRST)),
        drain,
        find_cascade(store, predicate),
        null_skipped,
        make_tables(store, predicate, moment),
        list_conditions(store, predicate, parts),
        idle_keys(conditions, predicate, dialect),
        find_near_misses(store, predicate, parts),
        find_other_servers(store, argument.message, dialect, moment),
        tuple(find_protection(store, one, predicate, drain) for one in protected),
        explain_runs(store, predicate, keys, _listed(runs, "runs"), asked.limit, drain),
    )


def count_filter(store: Store, request: FilterLike, dialect: Dialect, now: datetime) -> FilterCount:
    """How many flow runs a bulk_delete with this filter would select: the part that is quick.

    Raises UsageError for a filter that is refused; NotPrepared as the store does.
    """
    argument = filter_argument(request)
    asked, warned, plan = _plan(argument, dialect, now, "the filter")
    return FilterCount(
        str(simplify(plan.predicate)),
        _warnings(warned | plan.warnings, dialect, argument),
        _failure(plan, store),
        len(store),
        store.count(plan.predicate),
        asked.limit,
    )


def _checked(store: object, dialect: Dialect | str, now: object) -> tuple[Store, Dialect, datetime]:
    if not isinstance(store, Store):
        raise UsageError(
            f"the store is a {type(store).__name__}; expected a Store, such as "
            "Store(load_seeds([...], now).base())"
        )
    moment = datetime.now(UTC) if now is None else require_aware(now)
    return store, find_dialect(dialect), moment


def _listed(given: Sequence[T], name: str) -> list[T]:
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise UsageError(f"{name} is a {type(given).__name__}; expected a list")
    return list(given)


def _plan(
    argument: FilterArgument, dialect: Dialect, now: datetime, where: str
) -> tuple[BulkDeleteRequest, frozenset[str], Plan]:
    try:
        read = read_request(argument.message, BulkDeleteRequest, dialect, now)
    except InvalidRequest as refusal:
        told = f"{where} {tell_refusal(refusal, dialect)}"
        raise FilterRefused(told, list_problems(refusal)) from None
    except RefusedRequest as refusal:
        raise UsageError(f"{where} is refused by {dialect.name}: {refusal}") from None
    return read.request, read.warnings, plan_bulk_delete(read.request, dialect)


def filter_predicate(given: FilterLike, dialect: Dialect, now: datetime, where: str) -> Predicate:
    """Which runs a filter selects under a dialect; `where` names it in errors.

    Raises UsageError, with what to say instead, for a filter that is refused.
    """
    return simplify(_plan(filter_argument(given, where), dialect, now, where)[2].predicate)


def _failure(plan: Plan, store: Store) -> str | None:
    """Why the database would not run the query; None if it would."""
    if plan.rejection is None:
        return None
    try:
        plan.rejection.refuse(any_runs=len(store) > 0)
    except ServerFailure as failure:
        return str(failure)
    return None


def _warnings(
    warned: frozenset[str], dialect: Dialect, argument: FilterArgument
) -> tuple[Warned, ...]:
    notes = notes_of(dialect)
    unknown = ", ".join(argument.unknown_keys) if "unknown-key" in warned else ""
    named = {"unknown-key": f": {unknown}"}
    return tuple(
        Warned(one, warning_sentence(one, dialect) + named.get(one, ""), one in notes)
        for one in sort_warnings(warned)
    )
