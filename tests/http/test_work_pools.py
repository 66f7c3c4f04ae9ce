"""Work pools over HTTP: what the recorded requests do not show, as it depends on the time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.prefect.dialects import dialect_for
from mockserver.prefect.records import Deployment, FlowRun, State, StateType, WorkPool, WorkQueue
from mockserver.seeds.loading import load_seeds
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from mockserver.worlds.dump import dump_store
from tests.support.servers import Client, serve_store

POOL, ONE, TWO = (f"0000000{n}-0000-4000-8000-000000000000" for n in (1, 2, 3))


@pytest.fixture
def client() -> Iterator[Client]:
    with serve_store(Store(Base([])), Settings()) as served:
        yield served


def serve_seeded(runs: list[FlowRun], pool: WorkPool, *queues: WorkQueue, **settings: Any) -> Any:
    deployments = [Deployment(POOL, "d", work_queue_id=ONE)]
    base = Base(runs, deployments=deployments, work_pools=[pool], work_queues=queues)
    return serve_store(Store(base), Settings(**settings))


def run(number: int, queue: str | None, kind: StateType, **given: Any) -> FlowRun:
    state = State(kind, kind.default_name)
    return FlowRun(
        id=f"{number:08}-0000-4000-9000-000000000000",
        name=f"r{number}",
        state=state,
        work_queue_id=queue,
        **given,
    )


def test_what_a_seed_leaves_out_has_the_defaults_of_a_server() -> None:
    """And what it has of another type counts as left out."""
    odd = {"is_paused": 1, "concurrency_limit": True, "status": "x", "base_job_template": []}
    queue = WorkQueue(ONE, "q", POOL, rest={"priority": "x", "last_polled": 7, "filter": 1})
    with serve_seeded([], WorkPool(POOL, "p", rest=odd), queue) as client:
        pool = client.ask("GET", "/work_pools/p").json
        assert (pool["type"], pool["is_paused"], pool["status"]) == ("process", False, "NOT_READY")
        assert (pool["concurrency_limit"], pool["base_job_template"]) == (None, {})
        assert pool["default_queue_id"] == ONE
        read = client.ask("GET", f"/work_queues/{ONE}").json
        assert (read["priority"], read["last_polled"], read["filter"]) == (1, None, None)
        assert (read["work_pool_name"], read["created"]) == ("p", pool["created"])


def test_a_pool_without_a_queue_has_an_id_for_it() -> None:
    """A server never shows null there; the id is the same each time."""
    with serve_seeded([], WorkPool(POOL, "p", rest={"is_paused": True})) as client:
        first, second = (client.ask("GET", "/work_pools/p").json for _ in range(2))
        assert first == second
        assert first["status"] == "PAUSED"
        assert client.ask("GET", f"/work_queues/{first['default_queue_id']}").status == 404


@pytest.mark.parametrize(
    ("polled", "healthy"),
    [("2020-01-01T00:00:00Z", False), ("nonsense", False), (None, False)],
)
def test_the_last_poll_of_a_seed_counts(polled: str | None, healthy: bool) -> None:
    """It is a text there."""
    queue = WorkQueue(ONE, "q", POOL, rest={"last_polled": polled})
    with serve_seeded([], WorkPool(POOL, "p"), queue) as client:
        status = client.ask("GET", f"/work_queues/{ONE}/status").json
        assert status["healthy"] is healthy
        assert status["last_polled"] == (polled if polled != "nonsense" else None)


def test_a_poll_makes_queues_and_deployments_ready() -> None:
    """A paused queue stays paused; that it was asked counts when it is resumed."""
    queues = [WorkQueue(ONE, "q", POOL), WorkQueue(TWO, "r", POOL, {"priority": 2})]
    with serve_seeded([], WorkPool(POOL, "p"), *queues) as client:
        assert client.ask("PATCH", "/work_pools/p/queues/r", {"is_paused": True}).status == 204
        assert client.ask("POST", "/work_pools/p/get_scheduled_flow_runs", {}).json == []
        one, two = client.ask("POST", "/work_pools/p/queues/filter", {}).json
        assert (one["status"], two["status"]) == ("READY", "PAUSED")
        assert one["last_polled"] == two["last_polled"]
        assert client.ask("GET", f"/work_queues/{ONE}/status").json["healthy"]
        (deployment,) = client.ask("POST", "/deployments/filter", {}).json
        assert (deployment["status"], deployment["last_polled"]) == ("READY", one["last_polled"])
        assert client.ask("PATCH", "/work_pools/p/queues/r", {"is_paused": False}).status == 204
        assert client.ask("GET", f"/work_queues/{TWO}").json["status"] == "READY"


def test_a_late_run_makes_a_queue_unhealthy() -> None:
    """It is polled all the same."""
    late = FlowRun(
        id=POOL, name="late", state=State(StateType.SCHEDULED, "Late"), work_queue_id=ONE
    )
    with serve_seeded([late], WorkPool(POOL, "p"), WorkQueue(ONE, "q", POOL)) as client:
        client.ask("POST", f"/work_queues/{ONE}/get_runs", {})
        status = client.ask("GET", f"/work_queues/{ONE}/status").json
        assert (status["healthy"], status["late_runs_count"]) == (False, 1)


def test_runs_of_another_process_are_passed_over() -> None:
    """However many come first."""
    waiting = {"retry_type": "in_process"}
    runs = [
        run(n, ONE, StateType.SCHEDULED, empirical_policy=waiting if n >= 10 else {})
        for n in range(40)
    ]
    with serve_seeded(runs, WorkPool(POOL, "p"), WorkQueue(ONE, "q", POOL)) as client:
        body = {"limit": 8}
        found = client.ask("POST", "/work_pools/p/get_scheduled_flow_runs", body).json
        assert len(found) == 8
        assert {one["flow_run"]["name"] for one in found} < {f"r{n}" for n in range(10)}


@pytest.mark.parametrize(("database", "found"), [("sqlite", 0), ("postgresql", 1)])
def test_the_slots_of_paused_queues(database: str, found: int) -> None:
    """On PostgreSQL they are free again."""
    runs = [run(1, ONE, StateType.RUNNING), run(2, TWO, StateType.SCHEDULED)]
    pool = WorkPool(POOL, "p", rest={"concurrency_limit": 1})
    queues = WorkQueue(ONE, "q", POOL, rest={"is_paused": True}), WorkQueue(TWO, "r", POOL)
    with serve_seeded(runs, pool, *queues, dialect=dialect_for(database)) as client:
        reply = client.ask("POST", "/work_pools/p/get_scheduled_flow_runs", {})
        assert len(reply.json) == found


@pytest.mark.parametrize(("release", "has_state"), [("3.9.0", False), ("3.9.1", True)])
def test_a_run_to_execute_has_its_state(release: str, has_state: bool) -> None:
    """Since 3.9.1 (`polled-run-state`); before, only its type and name are told."""
    runs = [run(1, ONE, StateType.SCHEDULED)]
    objects = WorkPool(POOL, "p"), WorkQueue(ONE, "q", POOL)
    with serve_seeded(runs, *objects, dialect=dialect_for("sqlite", release)) as client:
        (found,) = client.ask("POST", "/work_pools/p/get_scheduled_flow_runs", {}).json
        assert found["flow_run"]["state_type"] == "SCHEDULED"
        assert (found["flow_run"]["state"] is not None) is has_state


def test_who_takes_slots() -> None:
    """Of a queue also runs that only name it; the lowest ids come first."""
    runs = [run(n, ONE, StateType.RUNNING) for n in (1, 2, 3)]
    runs.append(run(4, None, StateType.CANCELLING, work_queue_name="q"))
    with serve_seeded(runs, WorkPool(POOL, "p"), WorkQueue(ONE, "q", POOL)) as client:
        of_pool = client.ask("POST", "/work_pools/p/concurrency_status", {"flow_run_limit": 2})
        (queue,) = of_pool.json["queues"]
        assert (of_pool.json["active_slots"], queue["flow_run_count"]) == (3, 3)
        assert [one["name"] for one in queue["flow_runs"]] == ["r1", "r2"]
        assert queue["flow_runs"][0]["time_in_current_state"] >= 0
        body = {"limit": 2, "page": 2}
        of_queue = client.ask("POST", f"/work_queues/{ONE}/concurrency_status", body).json
        assert (of_queue["count"], of_queue["pages"]) == (4, 2)
        assert [one["name"] for one in of_queue["flow_runs"]] == ["r3", "r4"]


def test_a_queue_of_the_deprecated_kind_takes_runs_by_tags() -> None:
    """Those of deployments, whatever queue they name; its limit counts the same."""
    runs = [
        run(1, None, StateType.SCHEDULED, tags=("a", "b"), deployment_id=TWO),
        run(2, None, StateType.SCHEDULED, tags=("a",), deployment_id=TWO),
        run(3, None, StateType.SCHEDULED, tags=("a", "b")),
        run(4, None, StateType.RUNNING, tags=("a", "b"), deployment_id=TWO),
    ]
    rest = {"filter": {"tags": ["a", "b"]}, "concurrency_limit": 2}
    with serve_seeded(runs, WorkPool(POOL, "p"), WorkQueue(ONE, "q", POOL, rest=rest)) as client:
        found = client.ask("POST", f"/work_queues/{ONE}/get_runs", {}).json
        assert [one["name"] for one in found] == ["r1"]
        assert client.ask("GET", f"/work_queues/{ONE}").json["active_slots"] == 1
        assert client.ask("GET", "/work_pools/p/queues/q").json["active_slots"] == 0


def test_the_first_queue_of_agents_can_be_the_default_one(client: Client) -> None:
    """It comes with the pool; a second one with its name is refused."""
    first = client.ask("POST", "/work_queues/", {"name": "default"})
    assert (first.status, first.json["work_pool_name"]) == (201, "default-agent-pool")
    assert client.ask("POST", "/work_queues/", {"name": "default"}).status == 409
    assert client.ask("GET", "/work_queues/name/default").json["id"] == first.json["id"]
    assert client.ask("GET", "/work_pools/default-agent-pool").json["status"] is None
    assert client.ask("POST", "/work_pools/count", {}).json == 1
    assert len(client.ask("POST", "/work_queues/filter", {}).json) == 1


def test_without_a_pool_of_agents_any_queue_is_found_by_its_name(client: Client) -> None:
    """As on a server that was never asked for a queue without a pool."""
    client.ask("POST", "/work_pools/", {"name": "p", "type": "process"})
    assert client.ask("GET", "/work_queues/name/default").json["work_pool_name"] == "p"
    assert client.ask("GET", "/work_queues/name/nope").status == 404


def test_the_document_lets_a_template_be_null(client: Client) -> None:
    """The dialect here is `spec`; a real server fails."""
    client.ask("POST", "/work_pools/", {"name": "p"})
    assert client.ask("PATCH", "/work_pools/p", {"base_job_template": None}).status == 204
    assert client.ask("GET", "/work_pools/p").json["base_job_template"] == {}


def test_a_reference_to_a_block_needs_the_block(client: Client) -> None:
    """Of one that exists nothing more is checked."""
    schema = client.ask("POST", "/block_types/", {"name": "T", "slug": "t"}).json
    body = {"block_type_id": schema["id"], "fields": {}, "capabilities": []}
    made = client.ask("POST", "/block_schemas/", body).json
    block = {"name": "b", "data": {}, "block_schema_id": made["id"], "block_type_id": schema["id"]}
    block_id = client.ask("POST", "/block_documents/", block).json["id"]
    default = {"$ref": {"block_document_id": block_id}}
    variables = {"properties": {"x": {"type": "integer", "default": default}}}
    pool = {
        "name": "p",
        "base_job_template": {"job_configuration": {"a": 1}, "variables": variables},
    }
    assert client.ask("POST", "/work_pools/", pool).status == 201


def test_a_dump_holds_what_requests_set(tmp_path: Path) -> None:
    """A seed of it has the same pools and queues again."""
    store = Store(Base([]))
    replies = []
    with serve_store(store, Settings()) as client:
        body = {"name": "p", "type": "process", "concurrency_limit": 3}
        assert client.ask("POST", "/work_pools/", body).status == 201
        assert client.ask("POST", "/work_pools/p/queues", {"name": "q"}).status == 201
        client.ask("POST", "/work_pools/p/get_scheduled_flow_runs", {})
        replies.append(read_all(client))
    file = tmp_path / "dump.json"
    file.write_text(json.dumps(dump_store(store)))
    loaded = Store(load_seeds([file], datetime.now(UTC)).base())
    with serve_store(loaded, Settings()) as client:
        replies.append(read_all(client))
    assert replies[0] == replies[1]
    assert replies[0][0]["concurrency_limit"] == 3


def read_all(client: Client) -> list[Any]:
    """The pool `p`, and its queues."""
    queues = client.ask("POST", "/work_pools/p/queues/filter", {}).json
    return [client.ask("GET", "/work_pools/p").json, *queues]


def test_the_first_queue_of_agents_makes_their_pool(client: Client) -> None:
    """With its default queue beside it."""
    assert client.ask("POST", "/work_queues/", {"name": "mine"}).status == 201
    queues = client.ask("POST", "/work_pools/default-agent-pool/queues/filter", {}).json
    assert sorted(queue["name"] for queue in queues) == ["default", "mine"]
