"""The artifacts of results. Invariant: an artifact has the data that its state has."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from mockserver.operations import Context
from mockserver.operations.entered_states import find_collection, keep_result
from mockserver.prefect.dialects import SPEC
from mockserver.prefect.objects import Artifact
from mockserver.prefect.records import State, StateType
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STORED = {"type": "reference", "storage_key": "a"}


@pytest.fixture
def context() -> Context:
    ids = map(str, count())
    return Context(Store(Base([], loaded_at=NOW)), SPEC, NOW, lambda: next(ids))


def keep(context: Context, data: Any, **run: str) -> State:
    state = State(StateType.COMPLETED, "Done", "s", NOW, None, data)
    return keep_result(context, state, "r", **run)


@pytest.mark.parametrize("data", [None, {"type": "unpersisted"}])
def test_nothing_is_kept_of_what_is_not_persisted(context: Context, data: Any) -> None:
    """Without data, or with data that the client keeps to itself, there is no artifact."""
    assert keep(context, data).data == data
    assert not context.store.objects(Artifact)


@pytest.mark.parametrize("data", [STORED, {}, [], 0, "", False])
def test_data_becomes_an_artifact(context: Context, data: Any) -> None:
    """The artifact has the data, whatever it is, and belongs to the run that entered the state."""
    assert keep(context, data, task_run_id="t").data == data
    (artifact,) = context.store.objects(Artifact)
    assert artifact.data == data
    assert (artifact.flow_run_id, artifact.task_run_id) == ("r", "t")
    assert (artifact.key, artifact.type) == (None, None)


def test_data_can_name_its_artifact(context: Context) -> None:
    """The key, type and description go from the data to the artifact; the latest is updated."""
    named = {"artifact_key": "k", "artifact_type": "t", "artifact_description": "d"}
    assert keep(context, STORED | named).data == STORED
    assert keep(context, {"artifact_key": "k", "n": 2}).data == {"n": 2}
    latest = find_collection(context, "k")
    assert latest is not None
    # Of the key stays known what the second does not say.
    assert (latest.type, latest.description, latest.data) == ("t", "d", {"n": 2})


def test_what_is_no_text_names_nothing_in_spec(context: Context) -> None:
    """Where no server fails, a key that is a number is left out of both."""
    assert keep(context, {"artifact_key": 5, "n": 1}).data == {"n": 1}
    (artifact,) = context.store.objects(Artifact)
    assert artifact.key is None
