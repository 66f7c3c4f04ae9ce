"""Near misses: flow runs that one condition alone spares, nearest first.

Invariant: a near miss is not selected, and would be without that condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...filters import AT_OR_AFTER, AT_OR_BEFORE, AllOf, Comparison, Predicate
from ...prefect import FlowRun
from ...store import Store
from .conditions import Effect, Part, without

MAX_OF_CONDITION = 5
"""How many near misses of a condition are kept, of those that are nearest."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A run that a condition alone spares.

    `distance` is how far its time is beyond the bound of `before_` or `after_`; None where the
    condition is another one, or the run has no such time.
    """

    run: FlowRun
    key: str
    sentence: str
    distance: timedelta | None = None


def find_near_misses(
    store: Store, predicate: Predicate, parts: Iterable[Part]
) -> tuple[NearMiss, ...]:
    """The near misses of all conditions, nearest first, then those without a distance."""
    found = [
        miss
        for part in parts
        if part.effect is Effect.KEEPS_OUT
        for miss in _misses_of(store, predicate, part)
    ]
    found.sort(key=lambda miss: (miss.distance is None, miss.distance or timedelta()))
    return tuple(found)


def _misses_of(store: Store, predicate: Predicate, part: Part) -> Iterator[NearMiss]:
    wider = without(predicate, part.path)
    count, first = store.difference(wider, predicate, MAX_OF_CONDITION)
    if not count:
        return
    spared: dict[str, FlowRun] = {}
    test = part.predicate
    if isinstance(test, Comparison) and test.relation in (AT_OR_BEFORE, AT_OR_AFTER):
        nearest = _nearest(store, wider, test)
        spared = {run.id: run for run in nearest if not predicate(run)}
    for run in first:
        spared.setdefault(run.id, run)
    for run in list(spared.values())[:MAX_OF_CONDITION]:
        yield NearMiss(run, part.key, str(test), _distance(run, test))


def _nearest(store: Store, wider: Predicate, test: Comparison) -> list[FlowRun]:
    """Runs beyond a bound of time, nearest first: a few more than are kept."""
    bound: datetime = test.operand
    later = test.relation is AT_OR_BEFORE
    try:
        edge = bound + _TICK if later else bound - _TICK
    except OverflowError:  # nothing is beyond the last or first instant
        return []
    beyond = AllOf((wider, Comparison(test.column, AT_OR_AFTER if later else AT_OR_BEFORE, edge)))
    return store.nearest(beyond, test.column, 2 * MAX_OF_CONDITION, latest=not later)


def _distance(run: FlowRun, test: Predicate) -> timedelta | None:
    if not isinstance(test, Comparison) or test.relation not in (AT_OR_BEFORE, AT_OR_AFTER):
        return None
    value: datetime | None = getattr(run, test.column)
    return None if value is None else abs(value - test.operand)
