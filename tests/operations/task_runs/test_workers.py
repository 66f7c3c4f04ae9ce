"""Background task runs in a store that no worker can reach."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from mockserver import Base, Store
from mockserver.operations import Context
from mockserver.operations.create import create_task_run
from mockserver.operations.task_runs.set_state import set_state
from mockserver.operations.task_runs.workers import filter_task_workers
from mockserver.prefect import find_dialect
from mockserver.requests import SetStateRequest, TaskRunCreate
from mockserver.requests.objects import TaskWorkerFilterRequest

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCHEDULED = {"type": "SCHEDULED", "state_details": {"deferred": True}}


def test_without_queues_task_runs_are_scheduled_all_the_same() -> None:
    """They are stored, and nobody is told."""
    ids = map("11111111-0000-4000-8000-{:012}".format, count())
    store = Store(Base([], loaded_at=NOW))
    context = Context(store, find_dialect("prefect-sqlite"), NOW, lambda: next(ids))
    body = {"task_key": "a", "dynamic_key": "b", "state": SCHEDULED}
    made = create_task_run(context, TaskRunCreate.model_validate(body))
    assert made.value["state_name"] == "Scheduled"
    proposed = SetStateRequest.model_validate({"state": SCHEDULED})
    assert set_state(context, made.value["id"], proposed).made
    assert filter_task_workers(context, TaskWorkerFilterRequest()).value == []
