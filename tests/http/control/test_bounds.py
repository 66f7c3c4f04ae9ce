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
