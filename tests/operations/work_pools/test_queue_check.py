"""Queues that take a deployment, as Prefect 3.9.1 lists them on each database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mockserver.operations import Context
from mockserver.operations.work_pools.queue_check import queues_for_deployment
from mockserver.prefect import Deployment, WorkPool, WorkQueue
from mockserver.prefect.dialects import dialect_for
from mockserver.store.base import Base
from mockserver.store.store import Store

DEPLOYMENT = Deployment("d", "d", "f", tags=("a", "b"))
FILTERS: dict[str, Any] = {
    "none": None,
    "empty": {},
    "no tag": {"tags": []},
    "a tag": {"tags": ["a"]},
    "all tags": {"tags": ["b", "a"]},
    "another tag": {"tags": ["c"]},
    "no deployment": {"deployment_ids": []},
    "the deployment": {"deployment_ids": ["d"]},
    "another deployment": {"deployment_ids": ["e"]},
    "both": {"tags": ["a"], "deployment_ids": ["d"]},
}
TAKING = ["empty", "no tag", "a tag", "all tags", "no deployment", "the deployment", "both"]


@pytest.mark.parametrize(
    ("database", "names"), [("sqlite", ["none", *TAKING]), ("postgresql", TAKING)]
)
def test_queues_take_what_their_filters_let_through(database: str, names: list[str]) -> None:
    """PostgreSQL leaves a queue out that has no filter at all."""
    queues = [WorkQueue(name, name, "p", {"filter": each}) for name, each in FILTERS.items()]
    pools = [WorkPool("p", "p", "process")]
    store = Store(Base([], deployments=[DEPLOYMENT], work_pools=pools, work_queues=queues))
    now = datetime(2026, 6, 1, tzinfo=UTC)
    context = Context(store, dialect_for(database, "3.9.1"), now, lambda: "")
    found = queues_for_deployment(context, "d").value
    assert [queue["name"] for queue in found] == names
    assert not {"status", "work_pool_name", "active_slots"} & found[0].keys()
