"""Who may look at the page, in which form, and what it answers to what it does not have."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from mockserver.http.app import create_sessions_app
from mockserver.resources import resource_path
from mockserver.store import Base, Store
from mockserver.web.exchange.headers import HEADERS
from mockserver.web.exchange.replies import NAVIGATION
from mockserver.web.routes import VIEWS
from mockserver.worlds import Sessions, Settings, World
from tests.support.servers import serve_app
from tests.web.page_client import PageClient, serve_page

# An endless stream; a report of the kit, which not every server was told of.
OTHERWISE = {"/page/journal/events", "/page/contract/report"}
LOOKED_AT = [path for method, path in VIEWS if method == "GET" and "{" not in path]


@pytest.mark.parametrize(
    "path", [path for path in LOOKED_AT if not path.endswith(("/events", "/report"))]
)
def test_every_view_is_html_and_json_at_the_same_address(page: PageClient, path: str) -> None:
    """By what the client accepts, and by the suffix .json; a program gets JSON."""
    assert "<!DOCTYPE html>" in page.html(path)
    value = page.json(path)
    assert page.get(path, "*/*").json == value
    if path != "/":
        assert page.get(f"{path}.json").json == value


def test_every_view_is_linked() -> None:
    """The navigation has a link to each view that has an address without a name in it."""
    linked = {path for _, path, _ in NAVIGATION}
    assert linked <= set(LOOKED_AT)


def test_a_page_may_load_its_own_files_alone(page: PageClient) -> None:
    """Its policy allows no other origin, no inline script, and no frame around it."""
    reply = page.get("/page/filter")
    for name, value in HEADERS.items():
        assert reply.headers[name.lower()] == value
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    text = reply.body.decode()
    assert "http:" not in text.replace(page.client.url, "")
    assert "https:" not in text


@pytest.mark.parametrize("name", [path.name for path in resource_path("web/assets").iterdir()])
def test_files_are_sent_once(page: PageClient, name: str) -> None:
    """Each has its type, and a browser that has it gets 304."""
    reply = page.get(f"/page/assets/{name}")
    assert reply.status == 200
    assert reply.body == Path(resource_path(f"web/assets/{name}")).read_bytes()
    assert reply.headers["content-type"].split(";")[0] in (
        "text/css",
        "text/javascript",
        "image/svg+xml",
    )
    headers = {"If-None-Match": reply.headers["etag"]}
    assert page.client.send("GET", f"/page/assets/{name}", None, headers).status == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/page/assets/missing.js", 404),
        ("/page/assets/..%2f..%2ferrors.py", 404),
        ("/page/nothing", 404),
        ("/page/delete", 405),
        ("/page/filter?part=../../errors", 200),
    ],
)
def test_what_there_is_not(page: PageClient, path: str, status: int) -> None:
    """Unknown paths, methods and parts; no other file of the package is ever sent."""
    assert page.client.send("GET", path, None, {"Accept": "text/html"}).status == status
    assert page.client.send("GET", path, None, {}).status == status


def test_an_error_is_a_page_or_json(page: PageClient) -> None:
    """A person reads a sentence, a program `detail`."""
    assert 'role="alert">the page has no /page/nothing' in page.get("/page/nothing").body.decode()
    assert page.get("/page/nothing", "*/*").json == {"detail": "the page has no /page/nothing"}


@pytest.mark.parametrize(
    ("body", "content_type", "detail"),
    [
        (b"{}", "application/json", "the body is application/json; expected"),
        (b"a=\xff", "application/x-www-form-urlencoded", "the form cannot be read"),
        (b"&".join([b"a=1"] * 200), "application/x-www-form-urlencoded", "the form cannot be read"),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    page: PageClient, body: bytes, content_type: str, detail: str
) -> None:
    """With what came, and what was expected."""
    reply = page.client.send("POST", "/page/filter", body, {"Content-Type": content_type})
    assert reply.status == 422
    assert reply.json["detail"].startswith(detail)


def test_the_page_is_neither_recorded_nor_hit_by_faults() -> None:
    """So that looking changes nothing, and who made a fault can remove it."""
    with serve_page(settings=Settings(journal=10)) as page:
        page.client.send("POST", "/_mock/faults", b'{"status": 500}', {})
        assert page.get("/").status == 200
        assert page.client.send("GET", "/api/health", None, {}).status == 500
        journal = page.client.send("GET", "/_mock/journal", None, {}).json
        assert [one["path"] for one in journal["exchanges"]] == ["/health"]


def test_without_the_page_its_paths_are_unknown() -> None:
    """As `serve --no-page` has it."""
    app = create_sessions_app(Sessions(World(Store(Base(())), Settings())))
    with serve_app(app) as client:
        assert client.send("GET", "/", None, {"Accept": "text/html"}).status == 404
        assert client.send("GET", "/page/filter", None, {}).status == 404


def basic(password: str) -> str:
    return "Basic " + b64encode(f"me:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": basic("wrong")}, 401),
        ({"Authorization": "Basic !"}, 401),
        ({"Authorization": basic("s3cret")}, 200),
        ({"Authorization": "Bearer s3cret"}, 200),
        ({"Authorization": basic("s3cret"), "Origin": "http://mock.internal"}, 200),
        ({"Authorization": basic("s3cret"), "Origin": "http://evil.example"}, 401),
    ],
)
def test_with_a_token_the_browser_asks_for_it(headers: dict[str, Any], status: int) -> None:
    """It is the password; a page of another origin cannot use the password that a browser knows."""
    settings = Settings(hosts=None, control_token="s3cret")  # noqa: S106 - of a test
    with serve_page(Store(Base(())), settings) as page:
        sent = {"Host": "mock.internal", **headers}
        reply = page.client.send("GET", "/page/filter", None, sent)
        assert reply.status == status
        assert ("www-authenticate" in reply.headers) == (status == 401)


def test_only_this_machine_may_look() -> None:
    """As with the control API: whatever hosts are allowed, a foreign page is refused."""
    with serve_page(Store(Base(())), Settings(hosts=None)) as page:
        for headers in ({"Host": "mock.internal"}, {"Origin": "http://evil.example"}):
            assert page.client.send("GET", "/", None, headers).status == 403
        assert page.get("/").status == 200
