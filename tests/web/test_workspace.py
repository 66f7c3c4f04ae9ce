"""The view of the workspace: counts whose bars lead to the runs that they count, and the runs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mockserver.insight.explanation import Row
from mockserver.prefect.records import FlowRun
from mockserver.requests import FlowRunSort
from mockserver.store import Base, Store
from mockserver.store.indexes import preparation as store_preparation
from mockserver.web.exchange import add_to_filter
from mockserver.web.views import workspace
from tests.web.page_client import NOW, PageClient, serve_page

BAR = re.compile(r'<a href="([^"]*)">[^<]*</a>\s*<svg.*?<data class="number" value="(\d+)">', re.S)
HEADING = re.compile(r'<h1><data class="number" value="(\d+)">')


def test_a_bar_leads_to_the_runs_that_it_counts(page: PageClient) -> None:
    """Ages but for runs that have not ended: a filter asks for the end, a table for any time."""
    text = page.html("/")
    bars = BAR.findall(text)
    assert len(bars) > 25
    for address, count in bars:
        followed = page.client.send("GET", html.unescape(address), None, {"Accept": "text/html"})
        [found] = HEADING.findall(followed.body.decode())
        if "end_time" in address:
            assert int(found) <= int(count)
        else:
            assert found == count, address


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("state", Row("no state", None, 1, 1)),
        ("flow", Row("etl", "f", 1, 1)),
        ("creator", Row("USER mara", "mara", 1, 1)),
        ("age", Row("no time", None, 1, 1)),
    ],
)
def test_what_no_filter_says_has_no_link(table: str, row: Row) -> None:
    """A filter on flow runs knows no flows, and cannot ask for runs without a state or a time."""
    assert add_to_filter({}, table, row, NOW) is None


def test_a_filter_narrows_counts_and_runs(page: PageClient) -> None:
    """And leads to the view of what it would take."""
    filter_ = '{"tags":{"any_":["prod"]}}'
    value = page.json("/", filter=filter_)
    assert value["selected"] == len(value["runs"]) == 10
    assert {"prod"} <= set.intersection(*(set(run["tags"]) for run in value["runs"]))
    text = page.html("/", filter=filter_)
    assert 'href="/page/filter?filter={%22tags%22:{%22any_%22:[%22prod%22]}}"' in text


@pytest.mark.parametrize("sort", FlowRunSort)
def test_runs_are_sorted_and_paged_as_the_api_does_it(page: PageClient, sort: str) -> None:
    """In each order that the API has, and no run twice."""
    body = json.dumps({"sort": sort}).encode()
    headers = {"Content-Type": "application/json"}
    wanted = page.client.send("POST", "/api/flow_runs/filter", body, headers).json
    pages = [page.json("/", sort=sort, page=str(number))["runs"] for number in range(3)]
    assert [len(one) for one in pages] == [50, 10, 0]
    assert [run["id"] for one in pages for run in one] == [run["id"] for run in wanted]


def test_pages_are_linked(page: PageClient) -> None:
    """With the filter and the order that they have."""
    text = page.html("/", sort="NAME_ASC", filter="{}")
    assert 'rel="next" href="/?filter=%7B%7D&amp;sort=NAME_ASC&amp;page=1"' in text
    assert 'rel="prev"' not in text
    assert 'rel="prev" href="/?page=0"' in page.html("/", page="1")


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("sort", "BY_NAME", "sort is 'BY_NAME'; expected one of ID_DESC, "),
        ("page", "-1", "page is '-1'; expected a whole number up to 1,000,000"),
        ("page", "9" * 99, "expected a whole number up to 1,000,000"),
        ("page", "²", "expected a whole number"),
        ("filter", '{"a": 1}', "the filter is refused by spec"),
    ],
)
def test_a_wrong_field_is_told(page: PageClient, field: str, value: str, detail: str) -> None:
    """With what came and what was expected."""
    reply = page.get("/", "application/json", **{field: value})
    assert reply.status == 422
    assert detail in reply.json["detail"]
    assert page.get("/", **{field: value}).status == 422


def test_a_page_far_back_is_found_by_the_order(
    page: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And has the same runs as by searching."""
    by_search = page.json("/", page="1")["runs"]
    monkeypatch.setattr(workspace, "_FOUND_BY_SEARCH", 0)
    assert page.json("/", page="1")["runs"] == by_search


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[PageClient]:
    """A server whose few runs count as many."""
    monkeypatch.setattr(store_preparation, "MIN_DEFERRED_RUNS", 1)
    runs = [
        FlowRun(id=f"0000000{n}-0000-4000-8000-000000000000", name=f"run {n}") for n in range(5)
    ]
    with serve_page(Store(Base(runs))) as page:
        yield page


def test_of_many_runs_the_counts_come_later(large: PageClient) -> None:
    """The runs are shown at once; JSON has all of it."""
    text = large.html("/")
    assert 'data-source="/?part=tables" data-pending' in text
    assert "run 4" in text
    assert '<div class="tables">' in large.html("/", part="tables")
    assert large.json("/")["tables"] == {}
    counted = large.html("/page/filter")
    assert "data-pending" in counted
    assert 'value="5">5</data> of' in counted
    assert large.json("/page/filter")["selected"] == 5
    session = large.change("/page/delete", filter="{}")
    assert session.json("/")["selected"] == 0


HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b[0m\x07",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    '" onmouseover="alert(1)',
    "x" * 1_000_000,
    "a\ud800b",
    "",
)


def test_hostile_names_are_texts() -> None:
    """They are escaped and cut wherever they are shown."""
    ids = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(len(HOSTILE))]
    runs = [
        FlowRun(id=id_, name=name, tags=(name,) if name else (), work_queue_name=name)
        for id_, name in zip(ids, HOSTILE, strict=True)
    ]
    with serve_page(Store(Base(runs))) as page:
        for path in ("/", "/page/filter", *(f"/page/runs/{id_}" for id_ in ids)):
            text = page.html(path)  # which checks that no tag has more attributes
            assert len(text) < 200_000
            assert "<script>" not in text
            assert "\x1b" not in text
            assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text


def test_one_run_is_shown_with_what_belongs_to_it(page: PageClient) -> None:
    """Its fields as the API has them, its states, its task runs, subflows and logs."""
    listed = page.json("/")["runs"] + page.json("/", page="1")["runs"]
    parents = [run for run in listed if run["parent_task_run_id"]]
    [child] = parents[:1]
    value = page.json(f"/page/runs/{child['id']}")
    assert value["flow_run"] == child
    above = page.json(f"/page/runs/{value['parent']}")
    assert child["id"] in above["subflows"]
    assert len(above["task_runs"]) >= 1
    assert f'href="/page/runs/{child["id"]}"' in page.html(f"/page/runs/{value['parent']}")
    assert f'href="/page/runs/{value["parent"]}"' in page.html(f"/page/runs/{child['id']}")


def test_logs_are_shown() -> None:
    """With their level and time."""
    with serve_page() as page:
        run = page.json("/")["runs"][0]["id"]
        log = {
            "name": "prefect.flow_runs",
            "level": 20,
            "message": "<b>hello</b>",
            "timestamp": NOW.isoformat(),
            "flow_run_id": run,
        }
        headers = {"Content-Type": "application/json"}
        sent = page.client.send("POST", "/api/logs/", json.dumps([log]).encode(), headers)
        assert sent.status == 201
        assert "&lt;b&gt;hello&lt;/b&gt;" in page.html(f"/page/runs/{run}")
        [shown] = page.json(f"/page/runs/{run}")["logs"]
        assert (shown["level"], shown["message"]) == (20, "<b>hello</b>")
        assert datetime.fromisoformat(shown["at"]) == NOW.astimezone(UTC)


def test_a_run_that_is_not_there(page: PageClient) -> None:
    """Is 404, as a page and as JSON."""
    assert page.get("/page/runs/none").status == 404
    assert page.get("/page/runs/none", "*/*").json == {"detail": "no flow run none"}
