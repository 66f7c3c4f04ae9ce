"""The part of a server that is copied: filters, and windows of time joined to them."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.errors import UsageError
from mockserver.remote.scope import ALWAYS, Scope, Window, parse_scope

IN_2025 = 1735689600000000
YEAR = {"after_": "2025-01-01T00:00:00Z", "before_": "2026-01-01T00:00:00.000001Z"}


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("{}", {}),
        ('{"name": {"like_": "a"}}', {"flow_runs": {"name": {"like_": "a"}}}),
        ('{"flow_runs": {"name": {"like_": "a"}}}', {"flow_runs": {"name": {"like_": "a"}}}),
        ('{"flows": {"name": {"any_": ["a"]}}}', {"flows": {"name": {"any_": ["a"]}}}),
        ('{"flow_runs": null, "limit": 3, "sort": "ID_DESC"}', {"flow_runs": None}),
    ],
)
def test_a_filter_or_a_whole_body_is_read(text: str, filters: dict[str, Any]) -> None:
    """The body of a clean-up can be taken as it is."""
    assert parse_scope(text).filters == filters
    assert bool(parse_scope(text)) == bool(filters)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON: .* at line 1, column"),
        ("[]", "expected a filter on flow runs such as"),
        ('{"flow_runs": {}, "flow": {}}', "the key 'flow' beside filters"),
        ('{"flow_runs": []}', "flow_runs is not an object"),
    ],
)
def test_anything_else_is_a_usage_error(text: str, said: str) -> None:
    """A server would ignore an unknown key, and everything would be copied."""
    with pytest.raises(UsageError, match=said):
        parse_scope(text)


def test_windows_divide_into_halves_without_a_gap() -> None:
    """Both ends count, so the halves touch."""
    earlier, later = Window(0, 9).halves()
    assert (earlier, later) == (Window(0, 4), Window(5, 9))
    assert Window(3, 4).halves() == (Window(3, 3), Window(4, 4))
    assert Window(-1, 1_000_001).criterion() == {
        "after_": "1969-12-31T23:59:59.999999Z",
        "before_": "1970-01-01T00:00:01.000001Z",
    }


@pytest.mark.parametrize(
    ("given", "window"),
    [
        (None, ALWAYS),
        ({"operator": "and_"}, ALWAYS),
        ({"operator": "or_"}, None),
        (
            {"expected_start_time": {"after_": YEAR["after_"]}},
            Window(1735689600000000, ALWAYS.last),
        ),
        ({"expected_start_time": YEAR}, Window(1735689600000000, 1767225600000001)),
        ({"expected_start_time": {"after_": "2025"}}, None),
        ({"expected_start_time": {"after_": 2025}}, None),
        ({"expected_start_time": {"other": 1}}, None),
    ],
)
def test_a_filter_may_have_a_window_of_its_own(given: Any, window: Window | None) -> None:
    """Where no narrower one can be joined to it, there is none."""
    scope = Scope({"flow_runs": given})
    assert scope.window("flow_runs") == window
    timed = bool((given or {}).get("expected_start_time"))
    assert scope.leaves_out_untimed("flow_runs") == timed


def test_a_window_joins_the_filter_that_it_is_for() -> None:
    """Other filters stay."""
    scope = Scope({"flow_runs": {"name": {"like_": "a"}}, "flows": {"x": 1}})
    body = scope.body("flow_runs", Window(0, 0))
    assert body["flow_runs"]["name"] == {"like_": "a"}
    assert body["flow_runs"]["expected_start_time"]["after_"] == "1970-01-01T00:00:00Z"
    assert body["flows"] == {"x": 1}
    assert scope.body("flow_runs") == scope.filters
    assert set(Scope().body("task_runs", ALWAYS)) == {"task_runs"}
