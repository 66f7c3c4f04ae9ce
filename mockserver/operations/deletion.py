"""A delete in two values: the plan, good for any store, and the deletion that it came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..filters import Predicate, QueryRejection
from ..prefect import WARNINGS, FlowRun


@dataclass(frozen=True)
class Plan:
    """What a delete comes to before a store is looked at.

    `wider` also admits the nulls that a `not_any_` skips; it is `predicate` where none does.
    `limit` is None where every match goes. `rejection`: why the dialect's database would not run
    it. `warnings` are the ids that the filter earns, whatever it selects.
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


class Deletion(NamedTuple):
    """What a delete did: the ids that are gone (highest first), why, and the ids of its warnings.

    `runs` are those that are gone, as they last were, where they were asked for.
    """

    deleted: tuple[str, ...]
    plan: Plan
    warnings: tuple[str, ...] = ()
    runs: tuple[FlowRun, ...] = ()

    @property
    def predicate(self) -> Predicate:
        """What the runs that are gone satisfied."""
        return self.plan.predicate


def deletion_of(runs: Iterable[FlowRun], predicate: Predicate) -> Deletion:
    """The deletion of runs that are gone already because they satisfied `predicate`."""
    gone = tuple(runs)
    return Deletion(tuple(run.id for run in gone), Plan(predicate, predicate), runs=gone)


def sort_warnings(warned: Iterable[str]) -> tuple[str, ...]:
    """Warning ids in the order of the registry. Raises KeyError for an unknown one."""
    return tuple(sorted(warned, key=_RANK.__getitem__)) if warned else ()


_RANK = {warning: rank for rank, warning in enumerate(WARNINGS)}
