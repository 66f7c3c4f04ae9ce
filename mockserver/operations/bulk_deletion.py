"""The verbs, without HTTP: what a request does to a store, and what is worth saying about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..errors import ServerFailure
from ..filters import (
    Predicate,
    QueryRejection,
    QuerySize,
    admit_nulls,
    combine_criteria,
    compile_criteria,
    filter_warnings,
    find_rejection,
    measure_query,
)
from ..prefect import WARNINGS, Dialect, FlowRun
from ..requests import BulkDeleteRequest
from ..store import Store


@dataclass(frozen=True)
class Plan:
    """What a bulk_delete request comes to before a store is looked at; good for any store.

    `wider` also admits the nulls that a `not_any_` skips; it is `predicate` where none does.
    """

    predicate: Predicate
    wider: Predicate
    limit: int
    overload: QueryRejection | None
    warnings: frozenset[str]

    @cached_property
    def sentence(self) -> str:
        """Which runs it is about, in words."""
        return str(self.predicate)


class Deletion(NamedTuple):
    """What bulk_delete did: the ids that are gone (highest first), why, and what to be told.

    `runs` are those that are gone, as they last were, where they were to be kept.
    """

    deleted: tuple[str, ...]
    plan: Plan
    warnings: tuple[str, ...]
    runs: tuple[FlowRun, ...] = ()

    @property
    def predicate(self) -> Predicate:
        """What the runs that are gone satisfied."""
        return self.plan.predicate


def bulk_delete(store: Store, request: BulkDeleteRequest, dialect: Dialect) -> Deletion:
    """Delete the matching runs with the highest ids, up to the limit (M10), in one step.

    Raises ServerFailure, and deletes nothing, where the dialect's database would give up.
    """
    return execute_bulk_delete(plan_bulk_delete(request, dialect), store)


def plan_bulk_delete(request: BulkDeleteRequest, dialect: Dialect) -> Plan:
    """The half of bulk_delete that needs no store, to be kept for a request that comes again."""
    wanted = request.flow_runs
    load = measure_query(wanted)
    criteria = compile_criteria(wanted, dialect)
    predicate = combine_criteria(wanted, criteria)
    warned = frozenset(filter_warnings(wanted, criteria, load))
    if "empty-criterion-under-or" in warned:
        # SQLAlchemy makes that "true" and nothing else: no value gets to the database.
        load = QuerySize()
    overload = find_rejection(load, dialect)
    return Plan(predicate, admit_nulls(predicate), request.limit, overload, warned)


def execute_bulk_delete(plan: Plan, store: Store, *, keep_runs: bool = False) -> Deletion:
    """The half of bulk_delete that changes a store. Raises ServerFailure as `bulk_delete` does.

    `keep_runs`: whether it is also wanted what the runs were; made for it, they cost as much as
    the delete.
    """
    if plan.overload:
        try:
            plan.overload.refuse(any_runs=len(store) > 0)
        except ServerFailure as failure:
            failure.warnings = sort_warnings(plan.warnings)
            raise
    found = store.find(plan.predicate, plan.limit)
    warned = plan.warnings
    if found.more:
        warned |= {"limit-reached"}
    if plan.wider is not plan.predicate and store.any_more(plan.wider, plan.predicate):
        warned |= {"null-values-skipped"}
    runs = tuple(filter(None, map(store.get, found.ids))) if keep_runs else ()
    store.delete_found(found)
    return Deletion(tuple(found.ids), plan, sort_warnings(warned), runs)


def sort_warnings(warned: Iterable[str]) -> tuple[str, ...]:
    """Warning ids in the registry's order. Raises KeyError for one that is not registered."""
    return tuple(sorted(warned, key=_RANK.__getitem__)) if warned else ()


_RANK = {warning: rank for rank, warning in enumerate(WARNINGS)}
