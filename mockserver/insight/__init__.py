"""Insight: what a filter would do and why, before anything is done.

Comes in: releases of Prefect, a user's requests as they were kept in a file, and a store with
their flow runs. Goes out: what changes from one release to another, and which requests would then
select other flow runs, as frozen values (`compare_releases`, `compare_requests`), as a `Page` to
show, and as JSON. Nothing here prints or changes a store.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .comparison_pages import comparison_page
    from .recorded_requests import MAX_FILE_BYTES, parse_requests
    from .release_differences import compare_releases, describe_release
    from .release_json import all_releases_value, comparison_value, release_value
    from .release_pages import all_releases_page, count_of, release_page
    from .request_comparison import RequestComparison, SomeRuns, compare_requests
    from .request_meaning import Meaning, Refusal, find_meaning, have_same_effect, simplify
    from .selecting_endpoints import SELECTING_ENDPOINTS

__getattr__ = lazy_exports(
    __name__,
    {
        "comparison_pages": ("comparison_page",),
        "recorded_requests": (
            "MAX_FILE_BYTES",
            "parse_requests",
        ),
        "release_differences": (
            "compare_releases",
            "describe_release",
        ),
        "release_json": (
            "all_releases_value",
            "comparison_value",
            "release_value",
        ),
        "release_pages": (
            "all_releases_page",
            "count_of",
            "release_page",
        ),
        "request_comparison": (
            "RequestComparison",
            "SomeRuns",
            "compare_requests",
        ),
        "request_meaning": (
            "Meaning",
            "Refusal",
            "find_meaning",
            "have_same_effect",
            "simplify",
        ),
        "selecting_endpoints": ("SELECTING_ENDPOINTS",),
    },
)
