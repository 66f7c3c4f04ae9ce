"""Patterns of paths: what they match, and that none is refused which a route can have.

Invariant: a pattern that matches a path of a route is not refused.
"""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.errors import UsageError
from mockserver.http.app import ROUTES
from mockserver.operations.endpoints import ENDPOINTS
from mockserver.worlds.path_patterns import check_route, explain_no_route, matches_path, routes

ID = "0f0e0d0c-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*", "/", True),
        ("/flow_runs/*", "/flow_runs/filter", True),
        ("/flow_runs/*", "/flow_runs/a/b", True),
        ("/api/flow_runs/f*", "/flow_runs/filter", True),
        ("/flow_runs/{id}", f"/flow_runs/{ID}", True),
        ("/flow_runs/{id}", f"/flow_runs/{ID.replace('-', '').upper()}", True),
        ("/flow_runs/{id}", f"/flow_runs/{ID}/set_state", False),
        ("/flow_runs/{id}", "/flow_runs/filter", False),
        ("/flow_runs/{id}/*", f"/flow_runs/{ID}/set_state", True),
        ("/flow_runs/{flow_run_id}", f"/flow_runs/{ID}", True),
        ("/flow_runs/{flow_run_id}", "/flow_runs/filter", False),
        ("/flow_runs/{flow_run_id}", "/flow_runs/filtered", True),
        ("/flows/name/{name}", "/flows/name/etl", True),
        ("/flows/name/{name}", "/flows/name/a/b", False),
        ("/deployments/name/{a}/{b}", "/deployments/name/etl/filter", True),
        ("/flow_runs/{id", "/flow_runs/{id", True),
        ("/flow_runs/a{id}", f"/flow_runs/a{ID}", False),  # braces are a whole segment or none
    ],
)
def test_a_pattern_matches_paths(pattern: str, path: str, expected: bool) -> None:
    """By wildcards, and by parameters as templates of openapi.yaml have them."""
    assert matches_path(pattern, path) == expected


@pytest.mark.parametrize(
    "pattern",
    ["*", "**", "/flow_runs/*", "/flow_runs/0190*", "*/{id}/se?_stat[a-f]", "/docs", "/events/*",
     f"/flow_runs/{ID}", f"/flow_runs/{ID.replace('-', '')}/set_state", "/flow_runs/{flow_run_id}",
     "/automations/{id}", "/flows/name/my flow*", "/flows/name/ü", "*name/[!a]*"],
)  # fmt: skip
def test_a_pattern_of_a_route_is_taken(pattern: str) -> None:
    """Also of one that is answered 501, and of a part of one id."""
    check_route(pattern)


@pytest.mark.parametrize(
    ("pattern", "method", "nearest"),
    [
        ("/flow_run/{id}", None, "matches no route; the nearest is /flow_runs/{id}"),
        ("/flow_runs/{run}/set-state", None, "the nearest is /flow_runs/{id}/set_state"),
        ("/flow_runs/fliter", None, "the nearest is /flow_runs/filter"),
        ("/flow_runs", None, "the nearest is /flow_runs/"),
        ("/flow_runs/xyz*", None, "matches no route"),
        ("/flow_runs/[", None, "matches no route"),
        ("/logs/" + "*a" * 200, None, "matches no route"),
        ("/" + "x" * 1000, None, "a path of 1,001 characters; expected up to 1,000"),
        ("/flow_runs/filter", "GET", "has the method GET; expected POST"),
        ("*", "PSOT", "expected DELETE or GET or PATCH or POST or PUT"),
    ],
)
def test_a_pattern_that_no_route_has_is_refused(
    pattern: str, method: str | None, nearest: str
) -> None:
    """A misspelt one would match nothing and say nothing."""
    with pytest.raises(UsageError, match=re.escape(nearest)):
        check_route(pattern, method)


def test_all_routes_of_the_server_are_known() -> None:
    """Those of the application, whether Prefect's or the server's own."""
    templates = {one.path: one.template for one in ENDPOINTS}
    served = {(method, templates.get(path, path)) for method, path, _ in ROUTES}
    assert served <= set(routes())


@st.composite
def patterns_and_paths(draw: st.DrawFn) -> tuple[str, str]:
    """A path of a route, and a pattern made of it by wildcards for some of its characters."""
    _, template = draw(st.sampled_from(routes()))
    uuid = str(draw(st.uuids()))
    texts = st.text(st.characters(exclude_characters="/", codec="utf-8"), min_size=1, max_size=5)
    path = re.sub(r"\{\w+\}", lambda found: uuid if found[0] == "{id}" else draw(texts), template)
    wildcards = st.one_of(
        st.none(), st.none(), st.none(), st.sampled_from(("?", "*", "**", "[!\n]"))
    )
    drawn = [(letter, draw(wildcards)) for letter in path]
    return "".join(f"[{one}]" if one in "*?[" else with_ or one for one, with_ in drawn), path


@given(patterns_and_paths())
def test_no_pattern_of_a_route_is_refused(drawn: tuple[str, str]) -> None:
    """Whatever is left open in a path of a route."""
    pattern, path = drawn
    if matches_path(pattern, path):
        assert explain_no_route(pattern) == ""


@given(st.text(), st.uuids())
def test_any_text_is_a_pattern(pattern: str, uuid: UUID) -> None:
    """None fails with an error."""
    assert matches_path(pattern, f"/flow_runs/{uuid}") in (True, False)
    assert isinstance(explain_no_route(pattern), str)
