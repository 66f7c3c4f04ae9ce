"""Queues that are created without a pool."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from mockserver.operations import Context
from mockserver.operations.work_pools.agent_queues import create_work_queue
from mockserver.prefect.dialects import dialect_for
from mockserver.requests.objects import WorkQueueCreate
from mockserver.store.base import Base
from mockserver.store.store import Store


def test_the_first_queue_is_newer_than_that_of_its_pool() -> None:
    """Clients list the newest first, and tell times of one request apart by their own clock."""
    store, ids = Store(Base([])), count()
    now = datetime(2026, 6, 1, tzinfo=UTC)
    context = Context(store, dialect_for("sqlite", "3.9.1"), now, lambda: str(next(ids)))
    create_work_queue(context, WorkQueueCreate(name="mine"))
    created = {queue.name: queue.rest["created"] for queue in store.work_queues}
    assert (created["mine"] - created["default"]).total_seconds() == 0.001
