"""Fail a test with every difference between two servers, not only the first."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

MAX_SHOWN = 40


def fail_on_differences(differences: Iterable[str | None]) -> None:
    """Fail with the differences, if there are any; None stands for no difference."""
    found = [each for each in differences if each]
    if found:
        shown = "\n".join(found[:MAX_SHOWN])
        pytest.fail(f"{len(found)} answers differ:\n{shown}", pytrace=False)
