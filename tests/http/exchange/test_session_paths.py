"""Paths below a session's prefix: no spelling of a path leads into another world."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from yarl import URL

from mockserver.prefect.records import FlowRun
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.servers import Client, serve_store

DELETE = "api/flow_runs/bulk_delete"


@pytest.fixture
def store() -> Store:
    """The server's own world has one run."""
    return Store(Base([FlowRun(id="11111111-0000-4000-8000-000000000000", name="etl")]))


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    """Of a server that has an empty session "a", too."""
    with serve_store(store) as connected:
        connected.documented = False  # its paths are in no document
        reply = connected.send("POST", "/_mock/sessions", b'{"name": "a", "empty": true}')
        assert reply.status == 201
        yield connected


def post_raw(client: Client, path: str) -> tuple[int, bytes]:
    """Send a path as it is; return the status and the reply."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    received = client.raw(f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
                          .encode())  # fmt: skip
    return int(received.split()[1]), received


@pytest.mark.parametrize(
    "path",
    [
        f"/sessions/../{DELETE}",
        f"/sessions/./{DELETE}",
        f"/sessions/%2e%2e/{DELETE}",
        f"/sessions/%2E./{DELETE}",
        f"/sessions//{DELETE}",
        f"/sessions/%61/{DELETE}",
        f"/%73essions/a/{DELETE}",
        f"/sessions%2fa/{DELETE}",
        f"/sessions/a%2f{DELETE}",
        f"/sessions/a/../../{DELETE}",
        f"/sessions/a/%2e%2e/%2e%2e/{DELETE}",
        f"/sessions/a/./{DELETE}",
        f"/sessions/a//{DELETE}",
        f"/sessions/a/sessions/a/{DELETE}",
        f"/sessions/a/../../{DELETE}/",
        f"/sessions/a/%2e%2e/%2e%2e/{DELETE}/",
        f"/./{DELETE}",
        f"//{DELETE}",
        f"//{DELETE}/",
        f"/x/../{DELETE}",
        f"/x/../{DELETE}/",
        f"/%2e/{DELETE}",
        f"/sessions/a;/{DELETE}",
        f"/sessions/a\\{DELETE}",
        "/%5fmock/reset",
        "/sessions/a/%5fmock/reset",
        "/_mock/sessions/../reset",
        "/_mock/%72eset",
    ],
)
def test_a_path_that_is_not_in_its_plain_form_is_not_found(
    client: Client, store: Store, path: str
) -> None:
    """It is not sent on either, and deletes nothing in any world."""
    status, received = post_raw(client, path)
    assert (status, b"Location" in received) == (404, False)
    assert len(store) == 1


@pytest.mark.parametrize("name", [".", "..", "...", "%2e%2e", "a/.."])
def test_no_session_or_snapshot_has_a_name_that_clients_change(client: Client, name: str) -> None:
    """422 by the body, and never found by a path."""
    assert client.send("POST", "/_mock/sessions", json.dumps({"name": name}).encode()).status == 422
    assert client.send("PUT", f"/_mock/snapshots/{name}").status in (404, 405, 422)
    assert client.send("GET", "/_mock/snapshots").json == []
    assert len(client.send("GET", "/_mock/sessions").json) == 1


@pytest.mark.parametrize("path", ["a/../api/health", "a/%2e%2e/a/%2e%2e/api/health", "./a/health"])
def test_a_client_that_normalises_stays_below_the_prefix(client: Client, path: str) -> None:
    """What it makes of such a path names no session, or the same one."""
    sent = URL(f"{client.url}/sessions/{path}").raw_path
    assert ".." not in sent
    assert client.send("GET", sent).status == 404 or sent == "/sessions/a/health"


def test_the_plain_path_leads_to_the_session(client: Client, store: Store) -> None:
    """Its world is empty, and the server's is as it was; escapes that mean a letter are read."""
    for path in (f"/sessions/a/{DELETE}", "/sessions/a/api/flow_runs/bulk%5fdelete"):
        status, received = post_raw(client, path)
        assert (status, received.rpartition(b"\r\n\r\n")[2]) == (200, b'{"deleted":[]}')
    assert len(store) == 1
