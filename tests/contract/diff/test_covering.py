# Whatever the budget, filters are spread over all cells, and pairs of keys decide together.

from __future__ import annotations

import json
from itertools import combinations, islice
from typing import Any

import pytest

from mockserver.contract.diff.coverage import DECIDABLE_CELLS, Coverage, decided_cells
from mockserver.contract.diff.covering import plan_filters
from mockserver.contract.diff.twin import Twin
from mockserver.filters.predicates import CONDITIONS
from tests.contract.diff.test_filter_sweep import POPULATION, VOCABULARY, is_documented

PLAN = list(plan_filters(VOCABULARY, POPULATION, 1))


def undecided_after(filters: list[Any]) -> list[str]:
    coverage = Coverage()
    for filter_body in filters:
        coverage.record(filter_body, POPULATION)
    return coverage.undecided()


def test_the_document_allows_every_planned_filter_and_none_comes_twice() -> None:
    """A refused filter, or one that was tried before, tells nothing."""
    assert all(map(is_documented, PLAN))
    assert len({json.dumps(one, sort_keys=True) for one in PLAN}) == len(PLAN)


@pytest.mark.parametrize(("budget", "undecided"), [(100, 0.4), (300, 0.1), (600, 0.06)])
def test_a_small_budget_is_spread_over_all_cells(budget: int, undecided: float) -> None:
    """At 300, times and states are decided as other criteria are."""
    plan = list(islice(plan_filters(VOCABULARY, POPULATION, 1), budget))
    left = undecided_after(plan)
    assert len(left) <= undecided * len(DECIDABLE_CELLS)
    if budget >= 300:
        assert not [cell for cell in left if "state" in cell or "time" in cell]


def test_most_pairs_of_keys_decide_together_under_or() -> None:
    """The others cannot on these flow runs, or no draw of values showed it."""
    keys = [(criterion, key) for criterion, names in CONDITIONS.items() for key in names]
    together = set()
    for filter_body in PLAN:
        if filter_body.get("operator") == "or_":
            deciding = sorted({cell[:2] for cell in decided_cells(filter_body, POPULATION)})
            together |= set(combinations(deciding, 2))
    assert len(together) >= 0.8 * len(list(combinations(keys, 2)))


def test_the_same_seed_plans_the_same_filters() -> None:
    """And another one plans other pairs."""
    assert list(plan_filters(VOCABULARY, POPULATION, 1)) == PLAN
    assert list(plan_filters(VOCABULARY, POPULATION, 2)) != PLAN


def test_under_a_limit_only_a_key_that_changes_which_runs_are_taken_decides() -> None:
    """The runs with the highest ids are the same with and without it."""
    twin = Twin(POPULATION.store, POPULATION.dialect)
    highest = max(run.id for run in twin.store)
    lowest = min(run.id for run in twin.store)
    filter_body = {"id": {"not_any_": [lowest]}}
    assert decided_cells(filter_body, twin)
    assert not decided_cells(filter_body, twin, limit=1)
    assert decided_cells({"id": {"not_any_": [highest]}}, twin, limit=1)
