"""The page in a real browser, as a person uses it: typing, clicking, keys alone, narrow, dark."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from pictures import HEIGHT, NARROW, take_picture
from playwright.sync_api import Page, Route, expect

from tests.support.servers import serve_in_process

VIEWS = {
    "workspace": "/",
    "filter": '/page/filter?filter={"state":{"type":{"any_":["COMPLETED"]}}}',
    "refused": '/page/filter?filter={"tags":{"not_any_":["keep"]}}',
    "report": "/page/report",
    "journal": "/page/journal",
    "sessions": "/page/sessions",
    "contract": "/page/contract",
    "kit-report": "/page/contract/report",
}
ADVICE = "a filter cannot say what to leave out here"


def test_from_nothing_to_a_delete_and_back(page: Page, server: str) -> None:
    """The form writes the body, the count follows, the delete happens in a copy, undo undoes it."""
    page.goto(server)
    page.get_by_role("link", name="Write a filter").click()
    page.get_by_role("group", name="type is any of").get_by_label("completed").check()
    expect(page.locator("#count h2")).to_contain_text("40 of 60 flow runs are selected")
    assert json.loads(page.locator("#filter").input_value()) == {
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}
    }
    ended = page.locator('[data-field="end_time.before_"] input')
    ended.fill("30d")
    ended.blur()
    expect(page.locator("#result")).to_contain_text("end_time.before_")
    expect(page.locator("#result")).not_to_have_class(re.compile("stale"))
    selected = int(page.locator("#count h2 data").first.get_attribute("value") or "")
    assert 0 < selected < 40
    take_picture(page, "filter")
    page.get_by_role("button", name="Delete here, until nothing is left").click()
    expect(page).to_have_url(re.compile(r"/sessions/\w+/page/report"))
    expect(page.locator("h1")).to_contain_text(f"{selected} flow runs of 60 deleted")
    take_picture(page, "report")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_contain_text("0 flow runs of 60 deleted")
    page.get_by_role("button", name="Redo").click()
    expect(page.locator("h1")).to_contain_text(f"{selected} flow runs of 60 deleted")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as Markdown").click()
    assert f"{selected} flow runs of 60 deleted" in Path(saved.value.path()).read_text()


def test_what_no_filter_can_say_is_told_at_its_field(page: Page, server: str) -> None:
    """Completed, but not tagged keep: what to do instead, where it was typed, and told once."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.clock.install()  # time goes on where the test says so
    page.goto(f"{server}/page/filter")
    field = page.locator('[data-field="tags.not_any_"]')
    field.get_by_role("textbox").fill("keep")
    expect(field.locator(".hint")).to_contain_text(ADVICE)
    expect(field.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    page.clock.run_for(5_000)
    expect(page.get_by_role("alert")).to_contain_text(ADVICE)
    expect(page.locator("#result")).to_be_empty()
    assert [body for body in asked if "part=result" in body] == []
    field.get_by_role("textbox").fill("")
    expect(field.locator(".hint")).to_be_hidden()
    page.clock.run_for(5_000)
    expect(page.locator("#result")).to_contain_text("what goes, by")


def test_a_refused_filter_has_no_reasons_either_where_they_come_later(
    page: Page, server: str
) -> None:
    """A page about many runs leaves them to its script, which does not ask for them then."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))

    def leave_to_script(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(
            response=reply,
            body=reply.text().replace('<div id="result">', '<div id="result" data-pending>'),
        )

    page.route(re.compile("/page/filter"), leave_to_script)
    page.goto(server + VIEWS["refused"])
    expect(page.locator("#result")).not_to_have_attribute("data-pending", "")
    expect(page.get_by_role("alert")).to_contain_text(ADVICE)
    assert [body for body in asked if "part=result" in body] == []


def test_the_body_fills_the_form(page: Page, server: str) -> None:
    """Also a body that is pasted with the curl line around it; the address can be shared."""
    page.goto(f"{server}/page/filter")
    body = '{"flow_runs": {"name": {"like_": "etl"}}, "limit": 7}'
    page.evaluate("text => navigator.clipboard.writeText(text)", f"curl -d '{body}' http://there/")
    page.locator("#filter").focus()
    page.keyboard.press("Control+V")
    expect(page.locator('[data-field="name.like_"] input')).to_have_value("etl")
    expect(page.get_by_label("limit of a call")).to_have_value("7")
    expect(page).to_have_url(re.compile("like_"))
    counted = page.locator("#count h2").inner_text()
    page.goto(page.url)
    expect(page.locator("#count h2")).to_have_text(counted)


def test_the_journal_lives(page: Page, server: str) -> None:
    """A request that a client sends while one looks is there without a click."""
    page.goto(f"{server}/page/journal")
    body = json.dumps({"flow_runs": {"name": {"any_": ["seen-by-the-journal"]}}}).encode()
    headers = {"Content-Type": "application/json"}
    urlopen(Request(f"{server}/api/flow_runs/bulk_delete", body, headers)).close()
    expect(page.locator("live-part")).to_contain_text("seen-by-the-journal")


FLOW = """
from prefect import flow, task

@task
def add(one, other):
    return one + other

@flow(name="watched", flow_run_name="seen-in-the-browser")
def watched():
    return add(1, 2)

assert watched() == 3
"""


def test_a_flow_of_prefects_own_is_watched(page: Page, prefect_python: str, tmp_path: Path) -> None:
    """The requests of its client are in the journal while it runs, and then its run is there."""
    with serve_in_process(tmp_path / "log", "--journal", "100") as url:
        page.goto(f"{url}/page/journal")
        environment = {
            **os.environ,
            "PREFECT_API_URL": f"{url}/api",
            "PREFECT_HOME": str(tmp_path),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        with subprocess.Popen([prefect_python, "-c", FLOW], env=environment) as client:
            expect(page.locator("live-part")).to_contain_text("/set_state", timeout=60_000)
            assert client.wait(120) == 0
        expect(page.locator("live-part")).to_contain_text("/logs/")
        page.goto(url)
        page.get_by_role("link", name="seen-in-the-browser").first.click()
        expect(page.locator("h1")).to_contain_text("seen-in-the-browser")
        expect(page.locator("main")).to_contain_text("Completed")
        page.goto("about:blank")  # before the server stops


def test_bars_lead_to_their_runs(page: Page, server: str) -> None:
    """And each run has a page of its own."""
    page.goto(server)
    page.get_by_role("link", name="nightly-etl/prod").click()
    expect(page.locator("h1")).to_contain_text("9 of 60 flow runs")
    page.locator(".runs a").first.click()
    expect(page.get_by_role("heading", name="States")).to_be_visible()


def test_numbers_and_times_are_the_readers(page: Page, server: str) -> None:
    """In the reader's locale and zone, with UTC beside."""
    page.goto(f"{server}/page/journal")
    time = page.locator("footer time")
    expect(time).to_contain_text(re.compile(r"\d\d\.\d\d\.\d{4}, .*\(.* UTC\)"))


def test_keys_are_enough(page: Page, server: str) -> None:
    """The first key leads past the navigation, and a bar is followed with Enter."""
    page.goto(server)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("To the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Write a filter")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/page/filter"))


@pytest.mark.parametrize("view", VIEWS)
def test_anyone_can_read_it(coloured: Page, scheme: str, server: str, axe: str, view: str) -> None:
    """axe finds nothing, in both colours; a narrow screen needs no scrolling sideways."""
    coloured.goto(server + VIEWS[view])
    coloured.wait_for_function("document.querySelector('[data-pending]') === null")
    take_picture(coloured, f"{view}-{scheme}")
    coloured.evaluate(axe)
    found = coloured.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    coloured.set_viewport_size({"width": NARROW, "height": HEIGHT})
    take_picture(coloured, f"{view}-{scheme}-narrow")
    assert coloured.evaluate("document.documentElement.scrollWidth") <= NARROW


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[31mred",
    "\u202eexe",
)


def test_hostile_names_are_harmless(page: Page, tmp_path: Path) -> None:
    """They are read as they are: no script runs, and nothing else is loaded."""
    runs = [
        {"id": f"0000000{n}-0000-4000-8000-000000000000", "name": name, "tags": [name]}
        for n, name in enumerate((*HOSTILE, "x" * 1_000_000))
    ]
    seed = tmp_path / "runs.json"
    seed.write_text(json.dumps({"flow_runs": runs}))
    with serve_in_process(tmp_path / "log", seed) as url:
        for path in ("/", "/page/filter", *(f"/page/runs/{run['id']}" for run in runs)):
            page.goto(url + path)
        page.goto(url)
        expect(page.locator(".runs")).to_contain_text(HOSTILE[0])
        page.get_by_role("link", name=HOSTILE[0]).first.click()
        page.goto(f"{url}/page/filter")
        field = page.locator('[data-field="name.any_"] textarea')
        field.evaluate("one => one.closest('details').open = true")
        field.fill(HOSTILE[1])
        expect(page.locator("#count h2")).to_contain_text("1 of 5")
        page.goto("about:blank")  # before the server stops
