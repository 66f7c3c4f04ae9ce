"""Hypothesis as a search: draw values, find the first that shows a difference, make it small."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.reporting import with_reporter
from hypothesis.strategies import SearchStrategy

from ..server import TargetError

T = TypeVar("T")
DifferenceT = TypeVar("DifferenceT")


class _DifferenceFound(Exception):
    """What is drawn shows a difference."""


def find_smallest_difference(
    strategy: SearchStrategy[T],
    compare: Callable[[T], DifferenceT | None],
    *,
    examples: int,
    random_seed: int,
) -> DifferenceT | None:
    """Draw up to so many values; where one shows a difference, that of the smallest that does.

    `number` is the seed. Raises TargetError as soon as `look` does.
    """
    found: list[DifferenceT] = []
    errors: list[TargetError] = []

    @seed(random_seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def try_one(value: T) -> None:
        if errors:  # every further one would fail, too
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
    except (_DifferenceFound, Flaky):  # flaky: it did not show each time; what was seen was seen
        pass
    if errors and not found:
        raise errors[0]
    return found[-1] if found else None
