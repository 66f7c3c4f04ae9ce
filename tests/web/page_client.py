"""A server with the page on a real socket, and a client that asks for HTML or for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mockserver.http.app import create_sessions_app
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.web import make_page_handler
from mockserver.worlds import Sessions, Settings, World
from tests.support.paths import FIXTURES
from tests.support.servers import Client, Reply, serve_app

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
_FORM = "application/x-www-form-urlencoded"


class PageClient:
    """A client of the page of one world; `world` is the server's own."""

    def __init__(self, client: Client, world: World, root: str = "") -> None:
        self.client = client
        self.world = world
        self.root = root

    def get(self, path: str, accept: str = "text/html", **fields: str) -> Reply:
        """What is at an address."""
        query = f"?{urlencode(fields)}" if fields else ""
        return self.client.send("GET", f"{self.root}{path}{query}", None, {"Accept": accept})

    def html(self, path: str, **fields: str) -> str:
        """A page, whose tags are all closed."""
        reply = self.get(path, **fields)
        assert reply.status == 200, reply.body
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        text = reply.body.decode()
        _check_tags(text)
        return text

    def json(self, path: str, **fields: str) -> Any:
        """The same as JSON."""
        reply = self.get(path, "application/json", **fields)
        assert reply.status == 200, reply.body
        return reply.json

    def post(self, path: str, accept: str = "text/html", /, **fields: str) -> Reply:
        """What becomes of a form."""
        headers = {"Accept": accept, "Content-Type": _FORM}
        return self.client.send("POST", f"{self.root}{path}", urlencode(fields).encode(), headers)

    def change(self, path: str, /, **fields: str) -> PageClient:
        """Send a form that changes something; returns a client of where it leads to."""
        reply = self.post(path, **fields)
        assert reply.status == 303, reply.body
        root, _, _ = reply.headers["location"].partition("/page")
        return PageClient(self.client, self.world, root.rstrip("/"))


@contextmanager
def serve_page(
    store: Store | None = None, settings: Settings | None = None, kit_report: Path | None = None
) -> Iterator[PageClient]:
    """Serve a store, or the fixtures, with the page; yields a client."""
    held = store or Store(load_seeds([FIXTURES], NOW).base())
    world = World(held, settings or Settings(now=lambda: NOW))
    with serve_app(create_sessions_app(Sessions(world), make_page_handler(kit_report))) as client:
        yield PageClient(client, world)


_VOID = frozenset({"meta", "link", "input", "br", "rect"})


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), (tag, names)
        # The policy of the page allows neither.
        assert "style" not in names
        assert not [name for name in names if name.startswith("on")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in _VOID, (tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _check_tags(text: str) -> None:
    tags = _Tags()
    tags.feed(text)
    tags.close()
    assert tags.open == []
