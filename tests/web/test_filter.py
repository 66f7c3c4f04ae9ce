"""The view of a filter: what it takes, why, what is wrong with it, and how it is copied."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from mockserver.filters import CONDITIONS, FlowRunFilter
from mockserver.insight.explanation import explain, explanation_value
from mockserver.web.exchange.links import MAX_ADDRESS
from mockserver.web.views.copying import MAX_COPIED, copies_of
from mockserver.web.views.filter_form import CANNOT_SAY, CRITERIA, Kind
from mockserver.web.views.filtering import MAX_FILTERS
from tests.web.page_client import NOW, PageClient

COMPLETED = '{"state": {"type": {"any_": ["COMPLETED"]}}}'


def test_the_form_has_every_key_of_a_filter() -> None:
    """The fifteen criteria, each with its keys, and an operator where the document has one."""
    fields = {field.path for one in CRITERIA for field in one.fields if not field.refused}
    keys = {f"{criterion}.{key}" for criterion, keys in CONDITIONS.items() for key in keys}
    operators = {
        f"{name}.operator"
        for name, field in FlowRunFilter.model_fields.items()
        if name != "operator" and "operator" in _model_of(field.annotation).model_fields
    }
    assert len(CRITERIA) == 15
    assert fields == keys | operators
    assert {field.path for one in CRITERIA for field in one.fields if field.refused} == {
        *CANNOT_SAY
    }


def _model_of(annotation: Any) -> Any:
    return next(one for one in annotation.__args__ if one is not type(None))


def test_each_field_of_the_form_is_shown(page: PageClient) -> None:
    """With its kind, by which a script reads it."""
    text = page.html("/page/filter")
    for criterion in CRITERIA:
        for field in criterion.fields:
            assert f'data-field="{field.path}" data-kind="{field.kind.value}"' in text
    assert {field.kind for one in CRITERIA for field in one.fields} == set(Kind)


def test_it_shows_what_explain_computes(page: PageClient) -> None:
    """As JSON it is the explanation itself."""
    found = explain(page.world.store.fork(), COMPLETED, "spec", NOW)
    assert page.json("/page/filter", filter=COMPLETED) == json.loads(
        json.dumps(explanation_value(found), default=str)
    )
    text = page.html("/page/filter", filter=COMPLETED)
    for part in ("40 of 60", "state_type is one of {COMPLETED}", "what decides", "other servers"):
        assert part in text.replace("</data>", "").replace('<data class="number" value="40">', "")


def test_the_count_comes_alone(page: PageClient) -> None:
    """While one types: without the reasons, which take longer."""
    text = page.html("/page/filter", filter=COMPLETED, part="count")
    assert 'value="40">40</data> of' in text
    assert "what decides" not in text
    assert "<html" not in text
    reasons = page.html("/page/filter", filter=COMPLETED, part="result")
    assert "what decides" in reasons


@pytest.mark.parametrize(
    ("filter_", "parts"),
    [
        ('{"tags": {"not_any_": ["keep"]}}',
         ['data-place="tags.not_any_"', "no such key", "cannot say what to leave out"]),
        ('{"end_time": {"before_": "soon"}}', ['data-place="end_time.before_"', "RFC 3339"]),
        ('{"tags": ', ["This is no filter yet", "line 1, column"]),
        ("[]", ["This is no filter yet"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(
    page: PageClient, filter_: str, parts: list[str]
) -> None:
    """And with what to say instead; a program gets 422."""
    text = page.html("/page/filter", filter=filter_)
    assert [part for part in parts if part not in text] == []
    reply = page.get("/page/filter", "application/json", filter=filter_)
    assert reply.status == 422
    places = [problem["place"] for problem in reply.json["problems"]]
    assert all(f'data-place="{place}"' in text for place in places)


def test_protected_and_named_runs_are_explained(page: PageClient) -> None:
    """Each protected filter, and each line with a run."""
    reply = page.client.send(
        "GET",
        "/page/filter?protect=%7B%22tags%22:%7B%22any_%22:[%22prod%22]%7D%7D&protect=+",
        None,
        {"Accept": "text/html"},
    )
    assert "would go" in reply.body.decode()
    unknown = page.html("/page/filter", filter=COMPLETED, run="nobody")
    assert 'value="40">40</data> of' in unknown
    assert "nobody" in unknown.partition('role="alert"')[2]
    text = page.html("/page/filter", run="100%-done\n\n1000-rows-done")
    assert "100%-done" in text
    assert "the runs asked for" in text


def test_too_many_protected_filters_are_refused(page: PageClient) -> None:
    """As many as the control API explains."""
    query = "&".join(["protect={}"] * (MAX_FILTERS + 1))
    reply = page.client.send("GET", f"/page/filter?{query}", None, {})
    assert reply.status == 422
    assert reply.json["detail"] == "protect has 21 values; expected up to 20"


def test_a_failing_server_is_told(page: PageClient) -> None:
    """A filter that is not refused, and that the database does not run."""
    too_long = json.dumps({"name": {"like_": "x" * 60_000}})
    session = page.client.send(
        "POST",
        "/_mock/sessions",
        b'{"name": "sqlite", "dialect": "prefect-sqlite"}',
        {},
    )
    assert session.status == 201
    other = PageClient(page.client, page.world, "/sessions/sqlite")
    text = other.post("/page/filter", filter=too_long).body.decode()
    assert "But the server fails" in text
    assert other.post("/page/delete", filter=too_long).status == 422


def test_a_filter_has_a_link(page: PageClient) -> None:
    """Which shows the same again, unless it is too long for an address."""
    text = page.html("/page/filter", filter=COMPLETED)
    address = text.partition('data-text="http')[2].partition('"')[0]
    path = address.partition("/page")[2]
    again = page.get(f"/page{path.replace('&#34;', '%22')}")
    assert 'value="40">40</data> of' in again.body.decode()
    unfinished = page.html("/page/filter", filter='{"name"')
    assert "?filter=%" in unfinished or "?filter={" in unfinished
    long = json.dumps({"name": {"any_": ["x" * MAX_ADDRESS]}})
    assert "too long for a link" in page.post("/page/filter", filter=long).body.decode()


NASTY = "'; rm -rf / #\"\\\n$(x) `y` \N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.mark.parametrize("wrapped", [True, False])
def test_copies_send_the_same_body(wrapped: bool) -> None:
    """Whatever is in the texts of a filter; one that came alone is put into a body."""
    filter_: dict[str, Any] = {"name": {"any_": [NASTY]}}
    body = {"flow_runs": filter_, "limit": 5} if wrapped else filter_
    sent = body if wrapped else {"flow_runs": filter_}
    curl, python, plain = copies_of(json.dumps(body), "http://localhost:1")
    words = shlex.split(curl.text.replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1]) == sent
    assert words[-1] == "http://localhost:1/api/flow_runs/bulk_delete"
    assert json.loads(plain.text) == sent
    program = python.text.replace("import httpx", "").partition("reply = ")[0]
    found: dict[str, Any] = {}
    exec(program, found)  # noqa: S102 - the text is ours
    assert found["body"] == sent


@pytest.mark.parametrize("text", ["{", "[]", "1", '{"name": "' + "x" * MAX_COPIED + '"}'])
def test_what_is_no_filter_has_no_copies(text: str) -> None:
    """There is nothing to be sent; a very long one is better kept in a file."""
    assert copies_of(text, "") == ()
