"""A store as a document: loaded again, it holds the same."""

import json
from datetime import UTC, datetime

from mockserver.seeds.loading import load_seeds, read_seeds
from mockserver.seeds.records import COLLECTIONS
from mockserver.store.store import Store
from mockserver.worlds.dump import dump_store
from tests.support.paths import FIXTURES

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_document_loads_to_the_same_store() -> None:
    """The shipped fixtures, some of them deleted: every record of every collection is as it was."""
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


def test_what_is_not_there_is_not_said() -> None:
    """An empty store is an empty document."""
    assert dump_store(Store(read_seeds({}, NOW, name="none").base())) == {}
