"""What a request means on a server: which flow runs it selects, or why it is refused.

Invariant: it is what the mock does. A request is read and carried out as the mock does it, on a
store with one flow run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..errors import InvalidRequest, RefusedRequest, ServerFailure
from ..filters import MATCH_ALL, AllOf, AnyOf, Comparison, Predicate, combine_criteria
from ..operations import (
    Context,
    FilterSet,
    compile_criteria_of,
    filter_set_from,
    flow_runs_predicate,
)
from ..prefect import Dialect, FlowRun
from ..requests import Message
from ..store import Base, Store
from .selecting_endpoints import SelectingEndpoint

_ANY_ID = "ffffffff-ffff-4fff-bfff-ffffffffffff"
# One run: some queries fail only where there is a row to compare (see `QueryRejection`).
_NO_RUN = AnyOf(())
_ONE_RUN = Store(Base([FlowRun(id=_ANY_ID, name="any")]))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a request means under a dialect, whatever flow runs there are.

    `conditions` are those on each kind of record that the request has a filter on; `filters` are
    the filters themselves. `limit` is what the request says: how many flow runs one call takes.
    """

    dialect: Dialect
    filters: FilterSet
    conditions: tuple[tuple[str, Predicate], ...]
    limit: int | None

    @property
    def selects_all(self) -> bool:
        """Whether no condition is left, so that every flow run is selected."""
        return self.conditions in ((), (("flow_runs", MATCH_ALL),))

    def predicate_on(self, store: Store) -> Predicate:
        """The condition on flow runs. A store is asked what filters on other records match."""
        return flow_runs_predicate(self.filters, store, self.dialect)

    def __str__(self) -> str:
        only_runs = [kind for kind, _ in self.conditions] in ([], ["flow_runs"])
        return (
            "; ".join(
                str(predicate) if only_runs else f"{kind.replace('_', ' ')}: {predicate}"
                for kind, predicate in self.conditions
            )
            or "every flow run"
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a server answers a request with an error and does nothing; `reason` in words."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def find_meaning(
    endpoint: SelectingEndpoint, message: Message, dialect: Dialect, now: datetime
) -> Meaning | Refusal:
    """What a request to an endpoint means to the servers of a dialect.

    `now` is what the time `now` in a request stands for.
    """
    try:
        body = endpoint.carry_out(message, Context(_ONE_RUN.fork(), dialect, now, lambda: _ANY_ID))
    except RefusedRequest as refusal:
        return Refusal(_reason(refusal))
    filters = filter_set_from(body)
    kinds = (kind for kind in FilterSet.__dataclass_fields__ if getattr(filters, kind) is not None)
    conditions = tuple((kind, _condition(kind, filters, dialect)) for kind in kinds)
    return Meaning(dialect, filters, conditions, getattr(body, "limit", None))


def _condition(kind: str, filters: FilterSet, dialect: Dialect) -> Predicate:
    kind_filter = getattr(filters, kind)
    criteria = compile_criteria_of(kind, kind_filter, _ONE_RUN, dialect)
    return simplify(combine_criteria(kind_filter, criteria))


def simplify(predicate: Predicate) -> Predicate:
    """An equal predicate without parts that decide nothing, and without needless brackets.

    So it is shorter to read, and two that mean the same are more often equal.
    """
    if isinstance(predicate, Comparison):
        return predicate
    kind = type(predicate)
    # What decides alone, and what decides nothing.
    decides, idle = (_NO_RUN, MATCH_ALL) if kind is AllOf else (MATCH_ALL, _NO_RUN)
    parts: list[Predicate] = []
    for part in map(simplify, predicate.parts):
        if part == decides:
            return decides
        if part != idle:
            parts += part.parts if isinstance(part, kind) else [part]
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _reason(refusal: RefusedRequest) -> str:
    if isinstance(refusal, ServerFailure):
        return f"fails to answer it: {refusal}"
    if isinstance(refusal, InvalidRequest):
        places = ".".join(str(part) for part in refusal.errors[0]["loc"])
        return f"refuses it as invalid: {places}: {refusal}"
    return f"refuses it: {refusal}"


def have_same_effect(one: Meaning | Refusal, other: Meaning | Refusal) -> bool:
    """Whether two meanings of a request come to the same, whatever flow runs there are.

    If not, they may still select the same of the flow runs that there are.
    """
    if isinstance(one, Refusal) or isinstance(other, Refusal):
        return isinstance(one, Refusal) and isinstance(other, Refusal)
    return one.conditions == other.conditions
