"""Whatever a server sends, or does not send, a request to it ends with one sentence.

It is followed nowhere, is given no other credentials than those that were named, and what it sends
is bounded.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mockserver.contract.server import bounded_session
from mockserver.contract.server.target import HTTPStatusError, Limits, Target, TargetError
from tests.support.hostile_servers import Behaviour, drip, flood, hang, reply, sends, serve_raw

HOSTILE: dict[str, tuple[Behaviour, str]] = {
    "hangs": (hang, "was not answered within"),
    "drips its headers": (drip(b"HTTP/1.1 200 OK\r\nX-A: "), "was not answered within"),
    "drips its body": (drip(b"HTTP/1.1 200 OK\r\n\r\n"), "was not answered within"),
    "drips a chunk": (
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n"),
        "was not answered within",
    ),
    "sends without end": (flood, "longer than 1,000,000 bytes"),
    "sends a gzip": (
        reply(gzip.compress(b"1" * 10**6), b"Content-Encoding: gzip"),
        "compressed (gzip)",
    ),
    "sends HTML": (reply(b"<!doctype html><title>Log in</title>"), "which is not JSON"),
    "sends what nests deeply": (reply(b"[" * 200_000), "which is not JSON"),
    "cuts the connection": (sends(b""), "cannot reach"),
    "cuts its body": (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"), "cannot reach"),
    "sends no HTTP": (sends(b"220 mail.example ESMTP\r\n"), "cannot reach"),
    "redirects": (
        sends(b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.2:9/\r\nContent-Length: 0\r\n\r\n"),
        "answered 307",
    ),
    "answers 429": (
        sends(b"HTTP/1.1 429 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
        "answered 429",
    ),
}


@pytest.mark.parametrize(("behave", "problem"), HOSTILE.values(), ids=HOSTILE)
def test_a_request_ends_with_one_sentence(
    behave: Behaviour, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what the server did."""
    monkeypatch.setattr(bounded_session, "MAX_REPLY", 1_000_000)
    with serve_raw(behave) as (url, received):
        # Long enough for those that send at once: only a server that does not is cut off.
        seconds = 0.3 if "within" in problem else 60
        target = Target(url, {"Authorization": "Bearer secret"}, limits=Limits(timeout=seconds))
        with pytest.raises(TargetError) as raised:
            target.request_json("POST", "/flow_runs/filter", {})
        target.close()
    text = str(raised.value)
    assert problem in text
    assert text.isprintable()
    assert len(text) < 1_000
    assert len(received) == 1


def test_a_tls_server_is_told_from_one_without() -> None:
    """Both ways: what answers is not what was asked for."""
    with serve_raw(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (url, _):
        target = Target(url.replace("http:", "https:"))
        with pytest.raises(TargetError, match="cannot reach"):
            target.request_json("GET", "/health")


@pytest.mark.parametrize("proxied", [False, True])
def test_no_credentials_but_those_that_were_named_are_sent(
    proxied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password of .netrc does not go to a server elsewhere, which is reached by its proxy."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serve_raw(sends(b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")) as (url, received):
        monkeypatch.setenv("http_proxy", url.removesuffix("/api"))
        monkeypatch.setenv("no_proxy", "")
        target = Target("http://prefect.example/api" if proxied else url, {"X-Key": "named"})
        with pytest.raises(HTTPStatusError, match="401"):
            target.request_json("GET", "/flow_runs/count")
    (request,) = received
    assert b"X-Key: named" in request
    assert b"Authorization" not in request
    assert request.startswith(b"GET http://prefect.example/" if proxied else b"GET /api/")
