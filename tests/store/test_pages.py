"""Pages of sorted runs. Invariant: a page is a part of the list of all matches, sorted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.prefect.records import FlowRun
from mockserver.store import SortBy, sort_orders
from mockserver.store import store as store_module
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.store.test_store import Changes, apply_changes, changes, predicate_of, rows_of
from tests.support.strategies import START, bases, filters, scaled_max_examples

COLUMNS = ("id", "name", "start_or_expected_time", "end_time", "next_scheduled_start_time")
sorts = st.builds(SortBy, st.sampled_from(COLUMNS), st.booleans(), st.booleans())


@pytest.fixture(autouse=True, params=["real bounds", "tight bounds"])
def bounds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also run with bounds so tight that a few runs take the code paths of a million."""
    if request.param == "tight bounds":
        monkeypatch.setattr(sort_orders, "BLOCK_SIZE", 2)
        monkeypatch.setattr(store_module, "MAX_BUFFERED", 1)


def plainly_sorted(runs: Sequence[FlowRun], sort_by: SortBy) -> list[FlowRun]:
    """The runs as sorting records puts them; those of equal values stay highest id first."""
    found = sorted(runs, key=lambda run: run.id, reverse=True)
    if sort_by.column == "id":
        return found
    valued = [run for run in found if getattr(run, sort_by.column) is not None]
    nulls = [run for run in found if getattr(run, sort_by.column) is None]
    valued.sort(key=lambda run: getattr(run, sort_by.column), reverse=sort_by.descending)
    return [*nulls, *valued] if sort_by.nulls_first else [*valued, *nulls]


@settings(
    max_examples=scaled_max_examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    base=bases(),
    in_rows=st.booleans(),
    wanted=changes,
    filter_=filters,
    sort_by=sorts,
    start=st.integers(0, 20),
    size=st.integers(0, 20),
)
def test_a_page_is_a_part_of_the_sorted_list(
    base: Base,
    in_rows: bool,
    wanted: Changes,
    filter_: dict[str, object],
    sort_by: SortBy,
    start: int,
    size: int,
) -> None:
    """For any base, changes, filter and sort."""
    store = Store(Base(rows_of(base.runs), base.task_runs.values()) if in_rows else base)
    apply_changes(store, wanted)
    predicate = predicate_of(filter_)
    expected = plainly_sorted([run for run in store if predicate(run)], sort_by)
    assert store.page(predicate, sort_by, start, start + size) == expected[start : start + size]
    assert store.page(predicate, sort_by, start, 1 << 80) == expected[start:]


@pytest.mark.parametrize(
    "sort_by", [SortBy(one, down) for one in COLUMNS for down in (False, True)]
)
def test_pages_of_many_segments_follow_each_other(sort_by: SortBy) -> None:
    """Many equal values, spread over the base, further segments and the buffer."""
    runs = [
        FlowRun(
            id=f"{n * 7919 % 600:08}-0000-4000-8000-000000000000",
            name=f"run-{n % 5}",
            start_time=START.replace(minute=n % 7) if n % 3 else None,
            end_time=START.replace(second=n % 60) if n % 4 else None,
        )
        for n in range(600)
    ]
    store = Store(Base(runs[:200]))
    for run in runs[200:]:
        store.put(run)
    expected = plainly_sorted(runs, sort_by)
    for start in range(0, 600, 50):
        page = store.page(predicate_of({}), sort_by, start, start + 50)
        assert page == expected[start : start + 50]
