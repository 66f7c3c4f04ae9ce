"""Protected flow runs: those that must never go, and which of them would."""

from __future__ import annotations

from dataclasses import dataclass

from ...filters import AllOf, AnyOf, Predicate
from ...store import Store
from .. import SomeRuns
from .cascade import Drain

MAX_PROTECTED = 50
"""How many of the protected runs that would go are kept."""
_NO_RUN = AnyOf(())


@dataclass(frozen=True, slots=True)
class Protection:
    """A filter of runs that must never go: how many it matches, and which of them would go."""

    sentence: str
    matching: int
    going: SomeRuns


def find_protection(
    store: Store, protected: Predicate, selected: Predicate, drain: Drain | None
) -> Protection:
    """Which of the runs that one predicate protects would go as another selects them."""
    going = SomeRuns.of(store, AllOf((selected, protected)), _NO_RUN, MAX_PROTECTED)
    if drain is not None:
        going = _after_drain(store, going, protected, drain)
    return Protection(str(protected), store.count(protected), going)


def _after_drain(store: Store, going: SomeRuns, protected: Predicate, drain: Drain) -> SomeRuns:
    """With the runs that go once their parents are gone, without those that then escape."""
    added, escaped = (
        [run for run in map(store.get, ids) if run is not None and protected(run)]
        for ids in (drain.added, drain.escaped)
    )
    gone = [run for run in (*going.first, *added) if run not in escaped]
    return SomeRuns(going.count + len(added) - len(escaped), tuple(gone[:MAX_PROTECTED]))
