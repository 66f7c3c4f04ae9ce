"""A fault happens only to a request that would be carried out: every guard comes before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.prefect.records import FlowRun
from mockserver.store.base import Base
from mockserver.store.store import Store
from mockserver.worlds import Settings
from mockserver.worlds.faults import PRESETS
from tests.support.servers import Client, serve_store

FAULTS = [*PRESETS, "status=500, after", "latency=0.01", "not a fault"]
TOKEN = "s3cret"
HEAD = (
    "POST /api/flow_runs/bulk_delete HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    "Content-Type: application/json\r\nx-mockserver-fault: {fault}\r\n"
)


@pytest.fixture
def store() -> Store:
    return Store(Base([FlowRun(id="11111111-0000-4000-8000-000000000000", name="etl")]))


@pytest.fixture
def client(store: Store) -> Iterator[Client]:
    settings = Settings(max_body=100, client_timeout=0.2, journal=10)
    with serve_store(store, settings) as connected:
        connected.documented = False  # injected faults are in no document
        yield connected


def delete_with(client: Client, fault: str, **headers: str) -> Any:
    named = {"Content-Type": "application/json", "x-mockserver-fault": fault, **headers}
    return client.send("POST", "/api/flow_runs/bulk_delete", b"{}", named)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
def test_a_foreign_request_is_refused(
    client: Client, store: Store, fault: str, headers: dict[str, str]
) -> None:
    """403, as without the header."""
    reply = delete_with(client, fault, **headers)
    assert (reply.status, len(store)) == (403, 1)
    assert "--allow-host" in reply.json["detail"]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_bounds_of_a_body_hold(client: Client, store: Store, fault: str) -> None:
    """A long body is 413 by its length or by its chunks, an endless one 408."""
    head = HEAD.format(fault=fault).encode()
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    for sent, status in (
        (head + b"Content-Length: 9000000000\r\n\r\n", b"413"),
        (chunked + b"65\r\n" + b" " * 0x65 + b"\r\n", b"413"),
        (head + b"Content-Length: 20\r\n\r\n{}", b"408"),
        (chunked + b"2\r\n{}\r\n", b"408"),
    ):
        assert client.raw(sent, until=b"\r\n").startswith(b"HTTP/1.1 " + status)
    assert len(store) == 1


def test_the_header_needs_the_right_to_the_control_api(store: Store) -> None:
    """With a token: the token. Without one: this machine, by a loopback name and no page."""
    settings = Settings(control_token=TOKEN)
    with serve_store(store, settings) as client:
        client.documented = False
        reply = delete_with(client, "conflict")
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        assert "x-mockserver-fault needs" in reply.json["detail"]
        assert delete_with(client, "conflict", Authorization="Bearer nope").status == 401
        assert delete_with(client, "conflict", Authorization=f"Bearer {TOKEN}").status == 409
    with serve_store(store, Settings(hosts=None)) as client:
        client.documented = False
        assert delete_with(client, "conflict", Host="mock.internal").status == 403
        assert delete_with(client, "conflict", Origin="http://evil.example").status == 403
        assert delete_with(client, "conflict").status == 409
    assert len(store) == 1


def test_a_fault_that_comes_after_sees_the_body(client: Client, store: Store) -> None:
    """The body is read before the fault, and the request is then carried out with it."""
    assert delete_with(client, "status=504, after").status == 504
    assert len(store) == 0


def test_a_stranger_is_asked_for_no_body_of_the_control_api(client: Client) -> None:
    """100 Continue is for those that are served."""
    sent = (
        b"POST /_mock/seeds HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
        b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    )
    assert client.raw(sent).startswith(b"HTTP/1.1 403")
