"""The view of the contract: what servers of each release do otherwise than their document."""

from __future__ import annotations

from ...insight import (
    all_releases_page,
    all_releases_value,
    describe_release,
    release_page,
    release_value,
)
from ...prefect import RELEASES
from ..exchange import PageRequest, View
from .choices import choose


def show_contract(request: PageRequest) -> View:
    """All releases and what each changed; with `release`, the deviations of one.

    Raises UsageError for a release that was not measured.
    """
    release = request.field("release")
    known = list(RELEASES)
    if release:
        facts = describe_release(choose("release", release, known))
        value, page = release_value(facts), release_page(facts)
    else:
        value, page = all_releases_value(), all_releases_page()
    return View("contract", value, {"page": page, "release": release, "releases": known[::-1]})
