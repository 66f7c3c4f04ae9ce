"""JSON Merge Patches are applied as RFC 7396 says, and overlays to the releases before theirs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mockserver.prefect.overlays import OVERLAYS, apply_overlays, merge_patch
from mockserver.prefect.releases import RELEASES

EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""RFC 7396, appendix A: a value, a patch, and the result."""


@pytest.mark.parametrize(("target", "patch", "expected"), EXAMPLES)
def test_a_merge_patch_is_applied_as_the_rfc_says(target: Any, patch: Any, expected: Any) -> None:
    """All examples of the RFC; neither value is changed."""
    before = copy.deepcopy((target, patch))
    assert merge_patch(target, patch) == expected
    assert (target, patch) == before


def test_an_overlay_applies_to_the_releases_before_its_own() -> None:
    """Overlays are in descending order of release, and each begins with a measured one."""
    ends = [RELEASES.index(overlay.since) for overlay in OVERLAYS]
    assert ends == sorted(ends, reverse=True)
    for overlay in OVERLAYS:
        applies = [release for release in RELEASES if overlay.applies_to(release)]
        assert applies == list(RELEASES[: RELEASES.index(overlay.since)])


def test_a_newer_release_has_the_newest_document() -> None:
    """Only the version is its own."""
    assert apply_overlays({"info": {"version": "3.9.1"}, "paths": {}}, "3.99.0") == {
        "info": {"version": "3.99.0"},
        "paths": {},
    }


def test_a_text_that_is_no_release_is_a_value_error() -> None:
    """A caller looks a release up first."""
    with pytest.raises(ValueError, match="'newest' is no release; expected one such as"):
        apply_overlays({}, "newest")
