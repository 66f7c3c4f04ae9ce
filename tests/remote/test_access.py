"""How a server is reached: URLs as users type them, credentials as Prefect's client reads them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mockserver.errors import UsageError
from mockserver.remote.access import build_headers, is_loopback, normalize_api_url


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


def test_loopback_addresses_are_recognised() -> None:
    """No proxy is used for them."""
    assert is_loopback("http://localhost:1")
    assert is_loopback("http://[::1]:1/api")
    assert not is_loopback("http://example.org")
