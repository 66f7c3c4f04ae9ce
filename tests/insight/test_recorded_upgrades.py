"""Upgrades of real servers: 1,500 filters, asked of releases of each era, on both databases."""

from __future__ import annotations

import json
from itertools import combinations

import pytest

from mockserver.insight import request_comparison
from mockserver.insight.recorded_requests import parse_requests
from mockserver.insight.release_differences import compare_releases
from mockserver.insight.request_comparison import SomeRuns, compare_requests
from mockserver.prefect import DATABASES, Dialect
from mockserver.store import Store
from tests.support.recorded_cases import FILTER_DIALECTS, NOW, filter_base, filter_cases

ERAS = {
    database: [one for one in FILTER_DIALECTS.values() if one.database == database]
    for database in DATABASES
}
UPGRADES = [pair for eras in ERAS.values() for pair in combinations(eras, 2)]


def ids_of(runs: SomeRuns | None) -> set[str]:
    return {run.id for run in runs.first} if runs else set()


@pytest.mark.parametrize(
    ("before", "after"), UPGRADES, ids=lambda dialect: dialect.name.removeprefix("prefect-")
)
def test_an_upgrade_changes_what_real_servers_selected(
    before: Dialect, after: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each filter, the runs told are those that only one of the two servers selected.

    A filter that is told to be the same was answered alike, and each difference has a cause.
    """
    monkeypatch.setattr(request_comparison, "MAX_RUNS", 1_000)
    bodies = [json.dumps({"flow_runs": case.flow_runs}) for case in filter_cases()]
    requests = parse_requests("\n".join(bodies).encode(), "f")
    result = compare_requests(requests, compare_releases(before, after), NOW, Store(filter_base()))
    told = {one.message.body.decode(): one for one in result.differences}
    assert all(one.causes for one in result.differences)
    assert result.mattering
    for body, case in zip(bodies, filter_cases(), strict=True):
        one = told.get(body)
        selected_before, selected_after = (
            set(case.expected[each.name]) for each in (before, after)
        )
        assert ids_of(one.added if one else None) == selected_after - selected_before, body
        assert ids_of(one.removed if one else None) == selected_before - selected_after, body
