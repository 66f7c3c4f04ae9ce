"""The slots of a deployment's limit: leases that expire, and runs that are deleted.

What else becomes of them is recorded: tests/support/object_requests/deployment_limits.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.prefect.deviations import SQLITE
from mockserver.prefect.dialects import dialect_for
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

RENEWS = {"Content-Type": "application/json", "User-Agent": "prefect/3.9.1 (API 0.8.4)"}
LEASE = timedelta(seconds=300)


class Moment:
    """The time of a world, which a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def client(moment: Moment) -> Iterator[Client]:
    store = Store(Base([], loaded_at=moment.now))
    settings = Settings(now=moment, dialect=dialect_for(SQLITE))
    with serve_store(store, settings) as connected:
        yield connected


def make(client: Client, limit: int | None = 1, **values: Any) -> str:
    """A deployment; returns its id."""
    flow = client.ask("POST", "/flows/", {"name": "etl"}).json["id"]
    body = {"name": "nightly", "flow_id": flow, "concurrency_limit": limit, **values}
    return str(client.ask("POST", "/deployments/", body).json["id"])


def run(client: Client, deployment: str) -> str:
    reply = client.ask("POST", f"/deployments/{deployment}/create_flow_run", {})
    return str(reply.json["id"])


def enter(client: Client, flow_run: str, *types: str) -> Any:
    """Propose states to a run, as Prefect's client does; returns the last reply."""
    for state_type in types:
        body = f'{{"state": {{"type": "{state_type}"}}}}'.encode()
        reply = client.send("POST", f"/api/flow_runs/{flow_run}/set_state", body, RENEWS)
    return reply.json


def taken(client: Client, deployment: str) -> int:
    shown = client.ask("GET", f"/deployments/{deployment}").json["global_concurrency_limit"]
    return int(shown["active_slots"])


def test_a_run_that_starts_renews_its_lease(client: Client, moment: Moment) -> None:
    """Its slot is free only once nobody has renewed the lease for as long as it lasts."""
    deployment = make(client)
    first, second = run(client, deployment), run(client, deployment)
    enter(client, first, "PENDING")
    moment.now += LEASE
    assert enter(client, first, "RUNNING")["status"] == "ACCEPT"
    moment.now += LEASE
    assert enter(client, second, "PENDING")["state"]["name"] == "AwaitingConcurrencySlot"
    moment.now += timedelta(seconds=1)
    assert enter(client, second, "PENDING")["status"] == "ACCEPT"


def test_a_run_whose_lease_has_expired_takes_another_slot(client: Client, moment: Moment) -> None:
    """Its lease is a new one; where no slot is free, the run is cancelled."""
    deployment = make(client, concurrency_options={"collision_strategy": "ENQUEUE"})
    first, second = run(client, deployment), run(client, deployment)
    details = enter(client, first, "PENDING")["state"]["state_details"]
    moment.now += LEASE + timedelta(seconds=1)
    running = enter(client, first, "RUNNING")
    lease = running["state"]["state_details"]["deployment_concurrency_lease_id"]
    assert lease not in (None, details["deployment_concurrency_lease_id"])
    assert taken(client, deployment) == 1
    enter(client, first, "COMPLETED")
    enter(client, first, "SCHEDULED", "PENDING")
    moment.now += LEASE + timedelta(seconds=1)
    enter(client, second, "PENDING")
    lost = enter(client, first, "RUNNING")
    assert (lost["status"], lost["state"]["type"]) == ("REJECT", "CANCELLED")
    assert lost["details"]["reason"].endswith("after lease expiry.")
    assert "lost during provisioning" in lost["state"]["message"]


def test_a_deployment_says_how_long_its_leases_last(client: Client, moment: Moment) -> None:
    """`grace_period_seconds`, in place of five minutes."""
    options = {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60}
    deployment = make(client, concurrency_options=options)
    first, second = run(client, deployment), run(client, deployment)
    enter(client, first, "PENDING")
    moment.now += timedelta(seconds=61)
    assert enter(client, second, "PENDING")["status"] == "ACCEPT"


def test_a_deleted_run_gives_its_slot_back(client: Client) -> None:
    """A run that holds none, and one that goes with its deployment, give none back."""
    deployment, other = make(client, 2), make(client, None, name="other")
    runs = [run(client, deployment) for _ in range(5)]
    client.ask("DELETE", f"/flow_runs/{runs.pop()}")
    free = run(client, other)
    for one in (*runs[:2], free):
        enter(client, one, "PENDING", "RUNNING")
    assert taken(client, deployment) == 2
    client.ask("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": runs[2:]}}})
    client.ask("DELETE", f"/flow_runs/{free}")
    assert taken(client, deployment) == 2
    client.ask("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": runs[:1]}}})
    assert taken(client, deployment) == 1
    client.ask("DELETE", f"/flow_runs/{runs[1]}")
    assert taken(client, deployment) == 0


def test_a_run_that_waits_keeps_its_lease(client: Client, moment: Moment) -> None:
    """A client that renews none does not lose it by a start that comes too soon."""
    deployment = make(client)
    flow_run = run(client, deployment)
    due = (moment.now + timedelta(hours=1)).isoformat()
    body = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": due}}}
    client.ask("POST", f"/flow_runs/{flow_run}/set_state", body)
    lease = enter(client, flow_run, "PENDING")["state"]["state_details"]
    started = {"state": {"type": "RUNNING"}}
    reply = client.ask("POST", f"/flow_runs/{flow_run}/set_state", started).json
    assert reply["status"] == enter(client, flow_run, "RUNNING")["status"] == "WAIT"
    renewal = f"/v2/concurrency_limits/leases/{lease['deployment_concurrency_lease_id']}/renew"
    assert client.ask("POST", renewal, {"lease_duration": 300}).status == 204


def test_a_refused_transition_takes_no_slot(client: Client) -> None:
    """A paused run has none, and cannot become PENDING."""
    deployment = make(client)
    flow_run = run(client, deployment)
    enter(client, flow_run, "PENDING", "RUNNING", "PAUSED")
    assert taken(client, deployment) == 0
    assert enter(client, flow_run, "PENDING")["status"] == "REJECT"
    assert taken(client, deployment) == 0


@pytest.mark.parametrize("path", ["/v2/concurrency_limits", "/concurrency_limits"])
def test_a_deployment_has_no_limit_once_it_is_deleted(client: Client, path: str) -> None:
    """Others keep theirs; its runs are no longer held back, and it can get another."""
    deployment, other = make(client), make(client, 3, name="other")
    shown = client.ask("GET", f"/deployments/{deployment}").json["global_concurrency_limit"]
    client.ask("DELETE", f"{path}/{shown['id']}")
    assert client.ask("GET", f"/deployments/{deployment}").json["global_concurrency_limit"] is None
    assert taken(client, other) == 0
    for _ in range(2):
        assert enter(client, run(client, deployment), "PENDING")["status"] == "ACCEPT"
    client.ask("PATCH", f"/deployments/{deployment}", {"concurrency_limit": 1})
    assert taken(client, deployment) == 0


def test_a_limit_that_is_gone_is_not_asked_for(client: Client) -> None:
    """A run of its deployment starts as if there had never been one, and ends."""
    deployment = make(client)
    first = run(client, deployment)
    enter(client, first, "PENDING")
    client.ask("PATCH", f"/deployments/{deployment}", {"concurrency_limit": None})
    assert enter(client, first, "RUNNING")["status"] == "ACCEPT"
    second = run(client, deployment)
    assert enter(client, second, "PENDING", "RUNNING", "COMPLETED")["status"] == "ACCEPT"
