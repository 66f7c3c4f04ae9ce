"""What a bulk delete of flows or deployments will do, before any store is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...filters import (
    MATCH_ALL,
    OperatorFilter,
    Predicate,
    QuerySize,
    filter_warnings,
    find_rejection,
    measure_query,
)
from ...prefect import SPEC, Dialect
from ...requests import DeploymentsDeleteRequest, FlowsDeleteRequest
from ...store import Base, Store
from .. import FilterSet, Plan, compile_criteria_of, deployments_predicate, flows_predicate
from .wording import filter_sentence

_NO_RECORDS = Store(Base(()))


# No slots, as in Plan.
@dataclass(frozen=True)
class RelatedPlan(Plan):
    """A plan to delete the records of a kind, `flows` or `deployments`, that a filter matches.

    `predicate` is about the flow runs that go with them: it is known when the plan is carried out.
    """

    kind: str = "flows"
    filter: OperatorFilter | None = None
    dialect: Dialect = SPEC

    @cached_property
    def sentence(self) -> str:
        """Which flows or deployments it deletes, in words."""
        criteria = criteria_of(self.kind, self.filter, self.dialect)
        return filter_sentence(self.kind, self.filter, criteria)

    def predicate_on(self, store: Store) -> Predicate:
        """The condition on the flows or deployments of a store."""
        given: dict[str, Any] = {self.kind: self.filter}
        return _PREDICATES[self.kind](FilterSet(**given), store, self.dialect)

    def matching(self, store: Store) -> list[Any]:
        """The flows or deployments of a store that match, whatever the limit."""
        return list(filter(self.predicate_on(store), getattr(store, self.kind)))

    def finds_any(self, store: Store) -> bool:
        """Whether a store has anything that it would delete."""
        return any(map(self.predicate_on(store), getattr(store, self.kind)))


_PREDICATES: Mapping[str, Callable[[FilterSet, Store, Dialect], Predicate]] = {
    "flows": flows_predicate,
    "deployments": deployments_predicate,
}


def plan_flows_delete(request: FlowsDeleteRequest, dialect: Dialect) -> RelatedPlan:
    """What the body of /flows/bulk_delete means under a dialect, for any store."""
    return _plan("flows", request.flows, request.limit, dialect)


def plan_deployments_delete(request: DeploymentsDeleteRequest, dialect: Dialect) -> RelatedPlan:
    """What the body of /deployments/bulk_delete means under a dialect, for any store."""
    return _plan("deployments", request.deployments, request.limit, dialect)


def _plan(kind: str, filter_: OperatorFilter | None, limit: int, dialect: Dialect) -> RelatedPlan:
    size = measure_query(filter_, dialect)
    criteria = criteria_of(kind, filter_, dialect)
    warned = frozenset(filter_warnings(filter_, criteria, size, dialect))
    if "empty-criterion-under-or" in warned:
        # SQLAlchemy makes "true" of such a filter, as in `plan_bulk_delete`.
        size = QuerySize()
    rejection = find_rejection(size, dialect)
    return RelatedPlan(MATCH_ALL, MATCH_ALL, limit, rejection, warned, kind, filter_, dialect)


def criteria_of(
    kind: str, filter_: OperatorFilter | None, dialect: Dialect
) -> Mapping[str, Predicate]:
    """The criteria of a filter, of which some name no records yet: those of a store are not known.

    What warns of a filter does not depend on a store, and neither do most sentences.
    """
    return {} if filter_ is None else compile_criteria_of(kind, filter_, _NO_RECORDS, dialect)
