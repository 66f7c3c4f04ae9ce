# A target sends what it was told, no more often than it may, and says what went wrong.

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import strategies as st

from mockserver.contract.diff.shrinking import find_smallest_difference
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
from tests.support.servers import live


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with live(Store(Base([]))) as client:
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
def test_a_url_may_be_typed_short(given: str, expected: str) -> None:
    """The scheme and /api are added where they are not said."""
    assert normalize_api_url(given) == expected


@pytest.mark.parametrize(
    "given", ["", "http://", "ftp://127.0.0.1", "http://a:b", "http://a?x=1", "http://u:p@a/api"]
)
def test_what_is_no_url_is_told(given: str) -> None:
    """A password in it, too: it would be shown in every report."""
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
def test_credentials_are_read_as_prefect_reads_them(
    given: tuple[str, ...], environment: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    """A header that was given comes before what the environment says."""
    assert build_headers(given, environment) == expected


def test_a_header_without_a_name_is_told() -> None:
    """And what was expected."""
    with pytest.raises(UsageError, match="expected 'Name: value'"):
        build_headers(("nonsense",), {})


def test_a_secret_that_is_no_header_is_not_shown() -> None:
    """A key that was read from a file with its line end is taken; one with more is told of."""
    assert build_headers((), {"PREFECT_API_KEY": "k\n"}) == {"Authorization": "Bearer k"}
    with pytest.raises(UsageError, match="Authorization holds a control character") as caught:
        build_headers((), {"PREFECT_API_KEY": "sec\nret"})
    assert "ret" not in str(caught.value)


def test_a_header_that_cannot_be_sent_is_told_before_anything_is() -> None:
    """Headers are Latin-1; what is of it goes out."""
    assert build_headers(("X: \xfc",), {}) == {"X": "\xfc"}
    with pytest.raises(UsageError, match=r"header X .*Latin-1"):
        build_headers(("X: \u20ac",), {})


def test_no_more_is_sent_than_may_be(url: str) -> None:
    """The ceiling is one of all requests, and says which flag raises it."""
    target = Target(url, limits=Limits(requests=2))
    target.request_json("GET", "/health")
    target.request_json("GET", "/health")
    with pytest.raises(RequestLimitReached, match=r"2 requests.*--max-requests"):
        target.request_json("GET", "/health")


def test_a_refusal_is_told_with_its_answer(url: str) -> None:
    """Where a success was needed."""
    with pytest.raises(HTTPStatusError, match=r"GET /nope answered 404 .*Not Found"):
        Target(url).request_json("GET", "/nope")


def test_what_does_not_answer_is_told() -> None:
    """Nobody listens; or somebody does, and does not answer in time."""
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
def test_a_curl_line_sends_the_same(url: str, body: bytes) -> None:
    """Whatever the bytes: the shown line gets the answer that the request got."""
    target = Target(url)
    answer = target.send("POST", "/flow_runs/bulk_delete", body)
    line = target.curl("POST", "/flow_runs/bulk_delete", body)
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    head, _, reply = done.stdout.partition(b"\r\n\r\n")
    assert head.split()[1] == str(answer.status).encode()
    assert reply == answer.body


def test_credentials_are_in_no_curl_line(url: str) -> None:
    """Lines are pasted into issues."""
    target = Target(url, {"Authorization": "Bearer secret"})
    assert "secret" not in target.curl("GET", "/health")
    assert shlex.split(target.curl("GET", "/health", headers={}))[-1].endswith("/health")


def test_loopback_is_told_from_elsewhere() -> None:
    """No proxy stands between this machine and itself."""
    assert is_loopback("http://localhost:1")
    assert is_loopback("http://[::1]:1/api")
    assert not is_loopback("http://example.org")


# The search


def test_a_search_ends_on_the_smallest_that_shows_a_difference() -> None:
    """Hypothesis makes it small; the value that came last is that one."""
    found = find_smallest_difference(
        st.lists(st.integers()),
        lambda value: value if sum(value) > 100 else None,
        examples=500,
        number=1,
    )
    assert found == [101]


def test_a_search_without_a_find_is_none() -> None:
    """After as many tries as it was given."""
    tried: list[int] = []
    assert find_smallest_difference(st.integers(), tried.append, examples=50, number=1) is None
    assert len(tried) == 50


def test_a_search_ends_when_the_server_does_not_answer_any_more() -> None:
    """Nothing is made small by sending more to what is not there."""
    tried: list[int] = []

    def look(value: int) -> None:
        tried.append(value)
        raise TargetError("gone")

    with pytest.raises(TargetError, match="gone"):
        find_smallest_difference(st.integers(), look, examples=50, number=1)
    assert len(tried) == 1
