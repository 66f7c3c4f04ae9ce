# Invariant: a restricted filter can match only flow runs that the kit created, for any filter and
# under any dialect.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.diff.delete_comparison import restrict_to_ids
from mockserver.contract.diff.twin import Twin
from mockserver.prefect.dialects import DIALECTS
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.strategies import IDS, bases, filters


@pytest.mark.parametrize("name", DIALECTS)
@given(base=bases(), filter_body=st.none() | filters, ids=st.sets(st.sampled_from(IDS)))
def test_a_restricted_filter_selects_only_runs_with_the_given_ids(
    name: str, base: Base, filter_body: Any, ids: set[str]
) -> None:
    """And all of those that the filter selects. Only an or_ cannot be restricted."""
    restricted = restrict_to_ids(filter_body, sorted(ids))
    if restricted is None:
        assert filter_body["operator"] == "or_"
        return
    twin = Twin(Store(base), DIALECTS[name])
    selected, before = twin.select(restricted), twin.select(filter_body)
    if isinstance(selected, int) or isinstance(before, int):
        assert selected == before
    else:
        assert selected == before & ids


@pytest.mark.parametrize(
    "filter_body",
    [
        {"operator": "or_", "name": {"any_": ["a"]}},
        {"operator": "or_", "id": {"any_": []}, "tags": None},
        {"operator": "or_", "state": {}},
    ],
)
def test_an_or_with_other_criteria_cannot_be_restricted(filter_body: Any) -> None:
    """Runs with other ids could match the other criterion."""
    assert restrict_to_ids(filter_body, IDS) is None
