# A target sends exactly the given request, within its limits, and its errors say what went wrong.

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from mockserver.contract.server.target import (
    HTTPStatusError,
    Limits,
    RequestLimitReached,
    Target,
    TargetError,
    build_headers,
    is_loopback,
    normalize_api_url,
)
from mockserver.errors import UsageError
from mockserver.store.flow_run_index import Base
from mockserver.store.store import Store
from tests.support.servers import serve_store


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_store(Store(Base([]))) as client:
        host, port = client.address
        yield f"http://{host}:{port}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200/api"),
        ("http://127.0.0.1:4200", "http://127.0.0.1:4200/api"),
        ("127.0.0.1:4200/", "http://127.0.0.1:4200/api"),
        ("https://example.org/prefix/api/", "https://example.org/prefix/api"),
        ("http://[::1]:4200", "http://[::1]:4200/api"),
    ],
)
def test_a_url_may_leave_out_scheme_and_path(given: str, expected: str) -> None:
    """http:// and /api are added."""
    assert normalize_api_url(given) == expected


@pytest.mark.parametrize(
    "given", ["", "http://", "ftp://127.0.0.1", "http://a:b", "http://a?x=1", "http://u:p@a/api"]
)
def test_anything_but_an_http_url_is_a_usage_error(given: str) -> None:
    """A password in it, too: every report would show it."""
    with pytest.raises(UsageError, match=r"expected http|may not hold a password"):
        normalize_api_url(given)


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ((), {}, {}),
        ((), {"PREFECT_API_KEY": "k"}, {"Authorization": "Bearer k"}),
        ((), {"PREFECT_API_AUTH_STRING": "a:b"}, {"Authorization": "Basic YTpi"}),
        (
            ("authorization: mine", "X-Team:data"),
            {"PREFECT_API_KEY": "k"},
            {"authorization": "mine", "X-Team": "data"},
        ),
    ],
)
def test_credentials_are_read_as_prefects_client_reads_them(
    given: tuple[str, ...], environment: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    """A given header replaces one from the environment."""
    assert build_headers(given, environment) == expected


def test_a_header_without_a_name_is_a_usage_error() -> None:
    """The error says what was expected."""
    with pytest.raises(UsageError, match="expected 'Name: value'"):
        build_headers(("nonsense",), {})


def test_an_invalid_secret_is_not_shown() -> None:
    """A line end after a key is dropped; one within it is an error that does not repeat it."""
    assert build_headers((), {"PREFECT_API_KEY": "k\n"}) == {"Authorization": "Bearer k"}
    with pytest.raises(UsageError, match="Authorization holds a control character") as caught:
        build_headers((), {"PREFECT_API_KEY": "sec\nret"})
    assert "ret" not in str(caught.value)


def test_a_header_that_cannot_be_sent_is_a_usage_error() -> None:
    """Headers are Latin-1."""
    assert build_headers(("X: \xfc",), {}) == {"X": "\xfc"}
    with pytest.raises(UsageError, match=r"header X .*Latin-1"):
        build_headers(("X: \u20ac",), {})


def test_no_more_requests_are_sent_than_allowed(url: str) -> None:
    """The error says which flag raises the limit."""
    target = Target(url, limits=Limits(requests=2))
    target.request_json("GET", "/health")
    target.request_json("GET", "/health")
    with pytest.raises(RequestLimitReached, match=r"2 requests.*--max-requests"):
        target.request_json("GET", "/health")


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


def test_loopback_addresses_are_recognised() -> None:
    """No proxy is used for them."""
    assert is_loopback("http://localhost:1")
    assert is_loopback("http://[::1]:1/api")
    assert not is_loopback("http://example.org")
