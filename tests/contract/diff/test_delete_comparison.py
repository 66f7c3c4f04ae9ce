# A guarded delete can match nothing but what the kit has made: for any filter, in any dialect.

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.diff.delete_comparison import restrict_to_ids
from mockserver.contract.diff.twin import Twin
from mockserver.prefect.dialects import DIALECTS
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from tests.support.strategies import IDS, bases, filters


@pytest.mark.parametrize("name", DIALECTS)
@given(base=bases(), filter_body=st.none() | filters, ids=st.sets(st.sampled_from(IDS)))
def test_a_guarded_filter_selects_only_what_it_names(
    name: str, base: Base, filter_body: Any, ids: set[str]
) -> None:
    """And all of that which the filter selects; where it cannot be so, nothing is sent."""
    guarded = restrict_to_ids(filter_body, sorted(ids))
    if guarded is None:
        assert filter_body["operator"] == "or_"
        return
    twin = Twin(Store(base), DIALECTS[name])
    selected, before = twin.select(guarded), twin.select(filter_body)
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
def test_an_or_that_could_pass_the_guard_by_is_not_sent(filter_body: Any) -> None:
    """Beside any other criterion, or_ would let other runs match."""
    assert restrict_to_ids(filter_body, IDS) is None
