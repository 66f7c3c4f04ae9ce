"""The next runs of flows: the scheduled run that is due first, of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from mockserver.errors import TooLarge
from mockserver.operations import Context
from mockserver.operations.flows.next_runs import read_next_runs
from mockserver.prefect import FlowRun, State, StateType
from mockserver.prefect.dialects import SPEC, dialect_for
from mockserver.requests.query_bodies import MAX_COUNTED, FlowIdsRequest
from mockserver.store.base import Base
from mockserver.store.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FLOW, OTHER = str(UUID(int=1)), str(UUID(int=2))


def run(name: str, minutes: int | None, kind: StateType = StateType.SCHEDULED) -> FlowRun:
    due = None if minutes is None else NOW + timedelta(minutes=minutes)
    state = State(kind, kind.default_name)
    return FlowRun(id=name, name=name, flow_id=FLOW, state=state, next_scheduled_start_time=due)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_run_that_is_due_first_is_told(database: str) -> None:
    """A run that has no time or waits no more is none, wherever nulls are sorted."""
    runs = [run("a", None), run("b", 9), run("c", 5), run("d", 1, StateType.RUNNING)]
    context = Context(Store(Base(runs)), dialect_for(database, "3.9.1"), NOW, lambda: "")
    found = read_next_runs(context, FlowIdsRequest(flow_ids=[OTHER, FLOW, FLOW])).value
    assert list(found) == [OTHER, FLOW]
    assert found[OTHER] is None
    assert found[FLOW] == {
        "id": "c",
        "flow_id": FLOW,
        "name": "c",
        "state_name": "Scheduled",
        "state_type": StateType.SCHEDULED,
        "next_scheduled_start_time": NOW + timedelta(minutes=5),
    }


def test_older_releases_have_no_bound_and_the_mock_has_one() -> None:
    """Each flow takes a search."""
    body = FlowIdsRequest.model_construct(
        flow_ids=[str(UUID(int=number)) for number in range(MAX_COUNTED + 1)]
    )
    with pytest.raises(TooLarge):
        read_next_runs(Context(Store(Base([])), SPEC, NOW, lambda: ""), body)
