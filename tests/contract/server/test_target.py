# A target sends exactly the given request, within its limits, and its errors say what went wrong.

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Iterator

import pytest

from mockserver.contract.server.target import (
    HTTPStatusError,
    Limits,
    RequestLimitReached,
    Target,
    TargetError,
    TimeIsUp,
)
from mockserver.store.base import Base
from mockserver.store.store import Store
from tests.support.servers import serve_store


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_store(Store(Base([]))) as client:
        host, port = client.address
        yield f"http://{host}:{port}"


def test_no_more_requests_are_sent_than_allowed(url: str) -> None:
    """The error says which flag raises the limit."""
    target = Target(url, limits=Limits(requests=2))
    target.request_json("GET", "/health")
    target.request_json("GET", "/health")
    with pytest.raises(RequestLimitReached, match=r"2 requests.*--max-requests"):
        target.request_json("GET", "/health")


def test_no_request_is_sent_after_the_deadline(url: str) -> None:
    """The block within it may be left out, for what has to be cleaned up."""
    target = Target(url)
    with target.until(0.0):
        with pytest.raises(TimeIsUp):
            target.request_json("GET", "/health")
        with target.without_limits():
            assert target.request_json("GET", "/health") is True
    assert target.count("flow_runs") == 0


def test_an_error_status_raises_with_the_answer(url: str) -> None:
    """Where a 2xx status was needed."""
    with pytest.raises(HTTPStatusError, match=r"GET /nope answered 404 .*Not Found"):
        Target(url).request_json("GET", "/nope")


def test_a_server_that_does_not_answer_raises_target_error() -> None:
    """It does not listen, or does not answer in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        slow = Target(f"127.0.0.1:{port}", limits=Limits(timeout=0.05))
        with pytest.raises(TargetError, match=r"was not answered within 0\.05 s"):
            slow.request_json("GET", "/health")
    with pytest.raises(TargetError, match=r"cannot reach .*refused"):
        Target(f"127.0.0.1:{port}").request_json("GET", "/health")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"limit": "it\'s"}', b"@file", b"\xff\0", '{"ü": "\\u0000"}'.encode(), b"a\nb"],
)
def test_a_curl_command_sends_the_same_request(url: str, body: bytes) -> None:
    """Whatever the bytes, the command gets the answer that the request got."""
    target = Target(url)
    answer = target.send("POST", "/flow_runs/bulk_delete", body)
    line = target.curl("POST", "/flow_runs/bulk_delete", body)
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    head, _, reply = done.stdout.partition(b"\r\n\r\n")
    assert head.split()[1] == str(answer.status).encode()
    assert reply == answer.body


def test_a_curl_command_has_no_credentials(url: str) -> None:
    """Users paste commands into issues."""
    target = Target(url, {"Authorization": "Bearer secret"})
    assert "secret" not in target.curl("GET", "/health")
    assert shlex.split(target.curl("GET", "/health", headers={}))[-1].endswith("/health")
