"""Bounds of the control API: what one request may ask for, and how it is told.

tests/attacks sends more of them, to a server that is a process of its own.
"""

import json

import pytest

from mockserver.store import Base, Store
from mockserver.worlds import MAX_DELETED, MAX_KEPT_BODY, Settings
from tests.support.servers import serve_store

LONG = "x" * 1_001


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/sessions", {"name": LONG}, "name has 1,001 characters; expected up to 1,000"),
        ("POST", "/seeds", {"flow_runs": [1] * 100_001}, "the seed has 100,001 records"),
        ("PUT", "/seeds", [1] * 100_001, "the seed has 100,001 records"),
        ("POST", "/flow_runs?number=50001", [{}, {}], "100,002 flow runs; expected up to 100,000"),
        (
            "POST",
            "/flow_runs?number=100000",
            {"name": "x" * 3_000},
            "100,000 times a body of 3,012 bytes; expected up to 268,435,456 bytes in all",
        ),
        (
            "POST",
            "/assert/deleted",
            {"flow_runs": [""] * (MAX_DELETED + 1)},
            "100,001 flow runs; expected up to 100,000",
        ),
        (
            "POST",
            "/assert/called",
            {"json": "x" * MAX_KEPT_BODY},
            "a body of 65,548 bytes; expected up to 65,536",
        ),
    ],
)
def test_a_request_beyond_a_bound_is_refused(
    method: str, path: str, body: object, says: str
) -> None:
    """The detail says how much came, and how much may."""
    with serve_store(Store(Base(())), Settings(journal=10)) as client:
        reply = client.send(method, f"/_mock{path}", json.dumps(body).encode())
    assert reply.status == 422
    assert says in reply.json["detail"]


def test_a_key_may_occur_once() -> None:
    """Of a field that comes twice nobody knows which one is meant."""
    with serve_store(Store(Base(()))) as client:
        reply = client.send("POST", "/_mock/flow_runs", b'{"name": "a", "name": "b"}')
    assert reply.status == 422
    assert "occurs twice" in reply.json["detail"]


def test_seeds_with_others_are_added_as_they_are() -> None:
    """So many become a segment; a subflow among them has the parent that the world knows."""
    task_run = "11111111-0000-4000-8000-000000000000"
    parent = "22222222-0000-4000-8000-000000000000"
    subflow = {"name": "subflow", "parent_task_run_id": task_run}
    with serve_store(Store(Base(())), Settings(journal=10)) as client:

        def add(seed: object) -> None:
            reply = client.send("POST", "/_mock/seeds", json.dumps(seed).encode())
            assert reply.status == 200, reply.body

        add(
            {
                "flow_runs": [{"id": parent, "name": "parent"}],
                "task_runs": [{"id": task_run, "flow_run_id": parent}],
            }
        )
        add({"flow_runs": [{"name": f"run-{n}"} for n in range(2_500)]})
        made = client.send("POST", "/_mock/flow_runs?number=2500", json.dumps(subflow).encode())
        assert {run["parent_task_run_id"] for run in made.json} == {task_run}
        body = {"flow_runs": {"parent_flow_run_id": {"any_": [parent]}}}
        assert client.ask("POST", "/flow_runs/count", body).json == 2_500
        dumped = client.send("GET", "/_mock/seeds").json
    assert len(dumped["flow_runs"]) == 5_001
