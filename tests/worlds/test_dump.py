"""Dumping: a store loaded from its dump holds the same records."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockserver.seeds.loading import load_seeds, read_seeds
from mockserver.seeds.records import COLLECTIONS
from mockserver.store.store import Store
from mockserver.worlds.dump import dump_store, records_of
from tests.support.object_samples import WORKSPACE
from tests.support.paths import FIXTURES

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_dump_loads_to_the_same_store() -> None:
    """Every record of every collection of the shipped fixtures comes back, after some deletes."""
    store = Store(load_seeds([FIXTURES], NOW).base())
    store.delete([run.id for run in store][:5])
    text = json.dumps(dump_store(store))
    again = Store(read_seeds(json.loads(text), NOW, name="dump").base())
    assert list(again) == list(store)
    for name in COLLECTIONS:
        assert list(records_of(again, name)) == list(records_of(store, name))
    assert json.dumps(dump_store(again)) == text
    assert {"flow_runs", "task_runs", "flows", "deployments"} <= dump_store(store).keys()


def test_empty_collections_are_left_out() -> None:
    """The dump of an empty store is an empty document."""
    assert dump_store(Store(read_seeds({}, NOW, name="none").base())) == {}


def test_a_dump_holds_objects_of_every_kind() -> None:
    """Also the secrets of blocks: they are those of a test."""
    store = Store(read_seeds(deepcopy(WORKSPACE), NOW, name="seed").base())
    dumped = dump_store(store)
    assert dumped.keys() == COLLECTIONS.keys() - {"task_runs"}
    again = Store(read_seeds(deepcopy(dumped), NOW + timedelta(days=1), name="dump").base())
    for name in COLLECTIONS:
        assert list(records_of(again, name)) == list(records_of(store, name))
    assert dump_store(again) == dumped
    assert '"sk-1"' in json.dumps(dumped)


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """A part of the workspace, with other values, in another order."""
    values = st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
        max_leaves=4,
    )
    document = {
        name: draw(st.permutations(records))
        for name, records in deepcopy(WORKSPACE).items()
        if name != "block_documents" or draw(st.booleans())
    }
    for variable in document["variables"]:
        variable["value"] = draw(values)
    for artifact in document["artifacts"]:
        artifact["data"] = draw(values)
        artifact["key"] = draw(st.sampled_from([None, "a", "b"]))
    for log in document["logs"]:
        log["timestamp"] = draw(st.sampled_from(["now", "now-1s", "now-2s"]))
    return document


@given(document=parts())
def test_dumping_and_loading_come_to_rest_at_once(document: dict[str, Any]) -> None:
    """What was loaded from a dump is dumped as the same."""
    dumped = dump_store(Store(read_seeds(document, NOW, name="seed").base()))
    later = NOW + timedelta(days=9)
    again = dump_store(Store(read_seeds(deepcopy(dumped), later, name="dump").base()))
    assert again == dumped
