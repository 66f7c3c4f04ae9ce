"""Protected records: those that must never go with flows or deployments, and which would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...filters import ONE_OF, AllOf, AnyOf, Comparison, Predicate
from ...operations.related_deletes import runs_going
from ...prefect import Dialect
from ...store import Store
from ..explanation import filter_predicate
from .request import KINDS, parse_object, read_related

MAX_SHOWN = 10
"""How many of the protected records that would go are kept."""


_NONE = AnyOf(())


@dataclass(frozen=True, slots=True)
class RelatedProtection:
    """A filter of records that must never go: how many it matches, and how many would go.

    `kind` is what it is about; `first` are an id and a name of some that would go.
    """

    kind: str
    sentence: str
    matching: int
    going: int
    first: tuple[tuple[str, str], ...]


def find_protections(
    store: Store,
    protect: Sequence[str | bytes | Mapping[str, Any]],
    kind: str,
    ids: Sequence[str],
    dialect: Dialect,
    now: datetime,
) -> tuple[RelatedProtection, ...]:
    """What filters protect of that which goes with the records of a kind that have these ids.

    Raises UsageError for a filter that is refused.
    """
    return tuple(
        _find_protection(store, one, kind, ids, dialect, now, f"protected filter {place}")
        for place, one in enumerate(protect, 1)
    )


def _find_protection(
    store: Store,
    given: str | bytes | Mapping[str, Any],
    kind: str,
    ids: Sequence[str],
    dialect: Dialect,
    now: datetime,
    where: str,
) -> RelatedProtection:
    value = parse_object(given, where)
    protected = next((one for one in ("flow_runs", *KINDS) if one in value), kind)
    if protected == "flow_runs":
        predicate = filter_predicate(given, dialect, now, where)
        return _protected_runs(store, predicate, runs_going(kind, ids))
    plan = read_related(given, protected, dialect, now, where).plan
    matching = plan.matching(store)
    going = list(filter(_goes(protected, kind, ids), matching))
    return RelatedProtection(protected, plan.sentence, len(matching), len(going), _named(going))


def _goes(protected: str, kind: str, ids: Sequence[str]) -> Predicate:
    """Which records of one kind go with those of another: deployments with their flows."""
    if protected == kind:
        return Comparison("id", ONE_OF, frozenset(ids))
    return Comparison("flow_id", ONE_OF, frozenset(ids)) if kind == "flows" else _NONE


def _protected_runs(store: Store, protected: Predicate, going: Predicate) -> RelatedProtection:
    both = AllOf((protected, going))
    first = _named(store.select(both, MAX_SHOWN))
    matching, gone = store.count(protected), store.count(both)
    return RelatedProtection("flow_runs", str(protected), matching, gone, first)


def _named(records: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((one.id, one.name) for one in list(records)[:MAX_SHOWN])
