"""Dumping: a store loaded from its dump holds the same records."""

import json
from datetime import UTC, datetime

from mockserver.seeds.loading import load_seeds, read_seeds
from mockserver.seeds.records import COLLECTIONS
from mockserver.store.store import Store
from mockserver.worlds.dump import dump_store
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
        if name != "flow_runs":
            assert list(getattr(again, name)) == list(getattr(store, name))
    assert json.dumps(dump_store(again)) == text
    assert {"flow_runs", "task_runs", "flows", "deployments"} <= dump_store(store).keys()


def test_empty_collections_are_left_out() -> None:
    """The dump of an empty store is an empty document."""
    assert dump_store(Store(read_seeds({}, NOW, name="none").base())) == {}
