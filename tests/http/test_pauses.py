"""Pauses over HTTP: inputs of runs, and resuming; what the recorded requests do not show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.prefect.dialects import DIALECTS, dialect_for
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from tests.support.servers import Client, serve_store

UNKNOWN = "99999999-0000-4000-8000-000000000000"
KEYSET = {"schema": "s", "response": "r"}


def create_run(client: Client) -> str:
    flow = client.ask("POST", "/flows/", {"name": "etl"}).json
    body = {"flow_id": flow["id"], "state": {"type": "RUNNING"}}
    return str(client.ask("POST", "/flow_runs/", body).json["id"])


def keys(client: Client, run_id: str, prefix: str = "", limit: int = 9) -> list[str]:
    body = {"prefix": prefix, "limit": limit}
    reply = client.ask("POST", f"/flow_runs/{run_id}/input/filter", body)
    return [one["key"] for one in reply.json]


def create(client: Client, run_id: str, key: str, value: Any = 1) -> int:
    body = {"key": key, "value": json.dumps(value)}
    return client.ask("POST", f"/flow_runs/{run_id}/input", body).status


def wait_for_input(client: Client, schema: Any) -> str:
    """Create a run that is paused and waits for input of a schema; returns its id."""
    run_id = create_run(client)
    state = {"type": "PAUSED", "state_details": {"run_input_keyset": KEYSET}}
    assert client.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state}).status == 201
    assert create(client, run_id, "s", schema) == 201
    return run_id


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize("what", ["flow_runs", "flows"])
def test_inputs_go_with_their_run(what: str, bulk: bool) -> None:
    """However it is deleted. A new run with its id would have none."""
    with serve_store(Store(Base([])), Settings()) as client:
        run_id = create_run(client)
        other = create_run(client)
        assert create(client, run_id, "a") == create(client, other, "b") == 201
        flow_id = client.ask("GET", f"/flow_runs/{run_id}").json["flow_id"]
        if what == "flows":
            client.ask("DELETE", f"/flows/{flow_id}")
        elif bulk:
            client.ask("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": [run_id]}}})
        else:
            client.ask("DELETE", f"/flow_runs/{run_id}")
        assert keys(client, run_id) == []
        assert keys(client, other) == ([] if what == "flows" else ["b"])


def test_a_fork_has_inputs_of_its_own() -> None:
    """What one session adds no other sees."""
    store = Store(Base([]))
    store.run_inputs["1"] = ()
    fork = store.fork()
    fork.run_inputs["2"] = ()
    assert list(store.run_inputs) == ["1"]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_prefixes_and_limits_of_each_dialect(dialect: Any) -> None:
    """SQLite ignores case and has no negative limit; the document knows no wildcards."""
    with serve_store(Store(Base([])), Settings(dialect=dialect)) as client:
        run_id = create_run(client)
        for key in ("k-1", "k-2"):
            create(client, run_id, key)
        assert keys(client, run_id, "k-", 1) == ["k-1"]
        found = [keys(client, run_id, prefix) for prefix in ("K-1", "_-1")]
        body = {"prefix": "k", "limit": -1}
        negative = client.ask("POST", f"/flow_runs/{run_id}/input/filter", body)
    expected: dict[str, tuple[list[list[str]], int]] = {
        "spec": ([[], []], 200),
        "prefect-sqlite@3.9.1": ([["k-1"], ["k-1"]], 200),
        "prefect-postgresql@3.9.1": ([[], ["k-1"]], 503),
    }
    assert (found, negative.status) == expected[dialect.name]


def test_the_document_knows_no_failure() -> None:
    """An unknown run is 404 and an odd key 422, which are 500 on a real server."""
    with serve_store(Store(Base([])), Settings()) as client:
        assert client.ask("POST", f"/flow_runs/{UNKNOWN}/resume", {}).status == 404
        run_id = create_run(client)
        assert create(client, run_id, "A b") == 422
        assert create(client, run_id, "a-1") == 201


def test_an_older_release_keeps_stale_input() -> None:
    """Until 3.9.0 an answer of before the pause is still there, and refuses another one."""
    for release, left in (("3.9.0", ["r"]), ("3.9.1", [])):
        settings = Settings(dialect=dialect_for("sqlite", release))
        with serve_store(Store(Base([])), settings) as client:
            run_id = create_run(client)
            create(client, run_id, "r")
            state = {"type": "PAUSED", "state_details": {"run_input_keyset": KEYSET}}
            client.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state})
            assert keys(client, run_id) == left
            create(client, run_id, "s", {})
            resumed = client.ask("POST", f"/flow_runs/{run_id}/resume", {"run_input": {"a": 1}})
            assert resumed.status == (409 if left else 201)
            paused = client.ask("GET", f"/flow_runs/{run_id}").json["state"]["type"] == "PAUSED"
            assert paused is bool(left)


def test_a_resumed_run_keeps_the_answer() -> None:
    """As JSON, with templates filled in and variables of the workspace."""
    with serve_store(Store(Base([])), Settings()) as client:
        client.ask("POST", "/variables/", {"name": "who", "value": "Ada"})
        run_id = wait_for_input(client, {"type": "object", "required": ["by"]})
        path = f"/flow_runs/{run_id}/resume"
        refused = client.ask("POST", path, {"run_input": {}}).json
        assert refused["status"] == "REJECT"
        assert "'by' is a required property" in refused["details"]["reason"]
        by = {"__prefect_kind": "workspace_variable", "variable_name": "who"}
        assert client.ask("POST", path, {"run_input": {"by": by}}).status == 201
        assert client.ask("GET", f"/flow_runs/{run_id}/input/r").body == b'{"by":"Ada"}'


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"type": "x"}, 1])
def test_a_schema_that_is_none(schema: Any) -> None:
    """One without an end rejects the input; what is no schema is 500 on a real server."""
    for dialect in (DIALECTS["spec"], DIALECTS["prefect-sqlite"]):
        with serve_store(Store(Base([])), Settings(dialect=dialect)) as client:
            run_id = wait_for_input(client, schema)
            reply = client.ask("POST", f"/flow_runs/{run_id}/resume", {"run_input": {"a": 1}})
        fails = dialect.database is not None and schema != {"$ref": "#"}
        assert reply.status == (500 if fails else 200)


def test_a_pause_that_fails_is_not_resumed() -> None:
    """With null pause keys a real server fails, and so does resuming with them."""
    settings = Settings(dialect=DIALECTS["prefect-sqlite"])
    with serve_store(Store(Base([])), settings) as client:
        run_id = create_run(client)
        body = {"empirical_policy": {"pause_keys": None}}
        client.ask("PATCH", f"/flow_runs/{run_id}", body)
        state = {"state": {"type": "PAUSED"}}
        assert client.ask("POST", f"/flow_runs/{run_id}/set_state", state).status == 500
        assert client.ask("POST", f"/flow_runs/{run_id}/resume", {}).json["status"] == "ABORT"
