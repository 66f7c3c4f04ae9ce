"""Requests to a server only read, stay within their bounds, and are sent again when it is busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError

from mockserver.errors import UsageError
from mockserver.remote import client as client_module
from mockserver.remote.client import (
    Bounds,
    ReadClient,
    RefusedError,
    RemoteError,
    check_bounds,
)
from tests.remote.scripted_client import ScriptedClient, reply


def ask(answers: list[Any], bounds: Bounds | None = None) -> tuple[Any, ScriptedClient]:
    """What a count gives when these are the answers, one after the other."""
    left = iter(answers)
    client = ScriptedClient("http://127.0.0.1:1", lambda *_: next(left), bounds)
    return client.run(client.count("flow_runs", {})), client


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    """After a pause that doubles; the caller is told why."""
    found, client = ask([reply({}, status), reply({}, status), 3])
    assert found == 3
    assert client.slept == [0.25, 0.5]
    assert [why.split()[0] for why in client.retries] == [str(status)] * 2


@pytest.mark.parametrize(
    "failure", [TimeoutError(), ServerDisconnectedError(), ConnectionResetError("reset")]
)
def test_a_lost_connection_is_asked_again(failure: BaseException) -> None:
    """Once the server was reached at all."""
    found, client = ask([reply({}, 503), failure, 3])
    assert found == 3
    assert len(client.slept) == 2


def test_a_server_that_asks_to_wait_is_waited_for() -> None:
    """Retry-After is a number of seconds or a date; what is neither is not there."""
    later = datetime.now(UTC) + timedelta(seconds=90)
    _, client = ask(
        [
            reply({}, 429, Retry_After="7"),
            reply({}, 429, Retry_After=format_datetime(later)),
            reply({}, 429, Retry_After=format_datetime(later.replace(tzinfo=None))),
            reply({}, 429, Retry_After="soon"),
            1,
        ]
    )
    assert client.slept[0] == 7
    assert 60 < client.slept[1] <= 90
    assert 60 < client.slept[2] <= 90
    assert client.slept[3] == 2


def test_patience_ends() -> None:
    """The error says how often and how long it was tried, and what came last."""
    with pytest.raises(RemoteError, match=r"failed 5 times in 4 s; the last time: 503 \"busy\""):
        ask([reply("busy", 503)] * 9, Bounds(patience=6))


def test_a_bug_of_the_server_is_not_waited_for() -> None:
    """A 500 may be the same each time."""
    with pytest.raises(RefusedError, match="was answered 500") as caught:
        ask([reply({}, 500)] * 9)
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ConnectionRefusedError("no"), "cannot reach http://127.0.0.1:1/api: no"),
        (ServerDisconnectedError(""), "cannot reach http://127.0.0.1:1/api: ServerDisconnected"),
    ],
)
def test_a_server_that_was_never_reached_is_an_error_at_once(
    failure: BaseException, said: str
) -> None:
    """Nobody wants to wait five minutes for a typing error."""
    with pytest.raises(RemoteError, match=said):
        ask([failure])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply({"detail": "no"}, 401), "answered 401 .*; set PREFECT_API_KEY"),
        (reply({"detail": "no"}, 403), "these credentials may not read it"),
        (reply({"detail": "Not Found"}, 404), "is this the URL of the API"),
        (reply({"detail": "bad filter"}, 422), "answered 422 .*bad filter.*$"),
        (reply(b"", 307, Location="https://x/"), "redirects to https://x/; give the URL"),
        (reply(b"", 307), "redirects to nowhere"),
        (reply(b"<html>", Content_Type="text/html"), r"not JSON \(text/html\); is this the URL"),
        (reply(b"<html>"), r"not JSON \(no type\)"),
        (reply("many"), 'answered "many", not a number'),
    ],
)
def test_an_answer_that_is_of_no_use_says_what_may_be_wrong(answer: Any, said: str) -> None:
    """The user sees the request, the answer, and what to do."""
    with pytest.raises(RemoteError, match=said):
        ask([answer])


@pytest.mark.parametrize("page", [{}, [1], [{"name": "no id"}], [{"id": 1}]])
def test_a_page_is_a_list_of_records_with_ids(page: Any) -> None:
    """Anything else is not an API of Prefect."""
    client = ScriptedClient("http://127.0.0.1:1", lambda *_: reply(page))
    with pytest.raises(RemoteError, match="not a list of records with ids"):
        client.run(client.page("/flows", {}))


@pytest.mark.parametrize(
    ("answer", "found"),
    [(reply("3.9.1"), "3.9.1"), (reply(3), None), (reply({}, 404), None), (reply(b"<"), None)],
)
def test_a_server_may_keep_its_release_to_itself(answer: Any, found: str | None) -> None:
    """Prefect Cloud does."""
    client = ScriptedClient("http://127.0.0.1:1", lambda *_: answer)
    assert client.run(client.version()) == found


def test_requests_keep_to_the_rate() -> None:
    """The first goes at once, each other a half second after the one before."""
    client = ScriptedClient(
        "http://127.0.0.1:1", lambda *_: None, Bounds(per_second=2, concurrency=1)
    )

    async def pace() -> None:
        for _ in range(3):
            await client._pace()
        client.now += 10
        await client._pace()

    asyncio.run(pace())
    assert client.slept == [0.5, 0.5]


@pytest.mark.parametrize(
    ("bounds", "flag"),
    [
        (Bounds(concurrency=0), "--concurrency is 0"),
        (Bounds(per_second=0), "--rate is 0"),
        (Bounds(per_second=float("nan")), "--rate is nan"),
        (Bounds(timeout=-1), "--timeout is -1"),
        (Bounds(patience=0), "--patience is 0"),
    ],
)
def test_bounds_within_which_nothing_can_be_asked_are_a_usage_error(
    bounds: Bounds, flag: str
) -> None:
    """The error names the flag."""
    with pytest.raises(UsageError, match=f"{flag}; expected more than 0"):
        check_bounds(bounds)
    check_bounds(Bounds())


def test_a_proxy_is_used_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names it, and says for whom it is not; .netrc is not read."""
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert client_module._proxy_for("https://api.example/api") == "http://proxy:3128"
    assert client_module._proxy_for("https://inside.example/api") is None
    assert client_module._proxy_for("http://127.0.0.1:4200/api") is None


@contextmanager
def serving(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server that always answers the same; also what it was asked, with the credentials."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status)
            for name, text in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not on the terminal of the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def count_of(url: str, bounds: Bounds | None = None, **headers: str) -> int:
    async def count() -> int:
        async with ReadClient(url, headers, bounds) as client:
            return await client.count("flow_runs", {})

    return asyncio.run(count())


def test_a_redirect_is_not_followed() -> None:
    """Credentials stay with the server they are for."""
    with serving(307, b"", Location="/elsewhere") as (url, seen):
        with pytest.raises(RemoteError, match="redirects to /elsewhere"):
            count_of(url, Authorization="Bearer k")
        assert seen == ["/api/flow_runs/count Bearer k"]


def test_a_reply_is_read_up_to_a_bound() -> None:
    """However much a server sends."""
    with (
        serving(200, b"1" * 100_000) as (url, _),
        pytest.raises(RemoteError, match="more than 10,000 bytes"),
    ):
        count_of(url, Bounds(reply_bytes=10_000))


def test_a_server_that_is_down_is_told_at_once() -> None:
    """In the system's words."""
    with serving(200, b"1") as (url, _):
        assert count_of(url) == 1
    with pytest.raises(RemoteError, match=r"cannot reach .*: Connection refused$"):
        count_of(url)
