"""What a bulk delete of flows or deployments takes with it, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...errors import ServerFailure
from ...filters import NONE_OF, ONE_OF, AllOf, Comparison, Operator, combine
from ...operations import compile_criteria_of, refuse_rejected, sort_warnings
from ...operations.related_deletes import (
    RelatedPlan,
    criterion_sentence,
    first_by_name,
    runs_going,
)
from ...prefect import SPEC, Dialect, find_dialect, notes_of, require_aware, warning_sentence
from ...store import Store
from ..explanation import Cascade, Table, Warned, find_cascade, make_tables
from .protections import RelatedProtection, find_protections
from .request import read_related
from .tables import record_tables

MAX_FIRST = 10
"""How many of those that go first are kept."""


@dataclass(frozen=True, slots=True)
class Named:
    """A flow or a deployment, as a reader knows it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """What one criterion of a filter asks for, and how many records it alone keeps out."""

    name: str
    sentence: str
    alone: int


@dataclass(frozen=True, slots=True, repr=False)
class RelatedExplanation:
    """What a bulk delete of flows or deployments does, if it is sent until nothing is left.

    `kind` is `flows` or `deployments`. `matching` of `total` are selected, and go in calls of
    `limit`, `first` before the others. `failure` is why the database would not run the query.

    With them go `flow_runs`, of which `cascade` says more, `deployments` of flows, and
    `schedules`. `referring` flow runs stay and name a deployment that is gone. `limits` are the
    names of the concurrency limits that go, which `losing` deployments have lost that stay.
    `tables` are about the selected records, `run_tables` about the flow runs.
    """

    kind: str
    body: bytes
    dialect: Dialect
    now: datetime
    sentence: str
    warnings: tuple[Warned, ...]
    failure: str | None
    total: int
    matching: int
    limit: int
    first: tuple[Named, ...]
    flow_runs: int
    cascade: Cascade
    deployments: int
    schedules: int
    referring: int
    limits: tuple[str, ...]
    losing: int
    tables: tuple[Table, ...]
    run_tables: tuple[Table, ...]
    criteria: tuple[Criterion, ...]
    protections: tuple[RelatedProtection, ...]

    @property
    def deleted(self) -> int:
        """How many flows or deployments are gone when nothing is left to delete."""
        return 0 if self.failure else self.matching

    @property
    def calls(self) -> int:
        """How many calls delete something."""
        return -(-self.deleted // self.limit)

    @property
    def protected_going(self) -> int:
        """How many protected records would go."""
        return 0 if self.failure else sum(one.going for one in self.protections)

    @property
    def found_problem(self) -> bool:
        """Whether a protected record would go, or the server would fail."""
        return self.failure is not None or self.protected_going > 0

    def __repr__(self) -> str:
        from .pages import related_headline  # imported late: the page of it

        return f"<RelatedExplanation: {related_headline(self)}>"

    def __str__(self) -> str:
        from ...rendering import page_text  # imports rich
        from .pages import related_page

        return page_text(related_page(self))


def explain_related(
    store: Store,
    request: str | bytes | Mapping[str, Any],
    kind: str,
    dialect: Dialect | str = SPEC,
    now: datetime | None = None,
    *,
    protect: Sequence[str | bytes | Mapping[str, Any]] = (),
) -> RelatedExplanation:
    """What a bulk delete of `flows` or `deployments` with this filter would delete of a store.

    `request` is a filter or a whole body. `protect` are filters of records that must never go: on
    the same kind or, as a body such as {"flow_runs": {...}}, on another. Changes nothing. Raises
    UsageError for a filter that is refused.
    """
    known, moment = find_dialect(dialect), require_aware(now) if now else datetime.now(UTC)
    asked = read_related(request, kind, known, moment, "the filter")
    plan = asked.plan
    matching = plan.matching(store)
    ids = [one.id for one in matching]
    runs = runs_going(kind, ids)
    deployments = matching if kind == "deployments" else _deployments_of(store, ids)
    limits, losing = _limits_going(store, matching) if kind == "deployments" else ((), 0)
    named = Comparison("deployment_id", ONE_OF, frozenset(one.id for one in deployments))
    flow_runs = store.count(runs)
    return RelatedExplanation(
        kind,
        asked.body,
        known,
        moment,
        plan.sentence,
        _warnings(asked.warnings | plan.warnings, asked.unknown_keys, known),
        _failure(plan, store),
        len(getattr(store, kind)),
        len(matching),
        plan.limit or len(matching),
        tuple(Named(one.id, one.name) for one in first_by_name(matching, MAX_FIRST)),
        flow_runs,
        find_cascade(store, runs),
        len(deployments) if kind == "flows" else 0,
        sum(map(_schedules, deployments)),
        store.count(named) - store.count(AllOf((named, runs))),
        limits,
        losing,
        record_tables(store, kind, matching),
        make_tables(store, runs, moment) if flow_runs else (),
        tuple(_criteria(store, plan, len(matching))),
        find_protections(store, protect, kind, ids, known, moment),
    )


def _deployments_of(store: Store, flow_ids: Sequence[str]) -> list[Any]:
    return list(filter(Comparison("flow_id", ONE_OF, frozenset(flow_ids)), store.deployments))


def _schedules(deployment: Any) -> int:
    given = deployment.rest.get("schedules")
    return len(given) if isinstance(given, list) else 0


def _limits_going(store: Store, going: Sequence[Any]) -> tuple[tuple[str, ...], int]:
    """The names of the limits that go with deployments, and how many others have had them."""
    limits = {limit["id"]: limit for limit in map(_limit_of, going) if limit}
    ids = frozenset(one.id for one in going)
    others = filter(Comparison("id", NONE_OF, ids), store.deployments)
    losing = sum(_limit_of(one).get("id") in limits for one in others)
    return tuple(sorted(str(limit.get("name")) for limit in limits.values())), losing


def _limit_of(deployment: Any) -> Mapping[str, Any]:
    limit = deployment.rest.get("global_concurrency_limit")
    return limit if isinstance(limit, Mapping) and isinstance(limit.get("id"), str) else {}


def _criteria(store: Store, plan: RelatedPlan, matching: int) -> list[Criterion]:
    """What each criterion keeps out alone; of criteria that are joined by or, none does."""
    given = plan.filter
    if given is None or given.operator is Operator.or_:
        return []
    compiled = compile_criteria_of(plan.kind, given, store, plan.dialect)
    found = []
    for name, predicate in compiled.items():
        others = combine(Operator.and_, [one for key, one in compiled.items() if key != name])
        kept_out = sum(map(others, getattr(store, plan.kind))) - matching
        sentence = criterion_sentence(given, name, predicate) or "no condition"
        found.append(Criterion(name, sentence, kept_out))
    return found


def _failure(plan: RelatedPlan, store: Store) -> str | None:
    try:
        refuse_rejected(plan, any_records=len(getattr(store, plan.kind)) > 0)
    except ServerFailure as failure:
        return str(failure)
    return None


def _warnings(
    warned: frozenset[str], unknown: Sequence[str], dialect: Dialect
) -> tuple[Warned, ...]:
    notes = notes_of(dialect)
    named = {"unknown-key": f": {', '.join(unknown)}"}
    return tuple(
        Warned(one, warning_sentence(one, dialect) + named.get(one, ""), one in notes)
        for one in sort_warnings(warned)
    )
