"""Deleting on the page: in a copy, once or until nothing is left, with undo and a report."""

from __future__ import annotations

import pytest

from mockserver.web.exchange import history as page_history
from mockserver.web.views import deleting
from mockserver.worlds import World
from tests.web.page_client import PageClient, serve_page

COMPLETED = '{"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "limit": 5}'
COMPLETED_RUNS = 40


def left(page: PageClient) -> int:
    """How many runs there are in a world, by its API."""
    count = page.client.send("POST", f"{page.root}/api/flow_runs/count", b"{}", {})
    return int(count.json)


def test_a_delete_happens_in_a_copy(page: PageClient) -> None:
    """The server's own world keeps its runs; the report of the session says what went."""
    session = page.change("/page/delete", filter=COMPLETED)
    assert session.root.startswith("/sessions/")
    assert (left(session), left(page)) == (60 - COMPLETED_RUNS, 60)
    report = session.json("/page/report")
    assert report["deleted"] == COMPLETED_RUNS
    assert report["deleting"][0]["calls"] == 9  # 8 that delete 5, and one that finds nothing
    text = session.html("/page/report")
    assert "40 flow runs of 60 deleted" in text
    assert f'href="{session.root}/page/filter"' in text


def test_one_call_deletes_up_to_the_limit(page: PageClient) -> None:
    """As a script does that sends one request."""
    session = page.change("/page/delete", filter=COMPLETED, how="once")
    assert left(session) == 55


def test_deletes_are_undone_and_redone(page: PageClient) -> None:
    """In any order; where there is nothing to undo or redo, nothing happens."""
    first = page.change("/page/delete", filter=COMPLETED, how="once")
    assert first.change("/page/delete", filter=COMPLETED, how="once").root == first.root
    counts = [left(first)]
    for step in ("undo", "undo", "undo", "redo", "redo", "redo", "undo"):
        first.change(f"/page/{step}")
        counts.append(left(first))
    assert counts == [50, 55, 60, 60, 55, 50, 50, 55]
    assert first.json("/page/report")["deleted"] == 5
    first.change("/page/delete", filter=COMPLETED, how="once")
    first.change("/page/redo")  # what was undone is gone once another delete has happened
    assert left(first) == 50


def test_a_session_begins_anew(page: PageClient) -> None:
    """Reset restores what it held at first, and leaves nothing to undo."""
    session = page.change("/page/delete", filter="{}")
    assert left(session) == 0
    session.change("/page/reset")
    session.change("/page/undo")
    assert left(session) == 60
    assert session.json("/page/report")["deleted"] == 0


def test_the_servers_own_world_is_not_reset(page: PageClient) -> None:
    """It may be somebody's."""
    reply = page.post("/page/reset", "application/json")
    assert reply.status == 422
    assert "the server's own world" in reply.json["detail"]


def test_a_filter_that_is_refused_deletes_nothing(page: PageClient) -> None:
    """And no session is opened for it."""
    before = page.client.send("GET", "/_mock/sessions", None, {}).json
    reply = page.post("/page/delete", filter='{"tags": {"not_any_": ["a"]}}')
    assert reply.status == 422
    assert b"the filter is refused by spec: flow_runs.tags.not_any_" in reply.body
    assert page.client.send("GET", "/_mock/sessions", None, {}).json == before


def test_a_report_is_saved_as_a_file(page: PageClient) -> None:
    """As HTML that stands alone, or as Markdown."""
    session = page.change("/page/delete", filter=COMPLETED)
    saved = session.get("/page/report", save="html")
    assert saved.headers["content-disposition"] == 'attachment; filename="deletion-report.html"'
    assert saved.body.startswith(b"<!DOCTYPE html>")
    markdown = session.get("/page/report", save="md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.body.startswith("## ✓ 40 flow runs of 60 deleted".encode())


def test_others_are_answered_while_much_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long drain is cut into slices, between which the loop goes on."""
    monkeypatch.setattr(deleting, "_SLICE_SECONDS", 0.0)
    with serve_page() as page:
        assert left(page.change("/page/delete", filter=COMPLETED)) == 60 - COMPLETED_RUNS


def test_no_more_states_are_kept_than_can_be_undone() -> None:
    """The oldest is forgotten first."""
    with serve_page() as page:
        world: World = page.world
        history = page_history.History()
        for _ in range(page_history.MAX_STATES + 5):
            history.note(world)
        assert len(history.done) == page_history.MAX_STATES
