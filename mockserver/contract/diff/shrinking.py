"""Making a difference small: filters by leaving out one thing at a time, traces with hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.reporting import with_reporter
from hypothesis.strategies import SearchStrategy

from ..server import TargetError

Json = Any
T = TypeVar("T")
DifferenceT = TypeVar("DifferenceT")


def shrink_filter(
    filter_body: Json, difference: DifferenceT, compare: Callable[[Json], DifferenceT | None]
) -> DifferenceT:
    """The difference of a filter from which nothing can be left out so that one still shows.

    `difference` is what `filter_body` shows; `compare` returns what another filter shows, or None.
    """
    for smaller in smaller_filters(filter_body):
        found = compare(smaller)
        if found is not None:
            return shrink_filter(smaller, found, compare)
    return difference


def smaller_filters(filter_body: Json) -> Iterator[Json]:
    """The filter without one of its parts: a criterion, a key, an operator, values of a list."""
    if isinstance(filter_body, dict):
        for key in filter_body:
            yield {other: value for other, value in filter_body.items() if other != key}
        for key, value in filter_body.items():
            yield from ({**filter_body, key: smaller} for smaller in smaller_filters(value))
    elif isinstance(filter_body, list) and len(filter_body) > 1:
        half = len(filter_body) // 2
        yield from (filter_body[:half], filter_body[half:])


class _DifferenceFound(Exception):
    """Raised to tell hypothesis that a value shows a difference."""


def find_smallest_difference(
    strategy: SearchStrategy[T],
    compare: Callable[[T], DifferenceT | None],
    *,
    examples: int,
    random_seed: int,
) -> DifferenceT | None:
    """Draw up to `examples` values; return the difference of the smallest that shows one, or None.

    `compare` returns the difference that a value shows, or None. The same `random_seed` draws the
    same values. If `compare` raises TargetError, no further value is compared; it is raised again,
    unless a difference was found before.
    """
    found: list[DifferenceT] = []
    errors: list[TargetError] = []

    @seed(random_seed)
    @_search_settings(examples)
    @given(strategy)
    def try_one(value: T) -> None:
        if errors:  # every further comparison would fail too
            return
        try:
            difference = compare(value)
        except TargetError as error:
            errors.append(error)
            return
        if difference is not None:
            found.append(difference)
            raise _DifferenceFound

    try:
        with with_reporter(lambda _text: None):
            try_one()
    except (_DifferenceFound, Flaky):  # Flaky: the difference did not show again; it counts anyway
        pass
    if errors and not found:
        raise errors[0]
    return found[-1] if found else None


def _search_settings(examples: int) -> settings:
    """Settings for a search and not a test: deterministic, silent, without time limits."""
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
