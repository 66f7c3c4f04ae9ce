"""The views of what happens: journal and news, faults, the clock, sessions, the contract."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from mockserver.insight import all_releases_page, describe_release, release_page
from mockserver.prefect.releases import NEWEST
from mockserver.store import Base, Store
from mockserver.web.exchange import news
from mockserver.worlds import PRESETS, Settings
from mockserver.worlds.faults import Faults
from tests.web.page_client import NOW, PageClient, serve_page


@pytest.fixture
def recorded() -> Iterator[PageClient]:
    """A fresh server with a journal."""
    with serve_page(settings=Settings(now=lambda: NOW, journal=500)) as page:
        yield page


def test_requests_are_shown_with_what_they_deleted(recorded: PageClient) -> None:
    """The newest first; a refused one with the reason, a delete with its condition."""
    recorded.client.bulk_delete({"flow_runs": {"tags": {"any_": ["prod"]}}})
    recorded.client.bulk_delete({"limit": "many"})
    value = recorded.json("/page/journal")
    refused, delete = value["exchanges"]
    assert (refused["status"], delete["status"]) == (422, 200)
    assert refused["reason"].startswith("limit: ")
    assert (delete["deleted"], delete["why"]) == (10, "tags has any of {prod}")
    text = recorded.html("/page/journal")
    assert "tags has any of {prod}" in text
    assert "<h1>" not in recorded.html("/page/journal", part="rows")


def test_without_a_journal_it_is_told_how_to_have_one(page: PageClient) -> None:
    """And a session has one."""
    assert "--journal 1000" in page.html("/page/journal")
    assert page.get("/page/journal/events").status == 404
    session = page.change("/page/sessions")
    assert session.json("/page/journal")["has_journal"]


@contextmanager
def listening(page: PageClient) -> Iterator[http.client.HTTPResponse]:
    """A connection on which news come."""
    address = urlsplit(page.client.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    connection.request("GET", f"{page.root}/page/journal/events", headers={"Accept": "*/*"})
    reply = connection.getresponse()
    try:
        yield reply
    finally:
        connection.close()


def next_line(reply: http.client.HTTPResponse) -> bytes:
    return next(line for line in iter(reply.readline, b"") if line.strip()).strip()


def test_news_are_told_as_they_come(recorded: PageClient) -> None:
    """One event for the requests that came since; a page that waits is not a request itself."""
    with listening(recorded) as reply:
        assert reply.headers["Content-Type"] == "text/event-stream"
        assert next_line(reply) == b": waiting"
        recorded.client.send("GET", "/api/health", None, {})
        assert next_line(reply) == b"event: news"
    assert len(recorded.json("/page/journal")["exchanges"]) == 1


def test_a_browser_that_is_gone_is_noticed(
    recorded: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the comments that are sent where there are no news; then another may wait."""
    monkeypatch.setattr(news, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(news, "_QUIET_LOOKS", 1)
    monkeypatch.setattr(news, "MAX_STREAMS", 1)
    with listening(recorded) as reply:
        assert next_line(reply) == b": waiting"
        assert next_line(reply) == b": still here"
        with listening(recorded) as refused:
            assert refused.status == 503
    while True:  # ends, as the server notices
        with listening(recorded) as reply:
            if reply.status == 200:
                break


def test_faults_are_injected_and_removed(recorded: PageClient) -> None:
    """By preset, path and number; they show in the journal."""
    recorded.change("/page/faults", preset="rate-limited", path="/health", times="1")
    assert [recorded.client.send("GET", "/api/health", None, {}).status for _ in range(2)] == [
        429,
        200,
    ]
    text = recorded.html("/page/journal")
    assert "happened" in text
    assert recorded.json("/page/journal")["faults"][0]["happened"] == 1
    recorded.change("/page/faults", preset=next(iter(PRESETS)))
    assert recorded.json("/page/journal")["faults"][1]["path"] == "*"
    recorded.change("/page/faults/clear")
    assert recorded.json("/page/journal")["faults"] == []


@pytest.mark.parametrize(
    ("path", "fields", "detail"),
    [
        ("/page/faults", {"preset": "none"}, "preset is 'none'; expected one of sqlite-503"),
        ("/page/faults", {"preset": "conflict", "path": "x"}, "path is 'x'; expected a pattern"),
        ("/page/faults", {"preset": "conflict", "times": "x"}, "times is 'x'; expected"),
        ("/page/clock", {"how": "back"}, "how is 'back'; expected one of run, stop, advance"),
        ("/page/clock", {"how": "advance"}, "time is empty; expected a duration such as 2d"),
        ("/page/clock", {"how": "advance", "time": "far"}, "far"),
        ("/page/clock", {"how": "stop", "time": "noon"}, "noon"),
        ("/page/sessions", {"name": "a/b"}, "is not a name for a session"),
        ("/page/sessions/drop", {"name": "none"}, "no session 'none'"),
    ],
)
def test_a_wrong_form_is_told(
    recorded: PageClient, path: str, fields: dict[str, str], detail: str
) -> None:
    """With what came and what was expected; nothing has changed."""
    reply = recorded.post(path, "application/json", **fields)
    assert reply.status in (404, 422)
    assert detail in reply.json["detail"]
    assert recorded.world.faults.rules == Faults().rules


def test_the_clock_is_stopped_moved_and_started(recorded: PageClient) -> None:
    """Of this world."""
    recorded.change("/page/clock", how="stop", time="2026-01-01T00:00:00Z")
    recorded.change("/page/clock", how="advance", time="2d")
    value = recorded.json("/page/journal")
    assert (value["now"], value["stands"]) == ("2026-01-03T00:00:00Z", True)
    assert "the clock stands" in recorded.html("/page/journal")
    recorded.change("/page/clock", how="run")
    assert recorded.json("/page/journal")["stands"] is False
    recorded.change("/page/clock", how="stop")
    assert recorded.json("/page/journal")["stands"] is True


def test_sessions_are_opened_listed_and_dropped(recorded: PageClient) -> None:
    """One is a copy of the world that is looked at; its page has its own links."""
    opened = recorded.post("/page/sessions", name="mine")
    assert opened.headers["location"] == "/sessions/mine/"
    assert recorded.post("/page/sessions", name="mine").status == 409
    session = PageClient(recorded.client, recorded.world, "/sessions/mine")
    assert 'href="/sessions/mine/page/filter"' in session.html("/")
    assert session.json("/page/sessions")["sessions"][0]["name"] == "mine"
    assert "60</data> flow runs" in recorded.html("/page/sessions")
    assert recorded.post("/page/sessions/drop", name="mine").status == 303
    assert recorded.json("/page/sessions") == {"sessions": [], "dropped": 0}
    assert session.get("/").status == 404


def test_the_contract_is_told_by_release(page: PageClient) -> None:
    """As `mockserver releases` tells it."""
    assert all_releases_page().headline in page.html("/page/contract")
    facts = release_page(describe_release(NEWEST))
    assert facts.headline in page.html("/page/contract", release=NEWEST)
    assert page.json("/page/contract", release=NEWEST)["release"] == NEWEST
    reply = page.get("/page/contract", "application/json", release="1.0")
    assert (reply.status, "release is '1.0'" in reply.json["detail"]) == (422, True)


def test_an_empty_server_has_a_page() -> None:
    """With nothing to show, and no error."""
    with serve_page(Store(Base(())), Settings()) as page:
        for path in ("/", "/page/filter", "/page/report", "/page/journal"):
            assert page.html(path)
