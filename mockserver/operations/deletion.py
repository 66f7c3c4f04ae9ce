"""The two values of a delete: its plan, which is good for any store, and its deletion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..filters import Predicate, QueryRejection
from ..prefect import WARNINGS, Deployment, Flow, FlowRun
from ..store import Store


# No slots: cached_property needs a __dict__.
@dataclass(frozen=True)
class Plan:
    """What a delete will do, worked out before any store is looked at.

    `wider` also matches the nulls that a `not_any_` skips; without such a condition it is
    `predicate` itself. `limit` is the most runs to delete, None for all. `rejection` says why the
    dialect's database would not run the query. `warnings` are ids that the filter alone earns.
    """

    predicate: Predicate
    wider: Predicate
    limit: int | None = None
    rejection: QueryRejection | None = None
    warnings: frozenset[str] = frozenset()

    @cached_property
    def sentence(self) -> str:
        """Which runs it deletes, in words. Kept: a drain logs it with every call."""
        return str(self.predicate)

    def finds_any(self, store: Store) -> bool:
        """Whether a store has anything that it would delete."""
        return bool(store.find(self.predicate, 1).ids)


# A named tuple, as each call makes one: a frozen dataclass takes twice as long (measured).
class Deletion(NamedTuple):
    """What a delete did: the deleted ids (highest first), its plan, and the ids of its warnings.

    `runs` are the deleted runs as they last were, if the caller wanted them kept: the last of them,
    where there are very many. `flows` and `deployments` are those that are gone, too. `asked` are
    the ids of those that a request asked to delete; None where it asked for flow runs.
    """

    deleted: tuple[str, ...]
    plan: Plan
    warnings: tuple[str, ...] = ()
    runs: tuple[FlowRun, ...] = ()
    flows: tuple[Flow, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    asked: tuple[str, ...] | None = None

    @property
    def answer(self) -> tuple[str, ...]:
        """The ids that the reply to a bulk delete has."""
        return self.deleted if self.asked is None else self.asked

    @property
    def predicate(self) -> Predicate:
        """The predicate that the deleted runs satisfied."""
        return self.plan.predicate


def deletion_of(runs: Iterable[FlowRun], predicate: Predicate) -> Deletion:
    """The deletion of runs that were deleted already because they satisfied `predicate`."""
    gone = tuple(runs)
    return Deletion(tuple(run.id for run in gone), Plan(predicate, predicate), runs=gone)


def sort_warnings(warned: Iterable[str]) -> tuple[str, ...]:
    """Warning ids in the order of the registry. Raises KeyError for an unknown one."""
    return tuple(sorted(warned, key=_RANK.__getitem__)) if warned else ()


_RANK = {warning: rank for rank, warning in enumerate(WARNINGS)}
