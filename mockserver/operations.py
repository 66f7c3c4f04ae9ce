"""The verbs, without HTTP: what a request does to a store, and what is worth saying about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import cautions
from .dialects import WARNINGS, Dialect
from .errors import ServerFailure
from .filters import BulkDeleteRequest
from .predicates import EVERY, Predicate, admit_nulls, compile_criteria, join_criteria
from .store import Store


@dataclass(frozen=True, slots=True)
class Deletion:
    """What bulk_delete did: the ids that are gone (highest first), why, and what to be told."""

    deleted: tuple[str, ...]
    predicate: Predicate
    warnings: tuple[str, ...]


def bulk_delete(store: Store, request: BulkDeleteRequest, dialect: Dialect) -> Deletion:
    """Delete the matching runs with the highest ids, up to the limit (M10), in one step.

    Raises ServerFailure, and deletes nothing, where the dialect's database would give up.
    """
    wanted = request.flow_runs
    load = cautions.load_of(wanted)
    criteria = compile_criteria(wanted, dialect)
    predicate = join_criteria(wanted, criteria)
    warned = set(cautions.of_filter(wanted, criteria, load))
    try:
        cautions.refuse_overload(load, dialect, any_runs=len(store) > 0)
    except ServerFailure as failure:
        failure.warnings = in_order(warned)
        raise
    matching = store.select(predicate, request.limit + 1)
    warned.update(_of_matches(store, predicate, len(matching) > request.limit))
    deleted = store.delete(run.id for run in matching[: request.limit])
    return Deletion(tuple(deleted), predicate, in_order(warned))


def _of_matches(store: Store, predicate: Predicate, more: bool) -> Iterator[str]:
    if more:
        yield "limit-reached"
    if predicate != EVERY:
        wider = admit_nulls(predicate)
        if wider is not predicate and store.any_more(wider, predicate):
            yield "null-values-skipped"


def in_order(warned: Iterable[str]) -> tuple[str, ...]:
    """Warning ids in the registry's order. Raises KeyError for one that is not registered."""
    return tuple(sorted(warned, key=_RANK.__getitem__))


_RANK = {warning: rank for rank, warning in enumerate(WARNINGS)}
