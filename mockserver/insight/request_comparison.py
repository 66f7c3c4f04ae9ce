"""What a user's requests do on two releases: to any flow runs, and to those that there are.

Invariant: the flow runs told as differing are exactly those that one release selects and the other
does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..filters import AnyOf, Predicate
from ..prefect import Dialect, FlowRun
from ..requests import Message
from ..store import Store
from .recorded_requests import RecordedRequest
from .release_differences import Difference, ReleaseComparison
from .request_meaning import Meaning, Refusal, find_meaning, have_same_effect
from .selecting_endpoints import Effect, SelectingEndpoint

# Bounds of what is kept to be shown; the counts are always exact.
MAX_RUNS = 100
"""How many flow runs of a difference are kept."""
MAX_DETAILED = 1_000
"""How many differences keep flow runs at all."""
MAX_PLACES = 3
"""How many places of a request that came several times are kept."""
_NO_RUNS = AnyOf(())  # what a refused request selects


@dataclass(frozen=True, slots=True)
class SomeRuns:
    """Flow runs: how many, and the first of them, highest id first."""

    count: int
    first: tuple[FlowRun, ...]

    @classmethod
    def of(cls, store: Store, one: Predicate, other: Predicate, shown: int) -> SomeRuns:
        """The runs that satisfy `one` and not `other`; the first `shown` of them are kept."""
        count, first = store.difference(one, other, shown)
        return cls(count, tuple(first))


@dataclass(frozen=True, slots=True)
class RequestDifference:
    """A request that does not do the same on two releases.

    `times`: how often it came, at `places` first. `before` and `after` are what it means on each
    release. `causes` are the differences between these that make it so.

    The rest is about the flow runs that there are; without any given, it is None. `counts` are how
    many each release selects; `added` are those that only the later selects, `removed` those that
    only the earlier does.
    """

    endpoint: SelectingEndpoint
    message: Message
    times: int
    places: tuple[str, ...]
    before: Meaning | Refusal
    after: Meaning | Refusal
    causes: tuple[Difference, ...]
    counts: tuple[int, int] | None = None
    added: SomeRuns | None = None
    removed: SomeRuns | None = None

    @property
    def matters(self) -> bool:
        """Whether it does otherwise: with the runs that there are or, without any, with some."""
        if self.counts is None or self.changes_runs:
            return True
        return isinstance(self.before, Refusal) or isinstance(self.after, Refusal)

    @property
    def changes_runs(self) -> bool:
        """Whether it selects other flow runs of those that there are."""
        return any(runs is not None and runs.count > 0 for runs in (self.added, self.removed))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many requests, the place of the first of them, and what there is to say about it."""

    count: int = 0
    where: str = ""
    text: str = ""

    def add(self, places: Sequence[str], text: str) -> Tally:
        """The tally with one more request, which came at these places."""
        return Tally(self.count + len(places), self.where or places[0], self.text or text)


@dataclass(frozen=True, slots=True)
class RequestComparison:
    """What all requests of a file do on two releases. Numbers are of requests as they came.

    `same` select the same runs whatever there are, and `unfiltered` are those of them that change
    every run. `refused` are refused by both releases. `skipped` select no flow runs, by title.
    `runs` is the number of flow runs that there are, None where none were given.
    """

    total: int
    differences: tuple[RequestDifference, ...]
    same: int
    unfiltered: Tally
    refused: Tally
    skipped: Mapping[str, int]
    runs: int | None

    @property
    def mattering(self) -> tuple[RequestDifference, ...]:
        """The differences that matter, in the order of the file."""
        return tuple(one for one in self.differences if one.matters)

    @property
    def compared(self) -> int:
        """How many requests select flow runs."""
        return self.total - sum(self.skipped.values())


def compare_requests(
    requests: Iterable[RecordedRequest],
    releases: ReleaseComparison,
    now: datetime,
    store: Store | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> RequestComparison:
    """What each request does on two releases, to the flow runs of a store if there is one.

    A request that comes several times is compared once; `progress` is called with how many
    were compared since the last call.
    """
    comparer = _Comparer(releases, now, store)
    skipped: Counter[str] = Counter()
    places: dict[tuple[SelectingEndpoint, Message], list[str]] = {}
    for request in requests:
        if request.endpoint is None:
            skipped[request.title] += 1
        else:
            places.setdefault((request.endpoint, request.message), []).append(request.where)
    for (endpoint, message), where in places.items():
        comparer.compare(endpoint, message, where)
        progress(len(where))
    return comparer.result(skipped)


class _Comparer:
    """Compares requests one by one and gathers what comes of it."""

    def __init__(self, releases: ReleaseComparison, now: datetime, store: Store | None) -> None:
        self.releases = releases
        self.now = now
        self.store = store
        self.differences: list[RequestDifference] = []
        self.same = 0
        self.unfiltered = self.refused = Tally()

    def compare(self, endpoint: SelectingEndpoint, message: Message, where: list[str]) -> None:
        """Compare what a request that came at these places means on the two releases."""
        before = find_meaning(endpoint, message, self.releases.before, self.now)
        after = find_meaning(endpoint, message, self.releases.after, self.now)
        if not have_same_effect(before, after):
            causes = find_causes(endpoint, message, self.releases, self.now)
            places = tuple(where[:MAX_PLACES])
            difference = RequestDifference(
                endpoint, message, len(where), places, before, after, causes
            )
            self.differences.append(self._with_runs(difference))
        elif isinstance(after, Refusal):
            self.refused = self.refused.add(where, after.reason)
        else:
            self.same += len(where)
            if after.selects_all and endpoint.effect is not Effect.READS:
                self.unfiltered = self.unfiltered.add(where, endpoint.effect.value)

    def _with_runs(self, difference: RequestDifference) -> RequestDifference:
        """The difference with the flow runs that it is about, if there is a store."""
        store = self.store
        if store is None:
            return difference
        before, after = (
            _NO_RUNS if isinstance(meaning, Refusal) else meaning.predicate_on(store)
            for meaning in (difference.before, difference.after)
        )
        shown = MAX_RUNS if len(self.differences) < MAX_DETAILED else 0
        return replace(
            difference,
            counts=(store.count(before), store.count(after)),
            added=SomeRuns.of(store, after, before, shown),
            removed=SomeRuns.of(store, before, after, shown),
        )

    def result(self, skipped: Mapping[str, int]) -> RequestComparison:
        differing = sum(one.times for one in self.differences)
        return RequestComparison(
            differing + self.same + self.refused.count + sum(skipped.values()),
            tuple(self.differences),
            self.same,
            self.unfiltered,
            self.refused,
            skipped,
            None if self.store is None else len(self.store),
        )


def find_causes(
    endpoint: SelectingEndpoint, message: Message, releases: ReleaseComparison, now: datetime
) -> tuple[Difference, ...]:
    """Which differences between two releases make a request mean something else.

    A difference is a cause if it alone, on one of the two releases, changes the meaning.
    """
    for here, there in ((releases.before, releases.after), (releases.after, releases.before)):
        meaning = find_meaning(endpoint, message, here, now)
        causes = tuple(
            one
            for one in releases.differences
            for switched in _switch(one, here, there)
            if not have_same_effect(meaning, find_meaning(endpoint, message, switched, now))
        )
        if causes:
            return causes
    return ()


def _switch(difference: Difference, here: Dialect, there: Dialect) -> Iterator[Dialect]:
    """The dialect `here` with one difference taken from `there`, if a field stands for it."""
    if hasattr(here, difference.field):
        changed: dict[str, Any] = {difference.field: getattr(there, difference.field)}
        yield replace(here, **changed)
